from __future__ import annotations

import numpy as np
import pytest

from digit_tui.nn import Evaluation, Network, evaluate, metrics


def some_network(classes: int = 4) -> Network:
    network = Network((16, 6, classes))
    network.initialize(np.random.default_rng(0))
    return network


def some_images(count: int, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(1)
    images = generator.integers(0, 256, (count, 16), np.uint8)
    return images, generator.integers(0, classes, count).astype(np.uint8)


@pytest.mark.parametrize("count", [1, 9, 10, 11, 35])
def test_chunks_make_no_difference(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    network, (images, labels) = some_network(), some_images(count)
    whole = evaluate(network, images, labels)
    monkeypatch.setattr(metrics, "CHUNK", 10)
    pieces = evaluate(network, images, labels)
    np.testing.assert_allclose(pieces.probabilities, whole.probabilities, rtol=1e-5)
    np.testing.assert_allclose(pieces.losses, whole.losses, rtol=1e-5)
    assert (pieces.correct, pieces.total) == (whole.correct, count)


def test_the_numbers_fit_each_other() -> None:
    network, (images, labels) = some_network(), some_images(200)
    evaluation = evaluate(network, images, labels)
    np.testing.assert_allclose(evaluation.probabilities.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(
        evaluation.losses,
        -np.log(evaluation.probabilities[np.arange(200), labels]),
        rtol=1e-4,
        atol=1e-6,
    )
    assert evaluation.loss == pytest.approx(float(np.mean(evaluation.losses)), rel=1e-6)
    right = sum(
        int(max(range(4), key=lambda k: row[k]) == label)
        for row, label in zip(evaluation.probabilities, labels, strict=True)
    )
    assert evaluation.correct == right
    assert evaluation.accuracy == right / 200


def test_a_network_that_diverged_is_measured_without_a_fuss() -> None:
    network, (images, labels) = some_network(), some_images(20)
    network.parameters *= 1e30
    network.parameters[0] = np.nan
    evaluation = evaluate(network, images, labels)
    assert np.isnan(evaluation.loss)
    assert 0 <= evaluation.correct <= 20


def test_a_float64_network_is_measured_in_float64() -> None:
    single, (images, labels) = some_network(), some_images(20)
    exact = Network(single.sizes, single.parameters.astype(np.float64))
    evaluation = evaluate(exact, images, labels)
    assert evaluation.probabilities.dtype == np.float64
    np.testing.assert_allclose(
        evaluation.losses, evaluate(single, images, labels).losses, rtol=1e-4
    )


def test_predictions_are_the_most_probable_classes() -> None:
    probabilities = np.array([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]], np.float32)
    evaluation = Evaluation(np.array([1, 2], np.uint8), probabilities, np.ones(2, np.float32))
    assert evaluation.predictions.tolist() == [1, 0]
    assert evaluation.accuracy == 0.5
