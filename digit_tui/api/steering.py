"""A trainer iterated by the thread that commands it: what it waits for, how it is halted."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from digit_tui.run.commands import Command, Inspect, Pause
from digit_tui.training.command_source import Mailbox


class Steering(Mailbox):
    """Commands for a trainer in this thread.

    A trainer that has nothing to do asks for a command and waits. Here nobody could send one
    meanwhile: it is asked for a copy of its state instead, and the event that brings it says that
    the run is at rest.

    Attributes:
        resting: whether it has waited since this was last set to false.
        pause_at: pause before the step after so many; None for no such step.
    """

    def __init__(self) -> None:
        super().__init__()
        self.resting = False
        self.pause_at: int | None = None

    def take(self, step: int) -> Iterator[Command]:
        yield from super().take(step)
        if self.pause_at is not None and step >= self.pause_at:
            self.pause_at = None
            yield Pause()

    def steps_until_due(self, step: int) -> int:
        return sys.maxsize if self.pause_at is None else self.pause_at - step

    def wait(self, step: int) -> Command:
        if self.waiting():
            return super().wait(step)
        self.resting = True
        return Inspect()


@contextmanager
def interrupts(halt: Callable[[], None]) -> Iterator[None]:
    """Have ctrl+c call a function instead of raising KeyboardInterrupt between any two bytecodes.

    The second time it does what it did before. Does nothing in another thread than the main one,
    which Python interrupts alone, and where ctrl+c is ignored or ends the process at once.

    Args:
        halt: must not block.
    """
    before = signal.getsignal(signal.SIGINT)
    main = threading.current_thread() is threading.main_thread()
    if not main or not callable(before):
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        halt()

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
