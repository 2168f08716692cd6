"""Where commands wait until the trainer is between two steps."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from typing import Protocol

from digit_tui.run.commands import Command, Resume, Stop


class CommandSource(Protocol):
    """Where a trainer gets new commands from: a person, or a list made beforehand."""

    def take(self, step: int) -> Iterator[Command]:
        """The commands that are due before step number `step`, without waiting."""

    def steps_until_due(self, step: int) -> int:
        """How many steps may be made from there before `take` must be asked again."""

    def waiting(self) -> bool:
        """Whether a command came since `steps_until_due` was asked."""

    def stopping(self) -> bool:
        """Whether a command to stop came: then nothing that takes seconds is begun or finished."""

    def wait(self, step: int) -> Command:
        """The next command while the run is paused before step number `step`."""


class Mailbox:
    """A person's commands, sent from another thread or from a signal handler.

    SimpleQueue's put is reentrant: a signal may arrive while the same thread is in it.
    """

    def __init__(self) -> None:
        self._queue: SimpleQueue[Command] = SimpleQueue()
        self._stopping = False

    def send(self, command: Command) -> None:
        self._note(command)
        self._queue.put(command)

    def _note(self, command: object) -> None:
        self._stopping = self._stopping or isinstance(command, Stop)

    def take(self, step: int) -> Iterator[Command]:
        while not self._queue.empty():
            try:
                yield self._queue.get_nowait()
            except Empty:  # pragma: no cover - only with a second reader
                return

    def steps_until_due(self, step: int) -> int:
        return sys.maxsize  # a person does not choose the step

    def waiting(self) -> bool:
        return not self._queue.empty()

    def stopping(self) -> bool:
        return self._stopping

    def wait(self, step: int) -> Command:
        return self._queue.get()


class AutoResume(Mailbox):
    """A mailbox for a run that repeats another: a pause ends at once."""

    def wait(self, step: int) -> Command:
        try:
            return self._queue.get_nowait()
        except Empty:
            return Resume()
