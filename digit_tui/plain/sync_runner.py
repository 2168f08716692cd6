"""The door to the training thread for one who asks and waits for the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event as Flag

from digit_tui.run.commands import Command
from digit_tui.session.runner import News, Obeyed, Runner
from digit_tui.training.command_source import Mailbox
from digit_tui.training.run_request import RunRequest

BACKLOG = 1_000
"""Where nobody takes what is printed, training waits when so much is untold; it would fill the
memory."""


@dataclass(frozen=True)
class Receipt:
    """Lies behind a command: when it is taken, the command was obeyed."""

    command: Command | None


@dataclass(frozen=True)
class Begin:
    """The run need not be held before its first step any more."""


@dataclass(frozen=True)
class Woken:
    """There is news of the run."""


class Tray(Mailbox):
    """A mailbox that tells when a command was obeyed, and that can hold a run.

    The trainer asks for the next command when it is done with the one before. While the run is held
    it waits there for the next one, so that all that comes takes effect before the first step.
    """

    def __init__(self, obeyed: Callable[[Obeyed], None], held: bool) -> None:
        """Make it, empty.

        Args:
            obeyed: called in the training thread.
            held: until `Begin`.
        """
        super().__init__()
        self._letters: SimpleQueue[Command | Receipt | Begin] = SimpleQueue()
        self._obeyed = obeyed
        self._held = held

    def send(self, command: Command | Receipt | Begin) -> None:
        self._letters.put(command)

    def take(self, step: int) -> Iterator[Command]:
        while self._held or not self._letters.empty():
            command = self._open(self._letters.get())
            if command is not None:
                yield command

    def waiting(self) -> bool:
        return not self._letters.empty()

    def wait(self, step: int) -> Command:
        command = None
        while command is None:
            command = self._open(self._letters.get())
        return command

    def _open(self, letter: Command | Receipt | Begin) -> Command | None:
        if isinstance(letter, Receipt):
            self._obeyed(Obeyed(letter.command))
        elif isinstance(letter, Begin):
            self._held = False
        else:
            return letter
        return None


class Desk(Runner):
    """A run in a thread of its own that gives a receipt for what it is asked."""

    def __init__(self, request: RunRequest, wake: Callable[[], None], held: bool) -> None:
        """Set up a run; see Runner.

        Args:
            request: which run.
            wake: called when there is something to tell.
            held: make no step before one is asked for, or `begin` is called.
        """
        self._held = held
        self._hurry = Flag()
        super().__init__(request, wake)

    def _make_mailbox(self) -> Mailbox:
        self._tray = Tray(self._publish, self._held)
        return self._tray

    def ask(self, command: Command, begin: bool = False) -> None:
        """Ask the run for something; `Obeyed` tells when all that follows from it was told.

        Args:
            command: what for.
            begin: the run need not be held after it.
        """
        self._tray.send(command)
        if begin:
            self.begin()
        self._tray.send(Receipt(command))

    def ask_nothing(self) -> None:
        """Have `Obeyed` tell when the run is ready for commands."""
        self._tray.send(Receipt(None))

    def begin(self) -> None:
        """Let the run make steps."""
        self._tray.send(Begin())

    def hurry(self) -> None:
        """Let the thread wait for nobody from now on: it is to end."""
        self._hurry.set()

    def _publish(self, event: News) -> None:
        super()._publish(event)
        while len(self._events) > BACKLOG and not self._hurry.wait(0.05):
            pass
