"""Memory that a pool's processes share: arrays handed out one after the other."""

from __future__ import annotations

import mmap
import os
import weakref
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from digit_tui.data.mapping import memory_descriptor

ALIGNMENT = 64
"""Bytes of a cache line: no two arrays share one."""


class Arena:
    """Hands out arrays of zeros. Processes that ask for the same in the same order share them."""

    def __init__(self, descriptor: int | None = None) -> None:
        """Use the memory behind a descriptor, or, without one, this process's own.

        Raises:
            OSError: if it can not be mapped.
        """
        self.descriptor = descriptor
        self.size = 0
        """Bytes that have been handed out."""
        self._map = None if descriptor is None else mmap.mmap(descriptor, 0)

    def allocate(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """The next array."""
        start = self.size
        count = prod(shape)
        needed = count * np.dtype(dtype).itemsize
        self.size += -(-needed // ALIGNMENT) * ALIGNMENT
        if self._map is None:
            room = np.zeros(needed + ALIGNMENT, np.uint8)
            first = -room.ctypes.data % ALIGNMENT
            return room[first : first + needed].view(dtype).reshape(shape)
        return np.frombuffer(self._map, dtype, count, start).reshape(shape)


def memory_file(size: int) -> int:
    """A descriptor of so many bytes of zeros, which vanish with the last process that holds it.

    Raises:
        OSError: if there is not enough memory.
    """
    descriptor = memory_descriptor()
    try:
        os.ftruncate(descriptor, size)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def shared_memory(fill: Callable[[Arena], object]) -> Arena:
    """An arena that other processes can map, as large as `fill` needs.

    It is given back when the last array in it is gone, and its descriptor with this object.

    Raises:
        OSError: if there is not enough.
    """
    counting = Arena()
    fill(counting)
    descriptor = memory_file(counting.size)
    try:
        memory = Arena(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    weakref.finalize(memory, os.close, descriptor)
    return memory
