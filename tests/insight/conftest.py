from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from digit_tui.nn import Evaluation, Network, PredictionHistory

MakeEvaluation = Callable[..., Evaluation]
MakeHistory = Callable[..., PredictionHistory]


@pytest.fixture
def random_evaluation() -> MakeEvaluation:
    """Makes an evaluation of random digits, of which about half are right."""

    def make(count: int = 200, classes: int = 10, seed: int = 0) -> Evaluation:
        generator = np.random.default_rng(seed)
        labels = generator.integers(0, classes, count).astype(np.uint8)
        logits = generator.normal(0, 2, (count, classes)).astype(np.float32)
        logits[np.arange(count), labels] += generator.choice([0, 5], count).astype(np.float32)
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        losses = -np.log(probabilities[np.arange(count), labels])
        return Evaluation(labels, probabilities, losses)

    return make


@pytest.fixture
def history_of() -> MakeHistory:
    """Makes a history from a matrix of predictions (evaluations, n)."""

    def make(predictions: np.ndarray, epochs: list[int] | None = None) -> PredictionHistory:
        history = PredictionHistory()
        for epoch, row in zip(epochs or range(1, len(predictions) + 1), predictions, strict=True):
            history = history.add(epoch, np.asarray(row))
        return history

    return make


@pytest.fixture
def diverged() -> Network:
    """A network whose weights are all NaN."""
    network = Network((784, 6, 5, 10))
    network.parameters[:] = np.nan
    return network


@pytest.fixture
def random_network() -> Callable[..., Network]:
    """Makes a network of float64 with random weights and biases; few of its units are dead."""

    def make(*sizes: int, seed: int = 5) -> Network:
        network = Network(sizes, dtype=np.float64)
        network.parameters[:] = np.random.default_rng(seed).normal(0, 0.3, len(network.parameters))
        for weights, _ in network.layers:
            weights -= weights.mean(axis=0)  # pixels are positive
        return network

    return make
