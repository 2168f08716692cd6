"""Memory that the processes of a pool share."""

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
    """Allocates arrays of zeros, one after the other.

    Processes that allocate the same arrays in the same order from the same memory share them.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        """Use the memory behind a descriptor or, without one, private memory.

        Raises:
            OSError: if it cannot be mapped.
        """
        self.descriptor = descriptor
        self.size = 0
        """Bytes that were allocated."""
        self._map = None if descriptor is None else mmap.mmap(descriptor, 0)

    def allocate(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """The next array, of zeros."""
        start = self.size
        count = prod(shape)
        needed = count * np.dtype(dtype).itemsize
        self.size += -(-needed // ALIGNMENT) * ALIGNMENT
        if self._map is None:
            memory = np.zeros(needed + ALIGNMENT, np.uint8)
            first = -memory.ctypes.data % ALIGNMENT
            return memory[first : first + needed].view(dtype).reshape(shape)
        return np.frombuffer(self._map, dtype, count, start).reshape(shape)

    def rewind(self, size: int) -> None:
        """Go back to an earlier size: what is allocated next is, if shared, what it was before."""
        self.size = size


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


def shared_arena(allocate: Callable[[Arena], object]) -> Arena:
    """An arena that other processes can map, as large as `allocate` needs.

    The memory is freed with the last array in it, the descriptor with the arena.

    Raises:
        OSError: if there is not enough.
    """
    counting = Arena()
    allocate(counting)
    descriptor = memory_file(counting.size)
    try:
        arena = Arena(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    weakref.finalize(arena, os.close, descriptor)
    return arena
