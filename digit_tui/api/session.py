"""A run in this thread: commands are carried out and events come while the caller waits."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Iterator
from contextlib import nullcontext
from math import floor, inf
from typing import Any

from digit_tui.api.errors import DivergedError, RefusedError, RunError, taken_here
from digit_tui.api.known import SLOWER, Known
from digit_tui.api.steering import Steering, interrupts
from digit_tui.data import Dataset
from digit_tui.engine.worker_processes import WorkerPoolError
from digit_tui.run.blas import loaded_blas
from digit_tui.run.commands import Command, Pause, Resume, StepBatch, Stop
from digit_tui.run.events import (
    BranchEvent,
    EpochEnded,
    Event,
    Inspected,
    Refused,
    Restored,
    WentBack,
)
from digit_tui.run.remedies import ALL_DONE, with_remedy
from digit_tui.session.run_status import RunStatus
from digit_tui.storage.run_writer import RunWriter
from digit_tui.storage.start_point import StartPoint
from digit_tui.training.run_request import RunRequest
from digit_tui.training.trainer import Trainer

WAYS = {
    ALL_DONE: "{epochs} makes the run longer",  # by as much as one likes, not by ten
    "epochs": "set(epochs=...)",
    "quit": "close()",
    "undo": "undo()",
    "go": "train()",
    "keep": "keep() or drop() of the fork",
    "fork": "fork(...)",
    "save": "save()",
}
"""How the actions of remedies are asked for here."""

CLOSED = "the run is closed: nothing trains it any more"


class Session:
    """A trainer that is at rest, or that somebody iterates.

    Attributes:
        request: what it trains.
        dataset: the run's, with its held-out set split off.
        known: of it, by its events.
        ended: whether it is closed.
    """

    def __init__(self, request: RunRequest, dataset: Dataset, kept: bool) -> None:
        """Begin a run: it is at rest before its first step.

        Args:
            request: which run.
            dataset: the run's, with its held-out set split off.
            kept: whether it has a folder; else it is in memory alone.

        Raises:
            RunError: if the folder cannot be used, a saved run cannot be read, or there is not
                enough memory.
            OSError: if the folder cannot be written.
        """
        self.request = request
        self.dataset = dataset
        self.config = request.config.for_images(len(dataset.train_labels))
        self.known = Known(self.config, dataset)
        self.ended = False
        self._process = os.getpid()
        self._source = Steering()
        self._at_rest = False
        self._interrupted = False
        self._pass_on: deque[Event] = deque()
        self._iteration: object | None = None
        self._trainer = self._make_trainer(kept)
        self._events = self._trainer.run()
        # Not by a command: the pool has less patience while one waits.
        self._source.pause_at = 0
        with taken_here(request.path):
            self._drive()
        self.known.folder = self.status.folder
        self._raise_interrupt()

    def _make_trainer(self, kept: bool) -> Trainer:
        request, source = self.request, self._source
        try:
            if kept:
                with taken_here(request.path):
                    return request.trainer(self.dataset, source, interactive=True)
            return Trainer(
                self.config,
                self.dataset,
                source,
                interactive=True,
                start_point=StartPoint(initial=request.initial, teacher=request.teacher),
                processes=request.processes,
            )
        except WorkerPoolError as error:
            raise RunError(str(error)) from error

    @property
    def status(self) -> RunStatus:
        """Where it is."""
        return self.known.status

    def ask(self, *commands: Command, pause: bool = True) -> list[Event]:
        """Have commands carried out; returns the events that this caused, and is at rest again.

        Args:
            commands: in their order.
            pause: not to train on, as what makes a finished run longer would.

        Raises:
            RefusedError: if one was refused.
            RunError: if the run is closed.
        """
        self.rest()
        for command in (*commands, *([Pause()] if pause else [])):
            self._source.send(command)
        events = self._drive()
        self._raise_interrupt()
        for event in events:
            if isinstance(event, Refused):
                raise RefusedError(with_remedy(event.message, event.remedy, WAYS))
        return events

    def rest(self) -> None:
        """See that the run is at rest, also if somebody iterates it now.

        Raises:
            RunError: if it is closed.
        """
        if self.ended:
            raise RunError(CLOSED)
        if not self._at_rest:
            self._source.send(Pause())
            self._drive()
            self._raise_interrupt()

    def train(self, epochs: float = inf, steps: int | None = None) -> Iterator[Event]:
        """Train, and yield what happens; the run is at rest when this ends or is closed.

        Args:
            epochs: to the end of so many; the one under way is one of them.
            steps: so many, however many epochs that is; None does not count them.

        Raises:
            DivergedError: if the network diverged.
            KeyboardInterrupt: after the steps under way, with the run at rest.
            RunError: if the run is closed, or all its epochs are done.
        """
        self.rest()
        if self.status.all_done:
            count = self.status.settings.epochs
            done = "the one epoch is done" if count == 1 else f"all {count} epochs are done"
            raise RunError(with_remedy(done, ALL_DONE, WAYS))
        iteration = self._iteration = object()
        self._pass_on.clear()
        goal = floor(self.status.epoch) + epochs
        last = inf if steps is None else self.status.step + steps
        try:
            while self.status.epoch < goal and self.status.step < last:
                if self.ended or self.status.all_done or self._iteration is not iteration:
                    return
                self._begin_stretch(last)
                while (event := self._next()) is not None:
                    if isinstance(event, EpochEnded) and event.epoch >= goal:
                        self._source.send(Pause())
                    yield event
                    if self._iteration is not iteration:
                        return
                self._raise_interrupt()
                self._raise_trouble()
        finally:
            if self._iteration is iteration:
                self._iteration = self._source.pause_at = None
                if not self._at_rest and not self.ended:
                    self._source.send(Pause())
                    self._drive()
                    self._raise_interrupt()

    def _begin_stretch(self, last: float) -> None:
        """Train on from a rest, at most to a step."""
        self.known.trouble = self._source.pause_at = None
        if last == inf:
            self._source.send(Resume())
        elif self.status.fork is not None:  # the two wait for each other at blocks of images
            self._source.send(StepBatch())
        else:
            self._source.pause_at = int(last)
            self._source.send(Resume())
        self._at_rest = False

    def _next(self) -> Event | None:
        """The next event for who iterates; None at a rest, or at the end."""
        while True:
            if self._pass_on:
                return self._pass_on.popleft()
            if self._at_rest or self.ended:
                return None
            event = self._advance()
            if event is not None and not _is_inspected(event):
                return event

    def _drive(self) -> list[Event]:
        """Go on to the next rest, or to the end; returns what happened."""
        self._at_rest = False
        events = []
        while not self._at_rest and not self.ended:
            event = self._advance()
            if event is not None and not _is_inspected(event):
                events.append(event)
        if self._iteration is not None:
            self._pass_on.extend(events)
        return events

    def _advance(self) -> Event | None:
        """The next event of the trainer; None at its end."""
        halted = nullcontext() if self._interrupted else interrupts(self._halt)
        limit = self._trainer.blas_threads
        try:
            # Between two events the BLAS has as many threads as the program wants.
            with loaded_blas().limit(limits=limit), halted:
                event = next(self._events, None)
        except WorkerPoolError as error:
            self.ended = True
            raise RunError(str(error)) from error
        except BaseException:
            self.ended = True
            raise
        if event is None:
            self.ended = True
        else:
            self._ingest(event)
        return event

    def _halt(self) -> None:
        self._interrupted = True
        self._source.send(Pause())

    def _ingest(self, event: Event) -> None:
        self.known.ingest(event)
        match event:
            case WentBack(step=step, ahead=ahead) | Restored(step=step, ahead=ahead):
                # Where a trouble was undone it would train on from there.
                self._source.pause_at = step + ahead
            case Inspected():
                self._note_rest(last=self.status.fork is None)
            case BranchEvent(Inspected()):
                self._note_rest(last=True)

    def _note_rest(self, last: bool) -> None:
        """The last of the copies that the source asked for says that the run is at rest."""
        if self._source.resting and last:
            self._source.resting = False
            self._at_rest = True

    def _raise_interrupt(self) -> None:
        """What ctrl+c would have done, now that the run is at rest."""
        if self._interrupted:
            self._interrupted = False
            signal.raise_signal(signal.SIGINT)

    def _raise_trouble(self) -> None:
        trouble, self.known.trouble = self.known.trouble, None
        if trouble is not None and self.status.state == "diverged":
            remedy = "{undo} goes back to when it was good" if self.known.undoable else SLOWER
            raise DivergedError(with_remedy(trouble, remedy, WAYS))

    def keep_in(self, writer: RunWriter, past: Any) -> None:
        """Have a folder from now on; see Trainer."""
        self.rest()
        with taken_here(writer.path):
            self._trainer.keep_in(writer, past)
        self.known.folder = str(writer.path)

    def close(self) -> None:
        """Save, where there is a folder, and end the worker processes; the second time nothing."""
        if self.ended or os.getpid() != self._process:  # a copy of the process has none of them
            return
        if not self._at_rest:
            self._source.send(Pause())
            self._drive()
        self._source.pause_at = None
        self._source.send(Stop())
        self._drive()
        self._raise_interrupt()


def _is_inspected(event: Event) -> bool:
    return isinstance(event.event if isinstance(event, BranchEvent) else event, Inspected)
