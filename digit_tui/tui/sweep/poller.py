"""The thread that looks at a sweep, and carries out what the screen asks of it."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Event, Thread
from time import perf_counter, thread_time
from typing import NamedTuple

from digit_tui.data import printable, reason_of
from digit_tui.sweep.board import Board
from digit_tui.tui.sweep.control import SweepControl

SHARE = 0.1
"""The most of the time that looking at the sweep may take of a processor."""
LONGEST_SECONDS = 5.0
"""It looks again after this time, whatever share that takes: the first look imports a lot."""
EVENT_SECONDS = 0.1
"""An event is waited for so long; what the screen asks for waits no longer."""


class Looked(NamedTuple):
    """What was found."""

    board: Board | None
    """None if nothing could be read."""
    ended: bool
    """Whether no worker is left on this machine."""
    troubles: tuple[str, ...]
    """What went wrong since the look before, in a line each."""


class Poller:
    """Looks at a sweep every now and then, and soon after something happened.

    Attributes:
        listener: called with what was found, in the thread; None if nobody wants to know.
        done: set when no worker is left on this machine.
    """

    def __init__(self, control: SweepControl, seconds: float) -> None:
        """It begins with `start`.

        Args:
            control: of the sweep.
            seconds: from one look to the next, at least.
        """
        self.listener: Callable[[Looked], object] | None = None
        self.done = Event()
        self._control = control
        self._seconds = seconds
        self._asked: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._ending = Event()
        self._acted = False
        self._thread = Thread(target=self._run, name="sweep-poller", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self, seconds: float = 5.0) -> None:
        """End the thread; waits so long for what it is doing."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def ask(self, action: Callable[[], None]) -> None:
        """Have something done soon, in the thread; then it looks at the sweep."""
        self._asked.put(action)

    def _run(self) -> None:
        troubles: list[str] = []
        due = 0.0
        while not self._ending.is_set():
            troubles += self._carry_out()
            due = min(due, perf_counter()) if self._acted else due
            try:
                event = self._control.next_event(EVENT_SECONDS)
            except Exception as error:
                event = {"event": "trouble", "message": reason(error)}
                self._ending.wait(self._seconds)
            if event is not None and event.get("event") == "trouble":
                troubles.append(printable(str(event.get("message"))))
            if perf_counter() < due:
                continue
            start = thread_time()
            looked = self._look(troubles)
            wait = max(self._seconds, (thread_time() - start) / SHARE)
            due = perf_counter() + min(wait, max(self._seconds, LONGEST_SECONDS))
            if self.listener is not None:
                self.listener(looked)
                troubles = []

    def _carry_out(self) -> list[str]:
        """Do what was asked for; returns what went wrong."""
        self._acted = False
        troubles: list[str] = []
        while True:
            try:
                action = self._asked.get_nowait()
            except Empty:
                return troubles
            self._acted = True
            try:
                action()
            except Exception as error:
                troubles.append(reason(error))

    def _look(self, troubles: list[str]) -> Looked:
        board, ended = None, False
        try:
            board, ended = self._control.snapshot(), self._control.ended()
        except Exception as error:
            troubles = [*troubles, reason(error)]
        if ended:
            self.done.set()
        else:
            self.done.clear()
        return Looked(board, ended, tuple(troubles))


def reason(error: Exception) -> str:
    """Why something could not be done, in a line."""
    lines = reason_of(error).splitlines()
    return printable(lines[0] if lines else type(error).__name__)
