"""The door to the training thread for one who asks and waits for the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event as Flag

from digit_tui.run.commands import Command
from digit_tui.session.runner import Acknowledged, Runner, RunnerEvent
from digit_tui.training.command_source import Mailbox
from digit_tui.training.run_request import RunRequest

BACKLOG = 1_000
"""Where nobody takes what is printed, training waits when so much is untold; it would fill the
memory."""


@dataclass(frozen=True)
class Ack:
    """Lies behind a command: when it is taken, the command was obeyed."""

    command: Command | None


@dataclass(frozen=True)
class Begin:
    """The run need not be held before its first step any more."""


@dataclass(frozen=True)
class Woken:
    """There is news of the run."""


class AckMailbox(Mailbox):
    """A mailbox that tells when a command was obeyed, and that can hold a run.

    The trainer asks for the next command when it is done with the one before. While the run is held
    it waits there for the next one, so that all that comes takes effect before the first step.
    """

    def __init__(self, obeyed: Callable[[Acknowledged], None], held: bool) -> None:
        """Make it, empty.

        Args:
            obeyed: called in the training thread.
            held: until `Begin`.
        """
        super().__init__()
        self._items: SimpleQueue[Command | Ack | Begin] = SimpleQueue()
        self._obeyed = obeyed
        self._held = held

    def send(self, command: Command | Ack | Begin) -> None:
        self._items.put(command)

    def take(self, step: int) -> Iterator[Command]:
        while self._held or not self._items.empty():
            command = self._open(self._items.get())
            if command is not None:
                yield command

    def waiting(self) -> bool:
        return not self._items.empty()

    def wait(self, step: int) -> Command:
        command = None
        while command is None:
            command = self._open(self._items.get())
        return command

    def _open(self, item: Command | Ack | Begin) -> Command | None:
        if isinstance(item, Ack):
            self._obeyed(Acknowledged(item.command))
        elif isinstance(item, Begin):
            self._held = False
        else:
            return item
        return None


class SyncRunner(Runner):
    """A run in a thread of its own that gives a receipt for what it is asked."""

    def __init__(self, request: RunRequest, wake: Callable[[], None], held: bool) -> None:
        """Set up a run; see Runner.

        Args:
            request: which run.
            wake: called when there is something to tell.
            held: make no step before one is asked for, or `begin` is called.
        """
        self._held = held
        self._stop_waiting = Flag()
        super().__init__(request, wake)

    def _make_mailbox(self) -> Mailbox:
        self._ack_mailbox = AckMailbox(self._publish, self._held)
        return self._ack_mailbox

    def ask(self, command: Command, begin: bool = False) -> None:
        """Send a command; `Acknowledged` follows when all that came of it was published.

        Args:
            command: what for.
            begin: the run need not be held after it.
        """
        self._ack_mailbox.send(command)
        if begin:
            self.begin()
        self._ack_mailbox.send(Ack(command))

    def ask_nothing(self) -> None:
        """Have `Acknowledged` tell when the run is ready for commands."""
        self._ack_mailbox.send(Ack(None))

    def begin(self) -> None:
        """Let the run make steps."""
        self._ack_mailbox.send(Begin())

    def stop_waiting(self) -> None:
        """Let the thread wait for nobody from now on: it is to end."""
        self._stop_waiting.set()

    def _publish(self, event: RunnerEvent) -> None:
        super()._publish(event)
        while len(self._events) > BACKLOG and not self._stop_waiting.wait(0.05):
            pass
