"""The fully connected network: one flat parameter vector, seen as layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]
Allocate = Callable[[tuple[int, ...], DTypeLike], Array]
"""(shape, dtype): makes an array of zeros."""


class Layer(NamedTuple):
    """Views into a flat vector: writing to them writes to the vector."""

    weights: Array
    """(fan_in, fan_out)"""
    biases: Array
    """(fan_out,)"""


def parameter_count(sizes: Sequence[int]) -> int:
    """Length of the flat vector of a network with these layer widths, inputs first."""
    return sum(fan_in * fan_out + fan_out for fan_in, fan_out in pairwise(sizes))


def layer_matrices(vector: Array, sizes: Sequence[int]) -> list[Array]:
    """See a flat vector of `parameter_count(sizes)` numbers as the matrices of a network's layers.

    Returns:
        For each layer (fan_in + 1, fan_out): its weights and, in the last row, its biases.
    """
    matrices, start = [], 0
    for fan_in, fan_out in pairwise(sizes):
        end = start + (fan_in + 1) * fan_out
        matrices.append(vector[start:end].reshape(fan_in + 1, fan_out))
        start = end
    return matrices


def layer_views(vector: Array, sizes: Sequence[int]) -> list[Layer]:
    """See a flat vector of `parameter_count(sizes)` numbers as the layers of a network."""
    return [Layer(matrix[:-1], matrix[-1]) for matrix in layer_matrices(vector, sizes)]


WHITE = 255
"""The brightest pixel, which is 1 to a network."""


def scale_pixels(images: Array, out: Array) -> Array:
    """Write pixels (n, pixels), 0..255, to `out` (n, pixels) as numbers from 0 to 1."""
    np.multiply(images, out.dtype.type(1 / WHITE), out=out)
    return out


class Network:
    """A fully connected classifier: ReLU after each hidden layer, logits at the end.

    Attributes:
        sizes: layer widths, inputs first, classes last.
        parameters: (parameter_count(sizes),) all weights and biases.
        layers: the same numbers as weights and biases, layer by layer.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        parameters: Array | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        """Wrap `parameters` (not copied), or begin with zeros of `dtype`.

        Raises:
            ValueError: if the vector's length does not fit the sizes.
        """
        self.sizes = tuple(sizes)
        count = parameter_count(self.sizes)
        self.parameters: Array = np.zeros(count, dtype) if parameters is None else parameters
        if self.parameters.shape != (count,):
            raise ValueError(f"{count} parameters expected, not {self.parameters.shape}")
        self.layers = layer_views(self.parameters, self.sizes)

    def __repr__(self) -> str:
        """Such as <Network 784-128-10: 101,770 parameters>."""
        widths = "-".join(map(str, self.sizes))
        return f"<Network {widths}: {len(self.parameters):,} parameters>"

    def copy(self) -> Network:
        """One with weights of its own."""
        return Network(self.sizes, self.parameters.copy())

    def initialize(self, generator: np.random.Generator) -> None:
        """Draw the weights as He et al. (2015, arXiv:1502.01852) do for ReLU; biases are zero.

        Weights are normal with variance 2 / fan_in, so that activations neither grow nor fade.
        """
        for weights, biases in self.layers:
            deviation = np.sqrt(2 / weights.shape[0])
            weights[...] = deviation * generator.standard_normal(weights.shape, dtype=np.float32)
            biases[...] = 0

    def buffers(self, batch_size: int) -> list[Array]:
        """Room for the outputs of each layer: [(batch_size, width), ...]."""
        return [np.empty((batch_size, width), self.parameters.dtype) for width in self.sizes[1:]]

    def forward(self, inputs: Array, outputs: list[Array]) -> Array:
        """Compute each layer's output into `outputs` and return the last one, the logits.

        Args:
            inputs: (n, sizes[0]) pixels from 0 to 1.
            outputs: one (n, width) array a layer, as `buffers` makes them.
        """
        weights, biases = self.layers[0]
        np.matmul(inputs, weights, out=outputs[0])  # (n, fan_in) @ (fan_in, fan_out)
        outputs[0] += biases
        return self.forward_on(outputs)

    def forward_on(self, outputs: list[Array]) -> Array:
        """Like `forward`, where the first output is there but for the ReLU."""
        output = outputs[0]
        for (weights, biases), above in zip(self.layers[1:], outputs[1:], strict=True):
            np.maximum(output, 0, out=output)
            np.matmul(output, weights, out=above)
            above += biases
            output = above
        return output
