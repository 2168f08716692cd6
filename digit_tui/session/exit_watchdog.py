"""Ends a program that was told to end by a signal, and does not."""

from __future__ import annotations

import os
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from time import sleep
from typing import NoReturn

from digit_tui.session.exit_status import ExitStatus

SAVE_SECONDS = 5.0
"""A run may take so long to be saved."""
LEAVE_SECONDS = 1.0
"""The rest of the program may take so long to end after that."""
POLL_SECONDS = 0.5


def exit_now(number: int) -> NoReturn:
    """End the process with the status of a signal, whatever its threads wait for."""
    os._exit(ExitStatus.SIGNALLED + number)


class ExitWatchdog:
    """A thread that waits for a signal, then for the program to end by itself, but not for ever."""

    def __init__(
        self,
        wait_saved: Callable[[float], object],
        end: Callable[[int], None] = exit_now,
        poll: Callable[[], None] | None = None,
    ) -> None:
        """Prepare; `start` begins to wait.

        Args:
            wait_saved: waits up to so many seconds for the run to be saved.
            end: ends the process; takes the signal's number.
            poll: called every POLL_SECONDS until a signal comes; may report one.
        """
        self._wait_saved = wait_saved
        self._end = end
        self._poll = poll
        self._signals: SimpleQueue[int] = SimpleQueue()  # its put is safe in a handler

    def start(self) -> None:
        Thread(target=self._watch, name="watchdog", daemon=True).start()

    def report(self, number: int) -> None:
        """A signal came; safe to call from its handler."""
        self._signals.put(number)

    def _watch(self) -> None:
        number = self._next_signal()
        self._wait_saved(SAVE_SECONDS)
        sleep(LEAVE_SECONDS)
        # Still here: standard output is not read, the terminal is gone, or the disk is stuck.
        self._end(number)

    def _next_signal(self) -> int:
        if self._poll is None:
            return self._signals.get()
        while True:
            try:
                return self._signals.get(timeout=POLL_SECONDS)
            except Empty:
                self._poll()
