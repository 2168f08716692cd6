"""The training thread for a front end that waits until each command was carried out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import SimpleQueue

from digit_tui.data import Dataset
from digit_tui.run.commands import Command
from digit_tui.session.runner import Acknowledged, EventQueue, Runner, RunnerEvent
from digit_tui.training.command_source import Mailbox
from digit_tui.training.run_request import RunRequest

BACKLOG = 1_000
"""Training waits while more events than this are not printed yet. If nobody reads standard output,
they would fill the memory."""


@dataclass(frozen=True)
class Ack:
    """Follows a command in the mailbox: when it is taken, the command was carried out."""

    command: Command | None


@dataclass(frozen=True)
class Begin:
    """The run need not be held before its first step any more."""


@dataclass(frozen=True)
class Woken:
    """The run has published events."""


class AckMailbox(Mailbox):
    """A mailbox that acknowledges commands, and that can hold a run before its first step.

    The trainer asks for the next command when it is done with the one before. While the run is held
    it waits there for the next one, so that all commands take effect before the first step.
    """

    def __init__(self, acknowledge: Callable[[Acknowledged], None], held: bool) -> None:
        """Make it, empty.

        Args:
            acknowledge: called in the training thread when a command was carried out.
            held: whether the run is held until `Begin`.
        """
        super().__init__()
        self._items: SimpleQueue[Command | Ack | Begin] = SimpleQueue()
        self._acknowledge = acknowledge
        self._held = held

    def send(self, command: Command | Ack | Begin) -> None:
        self._note(command)
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
            self._acknowledge(Acknowledged(item.command))
        elif isinstance(item, Begin):
            self._held = False
        else:
            return item
        return None


class SyncRunner:
    """A run in a thread of its own that acknowledges commands.

    Attributes:
        events: those that were published and have not been taken yet.
    """

    def __init__(
        self,
        request: RunRequest,
        wake: Callable[[], None],
        held: bool,
        dataset: Dataset | None = None,
    ) -> None:
        """Set up a run; see Runner.

        Args:
            request: which run.
            wake: called in the training thread when there is something to report.
            held: make no step before one is asked for, or `begin` is called.
            dataset: the run's, if it was read before.
        """
        self.events = EventQueue(wake, BACKLOG)
        self._mailbox = AckMailbox(self.events.publish, held)
        self._runner = Runner(request, self.events, dataset, self._mailbox)

    def start(self) -> None:
        self._runner.start()

    def send(self, command: Command) -> None:
        """Ask the run for something, without an acknowledgement."""
        self._mailbox.send(command)

    def ask(self, command: Command, begin: bool = False) -> None:
        """Send a command; `Acknowledged` follows when all that it caused was published.

        Args:
            command: what to ask for.
            begin: the run need not be held after it.
        """
        self._mailbox.send(command)
        if begin:
            self.begin()
        self._mailbox.send(Ack(command))

    def ask_nothing(self) -> None:
        """Have `Acknowledged` published when the run is ready for commands."""
        self._mailbox.send(Ack(None))

    def begin(self) -> None:
        """Let the run make steps."""
        self._mailbox.send(Begin())

    def drain(self) -> list[RunnerEvent]:
        """What has happened since the last call."""
        return self.events.drain()

    def stop_waiting(self) -> None:
        """Do not hold up the training thread from now on: it is to end."""
        self.events.stop_waiting()

    def join(self, seconds: float) -> bool:
        """Wait for the thread to end; whether it has."""
        return self._runner.join(seconds)
