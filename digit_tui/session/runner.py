"""The training thread, and the only door to it."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Thread

from digit_tui.data import DataError, Dataset, printable
from digit_tui.engine.worker_pool import WorkerPoolError
from digit_tui.run.commands import Command
from digit_tui.run.events import Event, StepsDone
from digit_tui.session.exit_status import ExitStatus
from digit_tui.storage.errors import RunError, RunTaken
from digit_tui.training.command_source import AutoResume, Mailbox
from digit_tui.training.run_request import RunRequest
from digit_tui.training.trainer import Trainer


@dataclass(frozen=True, eq=False)
class Loaded:
    """The digits are in memory."""

    dataset: Dataset


@dataclass(frozen=True, eq=False)
class Failed:
    """The run can not begin or go on."""

    status: int
    """What the program should exit with."""
    message: str
    """One line for people."""
    details: str | None = None
    """A traceback, if it is our own fault."""


@dataclass(frozen=True)
class Acknowledged:
    """A command was obeyed, and all that came of it was told; for those that ask for receipts."""

    command: Command | None


RunnerEvent = Event | Loaded | Failed | Acknowledged
"""What a runner tells."""


class Runner:
    """One run in a thread of its own: commands go in, events are fetched.

    The thread knows nothing of the front end. It never waits for it either: events collect until
    they are drained.
    """

    def __init__(
        self, request: RunRequest, wake: Callable[[], None], dataset: Dataset | None = None
    ) -> None:
        """Set up a run; `start` begins it.

        Args:
            request: which run.
            wake: called from the thread when there is something that should be seen at once.
            dataset: the digits, if they were read before.
        """
        self._request = request
        self._wake = wake
        self._dataset = dataset
        self._mailbox = self._make_mailbox()
        self._events: deque[RunnerEvent] = deque()
        self._thread = Thread(target=self._work, name="training", daemon=True)

    def _make_mailbox(self) -> Mailbox:
        return Mailbox()

    def _make_trainer(self, dataset: Dataset) -> Trainer:
        return self._request.trainer(dataset, self._mailbox, interactive=True)

    def start(self) -> None:
        self._thread.start()

    def send(self, command: Command) -> None:
        """Ask the run for something; an event will tell when it is done."""
        self._mailbox.send(command)

    def drain(self) -> list[RunnerEvent]:
        """What has happened since the last call."""
        events = []
        while self._events:
            events.append(self._events.popleft())
        return events

    def join(self, seconds: float) -> bool:
        """Wait for the thread to end; whether it has."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _publish(self, event: RunnerEvent) -> None:
        self._events.append(event)
        if not isinstance(event, StepsDone):  # those can wait for the next regular look
            self._wake()

    def _work(self) -> None:
        try:
            if self._dataset is None:
                self._dataset = self._request.load_dataset()
            self._publish(Loaded(self._dataset))
            for event in self._make_trainer(self._dataset).run():
                self._publish(event)
        except DataError as error:
            self._publish(Failed(ExitStatus.DATA, printable(str(error))))
        except RunError as error:
            status = ExitStatus.USAGE if isinstance(error, RunTaken) else ExitStatus.DATA
            self._publish(Failed(status, printable(str(error))))
        except WorkerPoolError as error:
            self._publish(Failed(ExitStatus.FAILURE, str(error)))
        except OSError as error:
            where = printable(str(error.filename or self._request.folder or "the run"))
            self._publish(Failed(ExitStatus.DISK, f"cannot write {where}: {error.strerror}"))
        except Exception as error:
            message = printable(f"{type(error).__name__}: {error}")
            self._publish(Failed(ExitStatus.FAILURE, message, traceback.format_exc()))


class ReplayRunner(Runner):
    """Lets a saved run happen again, with all that was done to it; nothing is saved."""

    def _make_mailbox(self) -> Mailbox:
        return AutoResume()

    def _make_trainer(self, dataset: Dataset) -> Trainer:
        return self._request.replayer(dataset, self._mailbox)
