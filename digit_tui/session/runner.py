"""The training thread, and the only door to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event as Flag
from threading import Thread

from digit_tui.data import Dataset
from digit_tui.run.commands import Command
from digit_tui.run.events import Event, StepsDone
from digit_tui.session.failures import Failed, failure_of
from digit_tui.training.command_source import AutoResume, Mailbox
from digit_tui.training.run_request import RunRequest
from digit_tui.training.trainer import Trainer


@dataclass(frozen=True, eq=False)
class Loaded:
    """The dataset is in memory."""

    dataset: Dataset


@dataclass(frozen=True)
class Acknowledged:
    """A command was carried out, and all events that it caused were published."""

    command: Command | None


RunnerEvent = Event | Loaded | Failed | Acknowledged
"""What a runner publishes."""


class EventQueue:
    """Events from the training thread, until the front end takes them."""

    def __init__(self, wake: Callable[[], None], backlog: int | None = None) -> None:
        """Make it, empty.

        Args:
            wake: called in the training thread when there is something to be seen at once.
            backlog: training waits while more events than this have not been taken; None never
                waits.
        """
        self._wake = wake
        self._backlog = backlog
        self._events: deque[RunnerEvent] = deque()
        self._stop_waiting = Flag()

    def __len__(self) -> int:
        return len(self._events)

    def publish(self, event: RunnerEvent) -> None:
        """Add an event; called in the training thread."""
        self._events.append(event)
        if not isinstance(event, StepsDone):  # those are seen when the front end next polls
            self._wake()
        if self._backlog is not None:
            while len(self._events) > self._backlog and not self._stop_waiting.wait(0.05):
                pass

    def drain(self) -> list[RunnerEvent]:
        """What was published since the last call."""
        events = []
        while self._events:
            events.append(self._events.popleft())
        return events

    def stop_waiting(self) -> None:
        """Do not hold up the training thread from now on: it is to end."""
        self._stop_waiting.set()


class Runner:
    """One run in a thread of its own: commands go in, events are fetched.

    The thread knows nothing of the front end.
    """

    def __init__(
        self,
        request: RunRequest,
        events: EventQueue,
        dataset: Dataset | None = None,
        mailbox: Mailbox | None = None,
        make_trainer: Callable[[Dataset, Mailbox], Trainer] | None = None,
    ) -> None:
        """Set up a run; `start` begins it.

        Args:
            request: which run.
            events: where the thread publishes what happens.
            dataset: the run's, if it was read before.
            mailbox: for commands; a plain one if None.
            make_trainer: called in the thread; None makes that of the request, to be steered.
        """
        self._request = request
        self._events = events
        self._dataset = dataset
        self._mailbox = Mailbox() if mailbox is None else mailbox
        self._make_trainer = make_trainer
        self._thread = Thread(target=self._work, name="training", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def send(self, command: Command) -> None:
        """Ask the run for something; an event confirms it."""
        self._mailbox.send(command)

    def drain(self) -> list[RunnerEvent]:
        """What has happened since the last call."""
        return self._events.drain()

    def join(self, seconds: float) -> bool:
        """Wait for the thread to end; whether it has."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            if self._dataset is None:
                self._dataset = self._request.load_dataset()
            self._events.publish(Loaded(self._dataset))
            for event in self._trainer(self._dataset).run():
                self._events.publish(event)
        except Exception as error:
            self._events.publish(failure_of(error, self._request.path))

    def _trainer(self, dataset: Dataset) -> Trainer:
        if self._make_trainer is not None:
            return self._make_trainer(dataset, self._mailbox)
        return self._request.trainer(dataset, self._mailbox, interactive=True)


def replay_runner(request: RunRequest, events: EventQueue) -> Runner:
    """Repeats a saved run, with all commands that it was given; nothing is saved."""
    return Runner(request, events, mailbox=AutoResume(), make_trainer=request.replayer)
