"""Arrays whose bytes are in a file, on disk or in memory, so that other processes can map them."""

from __future__ import annotations

import mmap
import os
import sys
import weakref
from contextlib import suppress
from io import BytesIO
from math import prod
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]


class Place(NamedTuple):
    """Where another process finds the bytes of an array."""

    descriptor: int
    """Of the file; it stays open as long as the array exists."""
    offset: int
    """Bytes in the file before the array."""


_descriptors: weakref.WeakKeyDictionary[mmap.mmap, int] = weakref.WeakKeyDictionary()


def memory_descriptor() -> int:
    """A descriptor of an empty file in memory, which is freed with the last process that has it.

    Raises:
        OSError: if there is not enough memory.
    """
    first = os.memfd_create("digit-tui")
    try:
        return _kept(first)
    finally:
        os.close(first)


def memory_file() -> BinaryIO:
    """An empty file in memory, to be written to; it can be mapped if the system supports that."""
    if not hasattr(os, "memfd_create"):  # some builds of Python lack it on Linux
        return BytesIO()
    try:
        return os.fdopen(memory_descriptor(), "w+b")
    except OSError:  # some sandboxes forbid it
        return BytesIO()


def file_array(file: BinaryIO, shape: tuple[int, ...], offset: int = 0) -> Bytes:
    """The bytes of a file from `offset` on, read-only: mapped, not copied.

    Raises:
        OSError: if the file cannot be mapped.
    """
    if isinstance(file, BytesIO):
        return np.frombuffer(file.getvalue(), np.uint8, prod(shape), offset).reshape(shape)
    if file.writable():
        file.flush()
    return _map(file.fileno(), shape, offset, mmap.ACCESS_READ)


def array_at(place: Place, shape: tuple[int, ...]) -> Bytes:
    """An array of another process, read-only."""
    return _map(place.descriptor, shape, place.offset, mmap.ACCESS_READ)


def new_array(shape: tuple[int, ...]) -> Bytes:
    """An array of zeros to be filled, in memory that other processes can map where possible.

    Raises:
        MemoryError: if there is not enough.
    """
    with memory_file() as file:
        if not isinstance(file, BytesIO):
            with suppress(OSError):
                # Allocated now: with too little memory a later write would kill the process.
                os.posix_fallocate(file.fileno(), 0, prod(shape))
                return _map(file.fileno(), shape, 0, mmap.ACCESS_WRITE)
    return np.zeros(shape, np.uint8)


def place_of(array: Bytes) -> Place | None:
    """Where other processes find a contiguous array; None if they cannot."""
    base: object = array
    while isinstance(base, np.ndarray | memoryview):
        base = base.base if isinstance(base, np.ndarray) else base.obj
    if not isinstance(base, mmap.mmap) or not array.flags.c_contiguous:
        return None
    descriptor = _descriptors.get(base)
    if descriptor is None:
        return None
    return Place(descriptor, array.ctypes.data - np.frombuffer(base, np.uint8).ctypes.data)


def _map(descriptor: int, shape: tuple[int, ...], offset: int, access: int) -> Bytes:
    count = prod(shape)
    mapped = mmap.mmap(descriptor, offset + count, access=access)
    if sys.platform == "linux":
        _descriptors[mapped] = descriptor = _kept(descriptor)
        weakref.finalize(mapped, os.close, descriptor)
    return np.frombuffer(mapped, np.uint8, count, offset).reshape(shape)


def _kept(descriptor: int) -> int:
    """A copy of a descriptor, numbered 3 or more: lower ones are those of standard streams."""
    import fcntl  # not on Windows

    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
