"""How the C library keeps memory that is free, for a process that lives for hours."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_M_MMAP_THRESHOLD = -3  # malloc.h of the GNU C library

LARGE = 256 * 1_024
"""Bytes from which a block has pages of its own, which go back to the system when it is free."""


def give_large_blocks_back() -> None:
    """Have large arrays leave no holes. Does nothing where the C library has no such setting.

    By default the GNU C library raises its threshold for pages of their own to the size of the
    largest block that was ever freed (up to 32 MiB). From then on the arrays of evaluations and
    saves lie between small objects that live on, and the process grows for hours though nothing is
    kept: some 10 MiB in two hours, by tests/benchmarks/soak.py.
    """
    with suppress(OSError, TypeError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE)
