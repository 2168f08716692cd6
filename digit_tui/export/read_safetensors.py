"""Reading the weights in a .safetensors file, as PyTorch has them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.data import DataError, printable
from digit_tui.export.layer_chain import FoundLayer, find_layers
from digit_tui.export.optional_package import need
from digit_tui.export.trained_network import PRODUCER

Array = NDArray[Any]

LARGEST_HEADER = 1 << 20
"""Bytes: a fully connected network needs a few thousand."""
MOST_TENSORS = 256

KINDS = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "BF16": "<u2"}
"""Types of elements; NumPy has no bfloat16."""


def read_safetensors(content: bytes) -> tuple[list[FoundLayer], bool]:
    """The layers in a .safetensors file.

    Weights are (outputs, inputs), as PyTorch's are; if they form no network so, (inputs, outputs).

    Returns:
        Them, and whether digit-tui wrote the file.

    Raises:
        DataError: if it is none, or has no fully connected network.
        MissingPackage: if the package safetensors is not installed.
    """
    package = need("safetensors", "a .safetensors file")
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(LARGEST_HEADER, len(content) - 8):
        raise DataError("it is no .safetensors file, or is cut off")
    try:
        tensors = package.deserialize(content)
    except package.SafetensorError as error:
        reason = printable(str(error))[:120]
        raise DataError(f"it is no .safetensors file, or is damaged ({reason})") from None
    if len(tensors) > MOST_TENSORS:
        raise DataError(f"it has {len(tensors):,} tensors, more than {MOST_TENSORS}")
    arrays = {name: _array(name, about) for name, about in tensors}
    ours = f'"producer":"{PRODUCER} '.encode() in content[8 : 8 + length]
    try:
        return find_layers(arrays, inputs_first=False), ours
    except DataError as error:
        with suppress(DataError):
            return find_layers(arrays, inputs_first=True), ours
        raise error


def _array(name: str, about: dict[str, Any]) -> Array:
    kind = KINDS.get(about["dtype"])
    if kind is None:
        raise DataError(
            f"{printable(repr(name[:80]))} has elements of type {printable(about['dtype'])}, not "
            f"one of {', '.join(KINDS)}"
        )
    array = np.frombuffer(bytes(about["data"]), kind)
    if about["dtype"] == "BF16":  # the upper half of a float32
        array = (array.astype(np.uint32) << 16).view(np.float32)
    return array.reshape(about["shape"])
