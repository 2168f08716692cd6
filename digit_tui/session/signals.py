"""The signals that end the program, and handlers for them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], None]

ENDING_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""Those that this system has: Windows knows no SIGHUP."""


def install(handler: Handler, even_ignored: bool = False) -> dict[int, Any]:
    """Handle the ending signals; returns the handlers before, by the signals' numbers.

    Args:
        handler: takes the number of a signal and the frame that it interrupted; must not block.
        even_ignored: also those that the parent process (such as nohup) had us ignore.
    """
    return {
        number: signal.signal(number, handler)
        for number in ENDING_SIGNALS
        if even_ignored or signal.getsignal(number) is not signal.SIG_IGN
    }


@contextmanager
def handled_by(handler: Handler) -> Iterator[None]:
    """Handle the ending signals for a while, but not those that the parent process ignores."""
    before = install(handler)
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def reset(number: int) -> None:
    """Let the same signal end the program at once if it comes again."""
    signal.signal(number, signal.SIG_DFL)
