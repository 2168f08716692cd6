"""Memory that is free but still this process's, which lives for hours."""

from __future__ import annotations

import ctypes
from contextlib import suppress

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""Numbers of mallopt(3)."""
LARGE = 2 << 20
"""Bytes from which an array has pages of its own, which go back to the system with it. Each step of
training makes smaller ones: new pages for each would cost it a thirtieth of its speed."""
FREE_AT_THE_END = 32 << 20
"""Bytes that are free at the end of the heap before it gives them back."""


def keep_memory_together() -> None:
    """Have memory go back to the system as soon as it is freed, as far as the C library can.

    The GNU C library has a heap for each thread, which the objects that live on leave full of
    holes: together they were three times as large as what was in use. One is enough, as Python
    runs one thread at a time. It also learns from the first large array that is freed to keep those
    after it, up to 32 MiB each, among the small ones: with a bound that is set they have pages of
    their own. With that alone it would give back the end of its heap at each step of training: the
    other bound keeps it from that. Does nothing where there is no such function.
    """
    with suppress(OSError, TypeError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(M_ARENA_MAX, 1)
        library.mallopt(M_MMAP_THRESHOLD, LARGE)
        library.mallopt(M_TRIM_THRESHOLD, FREE_AT_THE_END)


def give_free_memory_back() -> None:
    """Give the pages of freed arrays back to the system; malloc_trim(3) of the GNU C library.

    They lie between small objects that live on, so that the C library would keep them. Does nothing
    where it has no such function. Takes some milliseconds.
    """
    with suppress(OSError, TypeError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
