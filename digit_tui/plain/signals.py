"""Ctrl+c pauses a run, and once more it ends it, as other signals do at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from time import sleep
from types import FrameType
from typing import Any

from digit_tui.plain.sync_runner import SyncRunner
from digit_tui.run.commands import Pause, Stop
from digit_tui.session.exit_status import ExitStatus

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
SAVE_SECONDS = 5.0
LEAVE_SECONDS = 1.0


@dataclass(frozen=True)
class Interrupted:
    """Ctrl+c was pressed for the first time."""


class Signals:
    """Takes the signals over; handlers do nothing but put letters into queues.

    Attributes:
        number: of the signal that ends the program, if one does.
        pausing: whether ctrl+c was pressed since the last line; once more ends the run.
    """

    def __init__(self, runner: SyncRunner, told: Callable[[], None]) -> None:
        """Prepare.

        Args:
            runner: the run.
            told: called in the handler when the run was paused by ctrl+c; must not block.
        """
        self.number: int | None = None
        self.pausing = False
        self._runner = runner
        self._told = told
        self._numbers: SimpleQueue[int] = SimpleQueue()  # its put is safe in a handler
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Signals:
        for name in SIGNALS:
            number = getattr(signal, name, None)
            # A parent such as nohup ignores a signal for us: so it stays.
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._handle)
        Thread(target=self._watch, name="watchdog", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and not self.pausing:
            self.pausing = True
            self._runner.send(Pause())
            self._told()
        else:
            signal.signal(number, signal.SIG_DFL)  # once more does not wait for anything
            self.leave(number)

    def leave(self, number: int) -> None:
        """End the run as a signal does."""
        self.number = number
        self._runner.stop_waiting()
        self._runner.send(Stop(reason="interrupted"))
        self._numbers.put(number)

    def _watch(self) -> None:
        """Wait for a signal, then for the program to end by itself, but not for ever."""
        number = self._numbers.get()
        self._runner.join(SAVE_SECONDS)
        sleep(LEAVE_SECONDS)
        # Still here: standard output is not read, or the disk does not answer.
        os._exit(ExitStatus.SIGNALLED + number)
