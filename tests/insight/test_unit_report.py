"""One unit as plain text, against plain float64 computations."""

from __future__ import annotations

import re

import numpy as np
import pytest

from digit_tui.data import Dataset
from digit_tui.insight.one_unit import pictures_of, unit_facts
from digit_tui.insight.unit_report import unit_lines, unit_name
from digit_tui.insight.units import layer_units
from digit_tui.nn import Network


@pytest.fixture
def network() -> Network:
    """A network with random weights."""
    network = Network((784, 8, 6, 10))
    network.initialize(np.random.default_rng(1))
    return network


def lines_of(network: Network, dataset: Dataset, layer: int, unit: int) -> list[str]:
    units = layer_units(network, dataset.test_images, dataset.test_labels, layer)
    return unit_lines(unit_facts(network, units, unit), network, dataset.test_labels, "test")


def hidden(network: Network, dataset: Dataset, layer: int) -> np.ndarray:
    """(n, units) float64, after the ReLUs."""
    values = dataset.test_images / 255
    for weights, biases in network.layers[:layer]:
        values = np.maximum(values @ weights.astype(np.float64) + biases, 0)
    return values


def test_a_unit_in_lines(network: Network, sample: Dataset) -> None:
    active = hidden(network, sample, 2)[:, 3]
    first, means, *lines = lines_of(network, sample, 2, 3)
    share = f"{np.count_nonzero(active > 0) / 1_000:.1%}"
    start = f"Active on {share} of 1,000 test digits; "
    assert re.fullmatch(rf"{start}importance 0\.\d+ nats, rank [1-6] of 6", first)
    assert means == "Mean activation for the digits of each class:"
    expected = [active[sample.test_labels == each].mean() for each in range(10)]
    for each, (line, mean) in enumerate(zip(lines, expected, strict=False)):
        bar = "#" * round(40 * mean / max(expected))
        assert line == f"{each:>3} {mean:>8.3f} {bar}".rstrip()
    best = sorted(range(1_000), key=lambda digit: -active[digit])[:9]
    told = [f"{each} (is {sample.test_labels[each]}; {active[each]:.2f})" for each in best]
    assert lines[10] == f"Digits that excite it most: {', '.join(told)}"
    weights = network.layers[1].weights[:, 3]
    strongest = sorted(range(8), key=lambda unit: -abs(weights[unit]))[:5]
    told = [f"unit {each} {weights[each]:+.3f}" for each in strongest]
    assert lines[11] == f"Strongest weights in: {'; '.join(told)}"
    weights = network.layers[2].weights[3]
    strongest = sorted(range(10), key=lambda each: -abs(weights[each]))[:5]
    told = [f"class {each} {weights[each]:+.3f}" for each in strongest]
    assert lines[12] == f"Strongest weights out: {'; '.join(told)}"
    back = "Its weights carried back to the pixels, without the ReLUs"
    assert lines[13] == f"{back}: + * # where ink excites it, - = E where it calms it"
    assert len(lines) == 14 + 14
    cells = pictures_of(network, 2, [3])[0].reshape(14, 2, 28).mean(axis=1)
    row, column = np.unravel_index(np.abs(cells).argmax(), cells.shape)
    assert lines[14 + row][column] == ("#" if cells[row, column] > 0 else "E")


def test_the_first_layer_has_pixels_below(network: Network, sample: Dataset) -> None:
    lines = lines_of(network, sample, 1, 0)
    row, column = divmod(int(np.abs(network.layers[0].weights[:, 0]).argmax()), 28)
    (told,) = (line for line in lines if line.startswith("Strongest weights in: "))
    assert told.startswith(f"Strongest weights in: pixel at row {row}, column {column} ")
    assert "Its weights: + * # where ink excites it, - = E where it calms it" in lines


def test_the_output_layer_has_no_weights_out_and_bars_for_negative_means(
    network: Network, sample: Dataset
) -> None:
    network.layers[2].biases[4] = -100
    lines = lines_of(network, sample, 3, 4)
    assert lines[0].startswith("Active on 0.0% of ")
    assert not [line for line in lines if line.startswith("Strongest weights out")]
    bars = [line.split()[2] for line in lines[2:12]]
    assert "-" * 40 in bars
    assert all(set(bar) == {"-"} for bar in bars)


def test_a_dead_unit_and_a_diverged_network(network: Network, sample: Dataset) -> None:
    network.layers[0].biases[5] = -1e3
    lines = lines_of(network, sample, 1, 5)
    assert lines[0].endswith("Active on 0.0% of 1,000 test digits; importance 0 nats, rank 8 of 8")
    assert lines[2] == "  0    0.000"
    assert "Digits that excite it most: none" in lines
    network.parameters[:] = np.nan
    lines = lines_of(network, sample, 1, 5)
    assert "importance nan nats" in lines[0]
    assert lines[2] == "  0      nan"
    assert lines[-14:] == [""] * 14


def test_its_name_says_which_layer_is_the_output(network: Network) -> None:
    assert unit_name(network, 1, 7) == "unit 7 of layer 1 of 3"
    assert unit_name(network, 3, 0) == "unit 0 of layer 3 of 3, output"


def test_a_unit_that_is_off(network: Network, sample: Dataset) -> None:
    network.layers[0].weights[:, 2] = 0
    network.layers[0].biases[2] = 0
    assert len(lines_of(network, sample, 1, 2)) > 10  # it is only dead
    network.layers[1].weights[2] = 0
    off = "It is off: its bias and all of its weights, in and out, are 0"
    assert lines_of(network, sample, 1, 2) == [off]
