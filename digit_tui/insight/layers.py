"""The layers of a network in numbers: weights, gradients, updates and activations."""

from __future__ import annotations

from typing import NamedTuple


class LayerFacts(NamedTuple):
    """One layer of a network."""

    shape: tuple[int, int]
    """(fan_in, fan_out) of its weights."""
    parameters: int
    """Weights and biases."""
    weight_mean: float
    weight_deviation: float
    """Standard deviation of the weights."""
    gradient_norm: float
    """Euclidean norm of the gradient of its weights and biases, over a batch of training images,
    before clipping."""
    update_ratio: float
    """Norm of what the next step would change, over the norm of the parameters; near 1e-3 is
    healthy."""
    dead: float
    """Share of its units that are 0 on every test digit; 0 for the last layer, which has no
    ReLU."""
    saturated: float
    """Share of its units that are above 0 on every test digit, so that the ReLU does nothing."""
    activation_mean: float
    """Mean output over units and test digits, after the ReLU where there is one."""
