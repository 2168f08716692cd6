"""The network against PyTorch's, on digits of the sample; see make_network_oracle.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digit_tui.data import Dataset
from digit_tui.nn import (
    RULES,
    GradientPass,
    Hyperparameters,
    Network,
    cross_entropy,
    cut,
    scale_pixels,
    update,
)

RATES = {
    "sgd": 0.1,
    "momentum": 0.05,
    "nesterov": 0.05,
    "rmsprop": 0.001,
    "adam": 0.001,
    "adamw": 0.001,
}


@pytest.fixture(scope="module")
def oracle(sample: Dataset) -> dict[str, Any]:
    with np.load(Path(__file__).parent / "network_oracle.npz") as file:
        arrays = dict(file)
    assert str(arrays["sample_sha256"]) == sample.sha256, "run make_network_oracle.py again"
    indices = arrays["indices"]
    arrays["inputs"] = scale_pixels(sample.train_images[indices], np.empty((len(indices), 784)))
    arrays["labels"] = sample.train_labels[indices].astype(np.intp)
    return arrays


def network_of(oracle: dict[str, Any], dtype: Any = np.float64) -> Network:
    return Network(oracle["sizes"].tolist(), oracle["parameters"].astype(dtype))


def test_logits_and_probabilities_are_pytorchs(oracle: dict[str, Any]) -> None:
    network = network_of(oracle)
    logits = network.forward(oracle["inputs"], network.buffers(len(oracle["inputs"])))
    np.testing.assert_allclose(logits, oracle["logits"], rtol=1e-11, atol=1e-12)
    probabilities, losses = cross_entropy(logits, oracle["labels"])
    np.testing.assert_allclose(probabilities, oracle["probabilities"], rtol=1e-11)
    assert losses.mean() == pytest.approx(float(oracle["loss"]), rel=1e-12)


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(np.float64, 1e-13), (np.float32, 1e-6)], ids=["64", "32"]
)
def test_loss_and_gradient_are_pytorchs(
    oracle: dict[str, Any], dtype: Any, tolerance: float
) -> None:
    propagation = GradientPass(network_of(oracle, dtype), len(oracle["inputs"]))
    result = propagation.run(oracle["inputs"].astype(dtype), oracle["labels"])
    assert result.loss == pytest.approx(float(oracle["loss"]), rel=10 * tolerance)
    np.testing.assert_allclose(propagation.gradient, oracle["gradient"], rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", RATES)
def test_training_goes_as_pytorchs(name: str, oracle: dict[str, Any]) -> None:
    network = network_of(oracle)
    propagation = GradientPass(network, len(oracle["inputs"]))
    slots = np.zeros((RULES[name].slots, len(network.parameters)))
    scratch = np.empty_like(network.parameters)
    blocks = cut(network.parameters, propagation.gradient, slots, scratch)
    hyper = Hyperparameters(weight_decay=0.1 if name == "adamw" else 0)
    losses = []
    for step in range(1, len(oracle[f"losses_{name}"]) + 1):
        losses.append(propagation.run(oracle["inputs"], oracle["labels"]).loss)
        update(RULES[name], blocks, step, RATES[name], hyper)
    np.testing.assert_allclose(losses, oracle[f"losses_{name}"], rtol=1e-9)
    assert losses[-1] < losses[0]
