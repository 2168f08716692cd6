"""Memory that is free but still this process's, which lives for hours."""

from __future__ import annotations

import ctypes
from contextlib import suppress

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Numbers of mallopt(3)."""
LARGE = 16 << 20
"""Bytes from which an array has pages of its own, which go back to the system with it."""


def keep_large_arrays_apart() -> None:
    """Have what is computed for a look at a page go back to the system as soon as it is freed.

    The GNU C library learns from the first large array that is freed to keep those after it, up to
    32 MiB each, among the small ones. All 10,000 digits as float32 are 30 MiB; what a step of
    training needs is far smaller. With a bound that is set it would give back the end of its heap
    at each step: the other bound keeps it from that. Does nothing where there is no such function.
    """
    with suppress(OSError, TypeError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(M_MMAP_THRESHOLD, LARGE)
        library.mallopt(M_TRIM_THRESHOLD, 2 * LARGE)


def give_free_memory_back() -> None:
    """Give the pages of freed arrays back to the system; malloc_trim(3) of the GNU C library.

    They lie between small objects that live on, so that the C library would keep them. Does nothing
    where it has no such function. Takes some milliseconds.
    """
    with suppress(OSError, TypeError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
