"""Ends the program on a signal or when the terminal is lost, even if the interface hangs.

Handlers only record the signal. The training thread saves between two steps and the interface
leaves; if either takes too long, the watchdog thread restores the terminal and ends the process.
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
"""The terminal is searched for among so many descriptors."""

WRITER = "textual-output"
"""The thread that writes to the terminal."""

RESTORE = (
    b"\x18\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l"
    b"\x1b[?1016l\x1b[?1004l\x1b[?2004l\x1b[?2026l\x1b[?2048l\x1b[?7h\x1b[0m\r\n"
)
"""Ends a truncated sequence; then restores the keyboard (each screen has its own), the main screen
and the cursor, and ends mouse and focus reports, bracketed paste and colours."""


class Watchdog:
    """Handles the ending signals, and restores the terminal if the program does not end in time.

    A terminal that is gone counts as SIGHUP: a parent process may have blocked the real one.
    """

    def __init__(
        self, interrupt: Callable[[int], None], wait_saved: Callable[[float], bool]
    ) -> None:
        """Record the terminal's attributes, to restore them.

        Args:
            interrupt: called in the signal handler with the signal's number; must not block.
            wait_saved: waits up to so many seconds for the run to be saved; whether it is.
        """
        self._interrupt = interrupt
        self._exit_watchdog = ExitWatchdog(wait_saved, self._end, self._check_terminal)
        self._restored = False
        self._exit_lock = Lock()
        self._attributes: dict[int, list[Any]] = {}
        for stream in (sys.stdin, sys.stderr):  # read from and drawn on
            with contextlib.suppress(OSError, ValueError, AttributeError):
                # A descriptor of our own: `StdioCapture` diverts the others.
                self._record(os.dup(stream.fileno()))

    def __enter__(self) -> Watchdog:
        """Take over the signals."""
        signals.install(self._handle, even_ignored=True)
        threading.excepthook = self._thread_failed
        self._exit_watchdog.start()
        return self

    def __exit__(self, *_: object) -> None:
        """The app has restored the terminal; a signal still ends the program from now on."""
        with self._exit_lock:
            self._restored = True

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._interrupt(number)
        self._exit_watchdog.report(number)

    def _thread_failed(self, failure: threading.ExceptHookArgs) -> None:
        """Without its writer thread the interface would wait for ever, unseen."""
        if failure.thread is not None and failure.thread.name == WRITER:
            self._handle(signal.SIGHUP, None)
        else:
            threading.__excepthook__(failure)

    def _end(self, number: int) -> None:
        # The interface waits for a terminal that is gone or does not read. The lock keeps it from
        # leaving while the terminal is being restored.
        with self._exit_lock:
            if not self._restored:
                self._restore()
            exit_now(number)

    def _check_terminal(self) -> None:
        if self._lost():
            self._handle(signal.SIGHUP, None)

    def _record(self, terminal: int) -> None:
        if termios is not None:
            with contextlib.suppress(termios.error):
                self._attributes[terminal] = termios.tcgetattr(terminal)

    def _lost(self) -> bool:
        """Whether there was a terminal that is gone now."""
        for terminal in self._attributes:
            try:
                termios.tcgetattr(terminal)
            except termios.error:
                return True
        return False

    def _restore(self) -> None:
        """Restore attributes first: writing the sequences may fail."""
        for terminal, attributes in self._attributes.items():
            with contextlib.suppress(termios.error):
                termios.tcsetattr(terminal, termios.TCSANOW, attributes)
        for terminal in list(self._attributes)[-1:]:
            with contextlib.suppress(OSError):
                self._write(terminal, RESTORE)

    def _write(self, terminal: int, sequences: bytes) -> None:
        """Write the sequences as the last output; do not wait for a terminal that does not read."""
        self._cut_off(terminal)
        os.set_blocking(terminal, False)
        try:
            for _ in range(RESTORE_TRIES):
                if not sequences:
                    break
                try:
                    sequences = sequences[os.write(terminal, sequences) :]
                except BlockingIOError:
                    # What the terminal has not read yet would be wiped off the screen anyway.
                    with contextlib.suppress(termios.error):
                        termios.tcflush(terminal, termios.TCOFLUSH)
                    self._interrupt_writer()
                    sleep(0.01)
        finally:
            os.set_blocking(terminal, True)  # the shell shares this setting

    def _interrupt_writer(self) -> None:
        """While it is blocked in a write, no other thread can write."""
        for thread in threading.enumerate():
            if thread.name == WRITER and thread.ident is not None:
                signal.pthread_kill(thread.ident, signal.SIGTERM)  # any signal with a handler

    def _cut_off(self, terminal: int) -> None:
        """Send what the interface is still trying to draw to the null device."""
        device, null = os.fstat(terminal).st_rdev, os.open(os.devnull, os.O_WRONLY)
        for descriptor in range(1, DESCRIPTORS):
            with contextlib.suppress(OSError):
                if descriptor != terminal and os.fstat(descriptor).st_rdev == device:
                    os.dup2(null, descriptor)
