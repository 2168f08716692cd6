"""Signals and a lost terminal end the program, also where the interface hangs.

Handlers only make a note. The training thread saves between two steps and the interface leaves; if
either takes too long, a thread of its own restores the terminal and ends the process.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from threading import Lock
from time import sleep
from types import FrameType
from typing import Any

from digit_tui.session import signals
from digit_tui.session.exit_watchdog import ExitWatchdog, exit_now

try:
    import termios
except ImportError:  # Windows has no terminal attributes to restore
    termios = None  # type: ignore[assignment, unused-ignore]

RESTORE_TRIES = 30
"""A hundredth of a second apart."""
DESCRIPTORS = 100
"""The terminal is looked for among so many."""

WRITER = "textual-output"
"""The thread that writes to the terminal."""

RESTORE = (
    b"\x18\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l"
    b"\x1b[?1016l\x1b[?1004l\x1b[?2004l\x1b[?2026l\x1b[?2048l\x1b[?7h\x1b[0m\r\n"
)
"""Ends a sequence that was cut short. Then the keyboard as it was (each screen has its own), main
screen, cursor, no mouse or focus reports, no bracketed paste, plain text."""


class Watchdog:
    """Handles the ending signals, and restores the terminal if the program does not end in time.

    A terminal that is gone counts as SIGHUP: a parent may have seen to it that none comes.
    """

    def __init__(self, tell: Callable[[int], None], saved: Callable[[float], bool]) -> None:
        """Keep in mind how the terminal is now.

        Args:
            tell: called in the signal handler with the signal's number; must not block.
            saved: waits up to so many seconds for the run to be saved.
        """
        self._tell = tell
        self._exit_watchdog = ExitWatchdog(saved, self._end, self._check_terminal)
        self._given_back = False
        self._last_words = Lock()
        self._attributes: dict[int, list[Any]] = {}
        for stream in (sys.stdin, sys.stderr):  # one to read from and one to draw on
            with contextlib.suppress(OSError, ValueError, AttributeError):
                # A descriptor of our own: the interface leads the others elsewhere for a while.
                self._note(os.dup(stream.fileno()))

    def __enter__(self) -> Watchdog:
        """Take over the signals."""
        signals.install(self._handle, even_ignored=True)
        threading.excepthook = self._thread_failed
        self._exit_watchdog.start()
        return self

    def __exit__(self, *_: object) -> None:
        """The terminal is as it was found; a signal that comes now still ends the program."""
        with self._last_words:
            self._given_back = True

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._tell(number)
        self._exit_watchdog.report(number)

    def _thread_failed(self, failure: threading.ExceptHookArgs) -> None:
        """Without its writer the interface would wait for ever, and nobody would see it."""
        if failure.thread is not None and failure.thread.name == WRITER:
            self._handle(signal.SIGHUP, None)
        else:
            threading.__excepthook__(failure)

    def _end(self, number: int) -> None:
        # The interface waits for a terminal that is gone or does not read. Once it need not wait
        # any more, it may not leave before the terminal is restored.
        with self._last_words:
            if not self._given_back:
                self._restore()
            exit_now(number)

    def _check_terminal(self) -> None:
        if self._lost():
            self._handle(signal.SIGHUP, None)

    def _note(self, terminal: int) -> None:
        if termios is not None:
            with contextlib.suppress(termios.error):
                self._attributes[terminal] = termios.tcgetattr(terminal)

    def _lost(self) -> bool:
        """Whether there was a terminal and is none any more."""
        for terminal in self._attributes:
            try:
                termios.tcgetattr(terminal)
            except termios.error:
                return True
        return False

    def _restore(self) -> None:
        """Attributes first: the sequences may not go through."""
        for terminal, attributes in self._attributes.items():
            with contextlib.suppress(termios.error):
                termios.tcsetattr(terminal, termios.TCSANOW, attributes)
        for terminal in list(self._attributes)[-1:]:
            with contextlib.suppress(OSError):
                self._write(terminal, RESTORE)

    def _write(self, terminal: int, sequences: bytes) -> None:
        """Have the sequences come last, without waiting for a terminal that does not read."""
        self._cut_off(terminal)
        os.set_blocking(terminal, False)
        try:
            for _ in range(RESTORE_TRIES):
                if not sequences:
                    break
                try:
                    sequences = sequences[os.write(terminal, sequences) :]
                except BlockingIOError:
                    # What waits for the reader would be wiped off the screen anyway.
                    with contextlib.suppress(termios.error):
                        termios.tcflush(terminal, termios.TCOFLUSH)
                    self._rouse_writer()
                    sleep(0.01)
        finally:
            os.set_blocking(terminal, True)  # the shell shards this setting

    def _rouse_writer(self) -> None:
        """While it waits for the reader, nobody else may write."""
        for thread in threading.enumerate():
            if thread.name == WRITER and thread.ident is not None:
                signal.pthread_kill(thread.ident, signal.SIGTERM)  # any that has a handler

    def _cut_off(self, terminal: int) -> None:
        """What the interface has still to draw, and is stuck with, goes nowhere."""
        device, nowhere = os.fstat(terminal).st_rdev, os.open(os.devnull, os.O_WRONLY)
        for descriptor in range(1, DESCRIPTORS):
            with contextlib.suppress(OSError):
                if descriptor != terminal and os.fstat(descriptor).st_rdev == device:
                    os.dup2(nowhere, descriptor)
