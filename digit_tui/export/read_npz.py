"""Reading the weights in an .npz file, which anybody may have made."""

from __future__ import annotations

import io
import zlib
from math import prod
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from digit_tui.data import DataError, printable
from digit_tui.export.layer_chain import FoundLayer, find_layers
from digit_tui.export.npz_file import METADATA, README, biases_name, weights_name

Array = NDArray[Any]

MOST_MEMBERS = 256
_ENTRY = b"PK\x01\x02"
"""How each entry of a zip's directory begins."""
LONGEST_HEADER = 10_000
"""Bytes before an array's own."""

OWN = (README, METADATA, "temperature")
"""Arrays of digit-tui's own files that are no layers."""


def read_npz(content: bytes, most: int) -> tuple[list[FoundLayer], bool]:
    """The layers in an .npz.

    Args:
        content: of the file.
        most: bytes that its arrays may have together.

    Returns:
        Them, and whether digit-tui wrote the file.

    Raises:
        DataError: if it is none, or has no fully connected network.
    """
    # Before the zip's directory is read: each entry takes a hundred times its bytes.
    if content.count(_ENTRY) > MOST_MEMBERS:
        raise DataError(f"it has more than {MOST_MEMBERS} members")
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if sum(info.file_size for info in members) > most:
                raise DataError(f"unpacked it has more than {most:,} bytes")
            arrays: dict[str, Array] = {}
            for info in members:
                name = info.filename.removesuffix(".npy")
                if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
                    raise DataError(f"{_named(name)} is compressed in a way that NumPy is not")
                if not info.filename.endswith(".npy") or name in arrays:
                    raise DataError(f"{_named(info.filename)} is no array of an .npz")
                if name not in OWN:
                    arrays[name] = _array(name, archive.read(info))
    except (BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError, KeyError):
        raise DataError("it is no .npz file, or is damaged") from None
    numbers = range(1, len(arrays) // 2 + 1)
    own = {name(number) for number in numbers for name in (weights_name, biases_name)}
    ours = bool(own) and arrays.keys() == own
    return find_layers(arrays, inputs_first=True if ours else None), ours


def _array(name: str, content: bytes) -> Array:
    """An array from the bytes of an .npy file; nothing is allocated before its size is known."""
    file = io.BytesIO(content)
    try:
        version = npy.read_magic(file)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, fortran, kind = read(file, max_header_size=LONGEST_HEADER)
    except Exception:  # NumPy evaluates the header as Python: many errors are possible
        raise DataError(f"{_named(name)} is no array") from None
    if kind.hasobject:
        raise DataError(f"{_named(name)} holds pickled objects, which are never loaded")
    if kind.kind != "f" or kind.itemsize > 8:
        raise DataError(f"{_named(name)} has elements of type {kind}, not floating-point numbers")
    start = file.tell()
    if prod(shape) * kind.itemsize != len(content) - start:
        raise DataError(f"{_named(name)} is damaged: its length is not that of its shape")
    array = np.frombuffer(content, kind, offset=start)
    return array.reshape(shape, order="F" if fortran else "C")


def _named(name: str) -> str:
    return printable(repr(name[:80]))
