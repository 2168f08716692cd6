"""Signals end the program, also where the interface hangs or the terminal is gone.

Handlers only make a note. The training thread saves between two steps and the interface leaves; if
either takes too long, a thread of its own restores the terminal and ends the process.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from time import sleep
from types import FrameType

from digit_tui.status import Status

try:
    import termios
except ImportError:  # Windows has no terminal attributes to restore
    termios = None  # type: ignore[assignment, unused-ignore]

SAVE_SECONDS = 5.0
LEAVE_SECONDS = 1.0
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")

RESTORE = (
    b"\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l"
    b"\x1b[?1004l\x1b[?2004l\x1b[?2048l\x1b[<u\x1b[?7h\x1b[0m\r\n"
)
"""Main screen, cursor, no mouse or focus reports, no bracketed paste, plain text."""


class Watchdog:
    """Waits for a signal, then for the program to end by itself, but not for ever."""

    def __init__(self, tell: Callable[[int], None], saved: Callable[[float], bool]) -> None:
        """Keep in mind how the terminal is now.

        Args:
            tell: called in the signal handler with the signal's number; must not block.
            saved: waits up to so many seconds for the run to be saved.
        """
        self._tell = tell
        self._saved = saved
        self._numbers: SimpleQueue[int] = SimpleQueue()  # its put is safe in a handler
        self._attributes = None
        if termios is not None:
            with contextlib.suppress(OSError, ValueError, termios.error):
                self._attributes = termios.tcgetattr(sys.stdin.fileno())

    def start(self) -> None:
        """Take over the signals."""
        for name in SIGNALS:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._handle)
        Thread(target=self._watch, name="watchdog", daemon=True).start()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._numbers.put(number)
        self._tell(number)

    def _watch(self) -> None:
        number = self._numbers.get()
        self._saved(SAVE_SECONDS)
        sleep(LEAVE_SECONDS)
        # Still here: the interface waits for a terminal that is gone or does not read.
        self._restore()
        os._exit(Status.SIGNALLED + number)

    def _restore(self) -> None:
        """Attributes first: the sequences may not go through."""
        if self._attributes is not None:
            with contextlib.suppress(OSError, ValueError, termios.error):
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, self._attributes)
        with contextlib.suppress(OSError, ValueError, AttributeError):
            terminal = sys.stderr.fileno()
            os.set_blocking(terminal, False)
            try:
                os.write(terminal, RESTORE)
            finally:
                os.set_blocking(terminal, True)  # the shell shares this setting
