"""Reading the weights of a network that was trained elsewhere."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.config import MAX_LAYERS, MAX_SIDE, MAX_WIDTH
from digit_tui.data import DataError, reason_of
from digit_tui.export.layer_chain import FoundLayer, find_layers
from digit_tui.export.npz_file import biases_name, weights_name
from digit_tui.export.read_npz import read_npz
from digit_tui.export.read_onnx import read_onnx
from digit_tui.export.read_safetensors import read_safetensors
from digit_tui.nn import Network
from digit_tui.storage.errors import RunError
from digit_tui.storage.reading import open_file

Array = NDArray[Any]

LARGEST = 1 << 29
"""Bytes of a file, and of the numbers in it: 134 million float32."""

SUFFIXES = (".onnx", ".safetensors", ".npz")
PICKLED = (".pt", ".pth", ".pkl", ".bin", ".joblib")


@dataclass(frozen=True, eq=False)
class ReadWeights:
    """A network that was read from a file."""

    network: Network
    """Takes pixels from 0 to 1."""
    notes: tuple[str, ...] = ()
    """What a person should know about how it was read: one line each, safe to print."""

    @property
    def side(self) -> int:
        """Of the images, in pixels."""
        return isqrt(self.network.sizes[0])

    def normalised(self, mean: float, std: float) -> ReadWeights:
        """The network for pixels from 0 to 1, if this one takes (pixel - mean) / std.

        Args:
            mean: of the pixels that it was trained on.
            std: their standard deviation, above 0.

        Raises:
            DataError: if weights become too large for float32.
        """
        layers = [FoundLayer(*layer) for layer in self.network.layers]
        network = _network(layers, 1 / std, -mean / std)
        note = (
            f"the normalisation (pixel - {mean:g}) / {std:g} is now part of the first layer, which "
            "takes pixels from 0 to 1"
        )
        return ReadWeights(network, (*self.notes, note))


def read_weights(path: Path) -> ReadWeights:
    """Read a fully connected network with ReLU from an .onnx, .safetensors or .npz file.

    Args:
        path: the file; its suffix says of which kind it is.

    Raises:
        DataError: if it cannot be read, or is no such network.
        MissingPackage: if a package is not installed that its kind needs.
    """
    try:
        return _read(path)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def network_of(layers: Sequence[tuple[Array, Array | None]]) -> Network:
    """A network of given layers.

    Args:
        layers: of each the weights (inputs, outputs) and the biases (outputs,), or None for zeros.

    Raises:
        DataError: if they are no network that reads square images.
    """
    arrays = {}
    for number, (weights, biases) in enumerate(layers, 1):
        arrays[weights_name(number)] = np.asarray(weights)
        if biases is not None:
            arrays[biases_name(number)] = np.asarray(biases)
    for name, array in arrays.items():
        if array.dtype.kind not in "fiu":
            raise DataError(f"{name} has elements of type {array.dtype}, not numbers")
    return _network(find_layers(arrays, inputs_first=True), 1.0, 0.0)


def _read(path: Path) -> ReadWeights:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        pickled = "; files with pickles are never loaded" if suffix in PICKLED else ""
        ends = f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        raise DataError(f"its name must end in {ends}{pickled} (digit-tui manual export)")
    content = _content(path)
    scale, shift = 1.0, 0.0
    notes: list[str] = []
    known = True  # what is between the layers
    if suffix == ".onnx":
        graph = read_onnx(content, path.parent, LARGEST)
        layers, scale, shift, notes = graph.layers, graph.scale, graph.shift, graph.notes
    elif suffix == ".npz":
        layers, known = read_npz(content, LARGEST)
    else:
        layers, known = read_safetensors(content)
    if not known:
        notes.append(f"{suffix} files do not tell the activation: ReLU is taken")
    notes += _conversions(layers)
    if (scale, shift) != (1.0, 0.0):
        added = f" {'+' if shift > 0 else '-'} {abs(shift):.6g}" if shift else ""
        notes.append(f"what it does to pixels first, x * {scale:.6g}{added}, is in the first layer")
    return ReadWeights(_network(layers, scale, shift), tuple(notes))


def _content(path: Path) -> bytes:
    try:
        with open_file(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > LARGEST:
                raise DataError(f"it has {size:,} bytes, more than {LARGEST:,}")
            return file.read(size)
    except FileNotFoundError:
        raise DataError("there is no such file") from None
    except RunError as error:
        raise DataError(str(error).removeprefix(f"{path} ")) from None
    except OSError as error:
        raise DataError(f"it cannot be read: {reason_of(error)}") from None


def _conversions(layers: Sequence[FoundLayer]) -> list[str]:
    """What becomes of the numbers, in words."""
    arrays = [array for layer in layers for array in layer if array is not None]
    names = sorted({array.dtype.name for array in arrays} - {"float32"})
    notes = [f"{name} numbers were made float32" for name in names]
    lacking = [str(number) for number, layer in enumerate(layers, 1) if layer.biases is None]
    if lacking:
        notes.append(f"without biases, which begin at 0: layer {', '.join(lacking)}")
    return notes


def _network(layers: Sequence[FoundLayer], scale: float, shift: float) -> Network:
    """The network, in float32, that does the same with x as the layers do with x * scale + shift.

    Raises:
        DataError: if it is too large, or a number is not finite.
    """
    sizes = (len(layers[0].weights), *(layer.weights.shape[1] for layer in layers))
    side = isqrt(sizes[0])
    if side * side != sizes[0] or not 2 <= side <= MAX_SIDE:
        raise DataError(f"its first layer takes {sizes[0]:,} numbers: no square image has so many")
    if len(sizes) < 3:
        raise DataError("it has no hidden layer: digit-tui's networks have at least one")
    if len(sizes) > MAX_LAYERS + 2 or not all(1 <= width <= MAX_WIDTH for width in sizes[1:]):
        raise DataError(f"its layers are {sizes}: at most {MAX_LAYERS} hidden, of {MAX_WIDTH:,}")
    network = Network(sizes)
    with np.errstate(all="ignore"):  # what does not fit becomes infinite, and is refused below
        for number, (found, own) in enumerate(zip(layers, network.layers, strict=True)):
            weights, biases = found
            own.weights[...] = weights
            own.biases[...] = 0 if biases is None else biases
            if number == 0 and (scale, shift) != (1.0, 0.0):
                exact = np.asarray(weights, np.float64)
                own.weights[...] = exact * scale
                before = np.zeros(sizes[1]) if biases is None else np.asarray(biases, np.float64)
                own.biases[...] = before + shift * exact.sum(axis=0)
    if not np.isfinite(network.parameters).all():
        raise DataError("some of its weights are no finite numbers of float32")
    return network
