"""How well networks read corrupted digits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from digit_tui.data import Dataset
from digit_tui.insight import corruptions
from digit_tui.insight.corruptions import CORRUPTIONS, STRENGTHS, corrupt
from digit_tui.insight.robustness import NAMES, POINTS, Robustness, measure
from digit_tui.insight.robustness_report import robustness_lines
from digit_tui.nn import GradientPass, Network, evaluate


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Small products wait for no second thread."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield


@pytest.fixture(scope="module")
def trained(sample: Dataset) -> Network:
    """A network that reads most digits."""
    network = Network((784, 32, 10))
    network.initialize(np.random.default_rng(0))
    gradient = GradientPass(network, 100)
    for step in range(160):
        batch = slice(100 * (step % 40), 100 * (step % 40 + 1))
        gradient.run(sample.train_images[batch] / np.float32(255), sample.train_labels[batch])
        network.parameters -= np.float32(0.3) * gradient.gradient
    return network


def of(correct: np.ndarray, total: int) -> Robustness:
    result = Robustness(total)
    result.correct[:] = correct
    return result


def measured(*networks: Network, dataset: Dataset, count: int) -> list[Robustness]:
    results = [Robustness(count) for _ in networks]
    images, labels = dataset.test_images[:count], dataset.test_labels[:count]
    points = list(measure(networks, images, labels, dataset.side))
    assert len(points) == 1 + POINTS
    for point in points:
        point.add_to(results)
    return results


def test_accuracy_falls_with_the_strength(trained: Network, sample: Dataset) -> None:
    (result,) = measured(trained, dataset=sample, count=500)
    means = result.accuracies.mean(axis=0)
    assert means[0] > 0.85
    assert (np.diff(means) < 0).all()
    assert (result.accuracies[:, 5] < result.accuracies[:, 1]).all()
    assert (result.accuracies[:, 5] < means[0]).all()


def test_each_network_is_measured_on_the_same_digits(trained: Network, sample: Dataset) -> None:
    other = trained.copy()
    other.parameters[:10_000] = 0
    own, others = measured(trained, other, dataset=sample, count=60)
    for result, network in ((own, trained), (others, other)):
        for place, corruption in enumerate(CORRUPTIONS):
            for strength in range(STRENGTHS + 1):
                images = corrupt(sample.test_images[:60], 28, corruption, strength)
                expected = evaluate(network, images, sample.test_labels[:60]).correct
                assert result.correct[place, strength] == expected
    assert not np.array_equal(own.correct, others.correct)


def test_more_digits_than_a_block(
    trained: Network, sample: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corruptions, "BLOCK_PIXELS", 10 * 784)
    (result,) = measured(trained, dataset=sample, count=25)
    for place, corruption in enumerate(CORRUPTIONS):
        images = corrupt(sample.test_images[:25], 28, corruption, 3)
        expected = evaluate(trained, images, sample.test_labels[:25]).correct
        assert result.correct[place, 3] == expected


def test_the_mean_corruption_error() -> None:
    correct = np.full((10, 6), 80)
    correct[:, 0] = 99  # the digits as they are do not count
    assert of(correct, 100).mean_corruption_error == pytest.approx(0.2)
    correct[3, 1:] = [30, 30, 30, 30, 80]
    assert of(correct, 100).mean_corruption_error == pytest.approx(0.2 + 4 * 0.5 / 50)
    assert np.isnan(Robustness(100).mean_corruption_error)


def test_relative_to_another_it_is_the_mean_of_quotients() -> None:
    own, other = np.full((10, 6), 90), np.full((10, 6), 80)
    own[0] = 60
    # As by the paper's formula: errors of 10% and once 40%, against 20%.
    expected = np.mean([5 * 0.4 / (5 * 0.2), *[5 * 0.1 / (5 * 0.2)] * 9])
    assert of(own, 100).relative_to(of(other, 100)) == pytest.approx(expected)
    assert of(own * 5, 500).relative_to(of(other, 100)) == pytest.approx(expected)
    assert of(own, 100).relative_to(of(own, 100)) == 1
    other[2, 1:] = 100
    assert of(own, 100).relative_to(of(other, 100)) is None


def test_the_table() -> None:
    own, other = np.full((10, 6), 90), np.full((10, 6), 80)
    own[6] = [98, 97, 96, 95, 94, 93]
    lines = robustness_lines(of(own, 100), of(other, 100))
    assert max(map(len, lines)) <= 80
    head, *rows = [line.split() for line in lines[:11]]
    assert head == ["corruption", "0", "1", "2", "3", "4", "5", "mean", "other", "points"]
    assert [" ".join(row[:-9]) for row in rows] == list(NAMES)
    assert rows[6][-9:] == [f"{each}.00" for each in (98, 97, 96, 95, 94, 93, 95, 80, "+15")]
    assert lines[11:] == ["", "mean corruption error 9.50%, other 20.00%; relative to it 47.5%"]
    alone = robustness_lines(of(own, 100))
    assert alone[-1] == "mean corruption error 9.50%"
    assert alone[0].split() == head[:-2]


def test_a_network_that_diverged_reads_nothing_well(diverged: Network, sample: Dataset) -> None:
    (result,) = measured(diverged, dataset=sample, count=20)
    assert 0 <= result.mean_corruption_error <= 1
