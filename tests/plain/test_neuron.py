"""What a session answers to `neuron`."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from support.plain import CONFIG, Converse, headless

from digit_tui.data import Dataset
from digit_tui.insight.one_unit import pictures_of
from digit_tui.nn import Network
from digit_tui.plain.neuron import neuron
from digit_tui.plain.requests import ShowUnit
from digit_tui.run import commands
from digit_tui.run.events import Inspected
from digit_tui.session.run_status import RunStatus
from digit_tui.session.runner import Loaded


def asked(network: Network, dataset: Dataset, layer: int, unit: int) -> list[str]:
    """The answer for a network that a run might have."""
    run = RunStatus(CONFIG)
    run.ingest(Loaded(dataset))
    state = None  # the answer does not need it
    inspected = Inspected(40, 1.25, 1e-3, network, state)  # type: ignore[arg-type]
    return neuron(run, inspected, ShowUnit(layer, unit))


@pytest.fixture
def network() -> Network:
    """A network with random weights."""
    network = Network((784, 8, 6, 10))
    network.initialize(np.random.default_rng(1))
    return network


def hidden(network: Network, dataset: Dataset, layer: int) -> np.ndarray:
    """(n, units) float64, after the ReLUs."""
    values = dataset.test_images / 255
    for weights, biases in network.layers[:layer]:
        values = np.maximum(values @ weights.astype(np.float64) + biases, 0)
    return values


def test_a_unit_in_lines(network: Network, sample: Dataset) -> None:
    active = hidden(network, sample, 2)[:, 3]
    first, means, *lines = asked(network, sample, 2, 3)
    share = f"{np.count_nonzero(active > 0) / 1_000:.1%}"
    start = rf"unit 3 of layer 2 of 3, at epoch 1\.25: active on {share} of 1,000 test digits; "
    assert re.fullmatch(rf"{start}importance 0\.\d+ nats, rank [1-6] of 6", first)
    assert means == "mean activation for the digits of each class:"
    expected = [active[sample.test_labels == each].mean() for each in range(10)]
    for each, (line, mean) in enumerate(zip(lines, expected, strict=False)):
        bar = "#" * round(40 * mean / max(expected))
        assert line == f"{each:>3} {mean:>8.3f} {bar}".rstrip()
    best = sorted(range(1_000), key=lambda digit: -active[digit])[:9]
    told = [f"{each} (is {sample.test_labels[each]}; {active[each]:.2f})" for each in best]
    assert lines[10] == f"digits that excite it most: {', '.join(told)}"
    weights = network.layers[1].weights[:, 3]
    strongest = sorted(range(8), key=lambda unit: -abs(weights[unit]))[:5]
    told = [f"unit {each} {weights[each]:+.3f}" for each in strongest]
    assert lines[11] == f"strongest weights in: {'; '.join(told)}"
    weights = network.layers[2].weights[3]
    strongest = sorted(range(10), key=lambda each: -abs(weights[each]))[:5]
    told = [f"class {each} {weights[each]:+.3f}" for each in strongest]
    assert lines[12] == f"strongest weights out: {'; '.join(told)}"
    back = "its weights carried back to the pixels, without the ReLUs"
    assert lines[13] == f"{back}: + * # where ink excites it, - = E where it calms it"
    assert len(lines) == 14 + 14
    cells = pictures_of(network, 2, [3])[0].reshape(14, 2, 28).mean(axis=1)
    strongest_cell = np.unravel_index(np.abs(cells).argmax(), cells.shape)
    sign = "#" if cells[strongest_cell] > 0 else "E"
    assert lines[14 + strongest_cell[0]][strongest_cell[1]] == sign


def test_the_first_layer_has_pixels_below(network: Network, sample: Dataset) -> None:
    lines = asked(network, sample, 1, 0)
    weights = network.layers[0].weights[:, 0]
    row, column = divmod(int(np.abs(weights).argmax()), 28)
    (told,) = (line for line in lines if line.startswith("strongest weights in: "))
    assert told.startswith(f"strongest weights in: pixel at row {row}, column {column} ")
    assert "its weights: + * # where ink excites it, - = E where it calms it" in lines


def test_the_output_layer_has_no_weights_out_and_bars_for_negative_means(
    network: Network, sample: Dataset
) -> None:
    network.layers[2].biases[4] = -100
    lines = asked(network, sample, 3, 4)
    assert lines[0].startswith("unit 4 of layer 3 of 3, output, at epoch 1.25: active on 0.0% of ")
    assert not [line for line in lines if line.startswith("strongest weights out")]
    bars = [line.split()[2] for line in lines[2:12]]
    assert "-" * 40 in bars
    assert all(set(bar) == {"-"} for bar in bars)


def test_a_dead_unit_and_a_diverged_network(network: Network, sample: Dataset) -> None:
    network.layers[0].biases[5] = -1e3
    lines = asked(network, sample, 1, 5)
    assert "active on 0.0% of 1,000 test digits; importance 0 nats, rank 8 of 8" in lines[0]
    assert "digits that excite it most: none" in lines
    network.parameters[:] = np.nan
    lines = asked(network, sample, 1, 5)
    assert "importance nan nats" in lines[0]
    assert lines[-14:] == [""] * 14


def test_the_digits_are_those_that_are_shown(network: Network, sample: Dataset) -> None:
    held_out = replace(
        sample,
        validation_images=sample.train_images[:300],
        validation_labels=sample.train_labels[:300],
    )
    run = RunStatus(CONFIG.with_(validation=300))
    run.ingest(Loaded(held_out))
    inspected = Inspected(40, 1.25, 1e-3, network, None)  # type: ignore[arg-type]
    assert "of 300 validation digits;" in neuron(run, inspected, ShowUnit(1, 0))[0]
    run.shows_test = True
    assert "of 1,000 test digits;" in neuron(run, inspected, ShowUnit(1, 0))[0]


def test_asking_changes_nothing(converse: Converse, sample: Dataset) -> None:
    looked = converse("neuron 1 0", "step 3", "neuron 2 9", "epoch", "neuron 1 7")
    assert looked.status == 0
    assert looked.find(r"^unit 0 of layer 1 of 2, at epoch 0\.00: active on ")
    assert looked.find(r"^unit 9 of layer 2 of 2, output, at epoch 0\.09: ")
    assert looked.find(r"^unit 7 of layer 1 of 2, at epoch 1\.00: ")
    assert looked.sha256 == headless(sample, (64, commands.Stop())).weights_sha256


def test_beside_a_fork_it_is_about_the_run(converse: Converse) -> None:
    ended = converse("step 3", "fork lr=0", "step", "neuron 1 0", "keep run", "neuron 1 0", "quit")
    beside, after = ended.all("^unit 0 of layer 1 of 2")
    assert beside == after


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("neuron 3 0", "neuron: there are layers 1 to 2; 2 is the output"),
        ("neuron 1 8", "neuron: layer 1 has units 0 to 7"),
        ("neuron 0 1", "neuron: '0' is not a whole number from 1 to 1,000,000 (use: neuron L N)"),
        ("neuron 1", "neuron: something is missing (use: neuron L N)"),
        ("neuron 1 2 3", "neuron: '3' is one word too many (use: neuron L N)"),
    ],
)
def test_what_there_is_not(converse: Converse, line: str, words: str) -> None:
    ended = converse(line, "quit")
    assert words in ended.lines
    assert ended.status == 2
