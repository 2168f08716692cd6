"""Reading an .npz of known content: nothing is allocated before its size is known to be right."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any, BinaryIO
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import numpy as np
from numpy.typing import DTypeLike, NDArray

from digit_tui.storage.validation import Invalid

Array = NDArray[Any]

MOST_MEMBERS = 32
LARGEST_DIRECTORY = 1 << 13
"""Bytes of the zip's directory, for so many members."""
LARGEST_PLAIN_ZIP = 1 << 31
"""Larger files have a second directory, of zip64."""
LONGEST_HEADER = 1 << 10
"""Bytes before an array's own."""

_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '([<>|][a-z]\d{1,2})', 'fortran_order': False, "
    rb"'shape': \(((?:\d{1,18},? ?)*)\), \} *\n",
    re.DOTALL,
)
"""What NumPy writes before an array. Its own reader evaluates it as Python."""


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except Invalid:
        raise
    except KeyError:
        raise Invalid("it is missing", name) from None
    except (
        *(OSError, TypeError, ValueError, EOFError, BadZipFile, OverflowError),
        *(RuntimeError, zlib.error, struct.error),
    ):
        raise Invalid("it is no part of an archive", name) from None


class Archive:
    """The members of an .npz as NumPy writes it, without compression."""

    def __init__(self, file: BinaryIO, size: int, comment: int) -> None:
        """Read the directory.

        Args:
            file: open to be read.
            size: its length, in bytes.
            comment: the length of the comment at its end.

        Raises:
            Invalid: if it is no such archive.
        """
        end = struct.Struct("<4s4H2LH")
        with _explained("directory"):
            start = size - comment - end.size
            file.seek(max(start - 20, 0))
            tail = file.read(20 + end.size)
            _, _, _, _, members, length, _, _ = end.unpack(tail[-end.size :])
            if size < LARGEST_PLAIN_ZIP and (
                members > MOST_MEMBERS
                or length > LARGEST_DIRECTORY
                or tail.startswith(b"PK\x06\x07")  # where zip64 would have another directory
            ):
                raise Invalid("it has too many entries", "directory")
            self._zip = ZipFile(file)
            self._members = {info.filename: info for info in self._zip.infolist()}

    @property
    def names(self) -> list[str]:
        """Of the arrays."""
        return [name.removesuffix(".npy") for name in self._members]

    def _content(self, name: str, most: int) -> bytes:
        with _explained(name):
            info = self._members[f"{name}.npy"]
            if info.compress_type != ZIP_STORED or info.compress_size != info.file_size:
                raise Invalid("it is compressed", name)
            if info.file_size > most + LONGEST_HEADER:
                raise Invalid(f"it has {info.file_size:,} bytes, more than {most:,}", name)
            return self._zip.read(info)

    def array(self, name: str, kind: DTypeLike, shape: tuple[int | None, ...], most: int) -> Array:
        """An array, in memory of its own.

        Args:
            name: of the member.
            kind: the type of its elements.
            shape: None is any length.
            most: the largest number of its elements.

        Raises:
            Invalid: if it is missing, or not of this type and shape.
        """
        wanted = np.dtype(kind)
        content = self._content(name, most * wanted.itemsize)
        with _explained(name):
            header = _HEADER.match(content)
            if header is None:
                raise Invalid("it is no array of numbers", name)
            found = np.dtype(header[1].decode("ascii"))
            if found.newbyteorder("=") != wanted:
                raise Invalid(f"it has elements of type {found}, not {wanted}", name)
            extents = tuple(int(part) for part in header[2].split(b",") if part.strip())
            if len(extents) != len(shape) or any(
                want is not None and extent != want
                for extent, want in zip(extents, shape, strict=True)
            ):
                words = str(tuple("any" if want is None else want for want in shape))
                raise Invalid(f"its shape is {extents}, not {words}", name)
            if len(content) - header.end() != prod(extents) * wanted.itemsize:
                raise Invalid("its length is not that of its shape", name)
            return np.frombuffer(content, found, offset=header.end()).reshape(extents).copy()
