"""Memory that is free but still this process's, which lives for hours."""

from __future__ import annotations

import ctypes
from contextlib import suppress


def give_free_memory_back() -> None:
    """Give the pages of freed arrays back to the system; malloc_trim(3) of the GNU C library.

    They lie between small objects that live on, so that the C library would keep them. Does nothing
    where it has no such function. Takes some milliseconds.
    """
    with suppress(OSError, TypeError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
