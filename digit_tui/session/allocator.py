"""How the C library keeps memory that is free, for a process that lives for hours."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h of the GNU C library

LARGE = 4 * 2**20
"""Bytes from which a block has pages of its own, which go back to the system when it is free.

New pages cost time: the arrays of a step must be smaller, those of an evaluation are larger.
"""


def give_large_blocks_back() -> None:
    """Have large arrays leave no holes. Does nothing where the C library has no such setting.

    By default the GNU C library raises its threshold for pages of their own to the size of the
    largest block that was ever freed (up to 32 MiB). From then on the arrays of evaluations and
    saves lie between small objects that live on, and the process grows for hours though nothing is
    kept: some 10 MiB in two hours, by tests/benchmarks/soak.py.
    """
    with suppress(OSError, TypeError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, LARGE)
        library.mallopt(_M_TRIM_THRESHOLD, 2 * LARGE)  # as the library has it when it chooses
