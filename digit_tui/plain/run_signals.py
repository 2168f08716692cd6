"""Ctrl+c pauses a run; pressed again it ends the run, as any other signal does at once."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from types import FrameType

from digit_tui.plain.sync_runner import SyncRunner
from digit_tui.run.commands import Pause, Stop
from digit_tui.session import signals
from digit_tui.session.exit_watchdog import ExitWatchdog


@dataclass(frozen=True)
class Interrupted:
    """Ctrl+c was pressed for the first time."""


class RunSignals:
    """Handles the ending signals in a `with` block; handlers only put something into queues.

    Attributes:
        runner: of the present run.
        number: of the signal that ends the program, if one does.
        pausing: whether ctrl+c was pressed since the last line; pressed again it ends the run.
    """

    def __init__(self, runner: SyncRunner, on_pause: Callable[[], None]) -> None:
        """Prepare.

        Args:
            runner: the run.
            on_pause: called in the handler when ctrl+c has paused the run; must not block.
        """
        self.number: int | None = None
        self.pausing = False
        self.runner = runner
        self._on_pause = on_pause
        self._watchdog = ExitWatchdog(lambda seconds: self.runner.join(seconds))
        self._handlers = ExitStack()

    def __enter__(self) -> RunSignals:
        self._handlers.enter_context(signals.handled_by(self._handle))
        self._watchdog.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._handlers.close()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and not self.pausing:
            self.pausing = True
            self.runner.send(Pause())
            self._on_pause()
        else:
            signals.reset(number)
            self.leave(number)

    def leave(self, number: int) -> None:
        """End the run as a signal does."""
        self.number = number
        self.runner.stop_waiting()
        self.runner.send(Stop(reason="interrupted"))
        self._watchdog.report(number)
