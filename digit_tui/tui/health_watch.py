"""Looks after the health of the run on screen, and of its fork: now and then, in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from functools import partial
from time import perf_counter, thread_time
from typing import NamedTuple, Protocol

from textual.message import Message
from textual.worker import Worker

from digit_tui.data import Dataset
from digit_tui.insight.health.record import Record
from digit_tui.run.events import Evaluated, Inspected
from digit_tui.run.health_record import inspection_of
from digit_tui.session.fork_status import ForkRunStatus
from digit_tui.session.health_check import Health, check_health
from digit_tui.training.pace import Pace
from digit_tui.tui.inspector import Inspector
from digit_tui.tui.state.run_model import Moment, RunModel

SHARE = 0.005
"""The most of the time that it may take beside training, in processor time, ..."""
READ_SHARE = 0.01
"""... and while the page is on screen that tells all of it."""
LATE = 5.0
"""Epochs of training after which the layers of a run are no longer looked at. Where an epoch takes
less time than an answer, the state that was asked for comes after other evaluations."""


class Checked(Message):
    """The health of a run or a fork was checked."""

    def __init__(self, branch: RunModel | ForkRunStatus, health: Health, generation: int) -> None:
        """Tell of it.

        Args:
            branch: the run, or the fork.
            health: what was found.
            generation: that of the watch when the check began.
        """
        super().__init__()
        self.branch = branch
        self.health = health
        self.generation = generation


class Patient(Protocol):
    """The app whose run is looked after."""

    inspector: Inspector

    def post_message(self, message: Message) -> bool:
        """Post a message, from any thread."""

    def run_worker(
        self, work: partial[None], *, thread: bool, group: str, description: str
    ) -> Worker[None]:
        """Do something in a thread."""


class _Case(NamedTuple):
    """What is to be checked."""

    branch: RunModel | ForkRunStatus
    record: Record
    evaluated: Evaluated | None
    inspected: Inspected | None


class HealthWatch:
    """Checks at each evaluation and each changed setting, or as often as there is time.

    Attributes:
        generation: how often what was found became void: a check that began before is of no use.
    """

    def __init__(self, app: Patient) -> None:
        self._app = app
        self._pace = Pace(SHARE, perf_counter, thread_time)
        self._again = Pace(SHARE, perf_counter, thread_time)
        self._judged: Evaluated | None = None
        """Up to which evaluation what was found was judged again."""
        self._practised = False
        """Whether there was a check before: the first one imports a lot, and none after it."""
        self._busy = False
        self._checked: Moment | None = None
        self._asked: tuple[RunModel, Inspected | None] | None = None
        """Whose state was asked for, and the one that there was then."""
        self.generation = 0

    def forget(self) -> None:
        """What was checked is undone: the next evaluation is checked whatever it takes."""
        self._checked = self._asked = None
        self.generation += 1

    def watch(self, model: RunModel, is_read: bool) -> None:
        """Begin a check if there is something new, and time. Called often.

        Args:
            model: the run on screen.
            is_read: whether the page that tells all of it is on screen.
        """
        evaluated, dataset = model.evaluated, model.dataset
        if self._busy or evaluated is None or dataset is None or model.moment == self._checked:
            return
        if evaluated.step > model.step or model.repeats_to is not None:
            return  # it is undone, or the run is on its way to where it is wanted
        allowed = self._pace.allowed_at(READ_SHARE if is_read else SHARE)
        if not (allowed or not model.going or self._checked is None):
            self._judge_again(model, dataset)
            return
        if model.replay is None and not self._has_states(model):
            return  # they come between two steps
        self._checked, self._asked, self._busy = model.moment, None, True
        branches: list[RunModel | ForkRunStatus] = [model]
        if model.fork is not None:
            branches.append(model.fork)
        cases = [
            _Case(
                branch,
                branch.history.record(dataset, None),  # what takes longer is for the thread
                branch.evaluated,
                branch.inspected,
            )
            for branch in branches
        ]
        check = partial(self._check, cases, dataset, self.generation)
        # Textual would describe it by all that it is given, with the arrays written out.
        self._app.run_worker(check, thread=True, group="health", description="health")

    def _judge_again(self, model: RunModel, dataset: Dataset) -> None:
        """Whether what was found still holds, by the epochs since: the layers are not looked at."""
        if model.evaluated is self._judged or not self._again.allowed:
            return
        self._judged = model.evaluated
        for branch in (model, model.fork):
            before = None if branch is None else branch.health
            if branch is None or before is None or not before.findings:
                continue
            known = before.record
            with self._again:
                record = replace(
                    branch.history.record(dataset, None),
                    doubts=known.doubts,
                    training_check=known.training_check,
                )
                health = check_health(record, None, None, None)
            # Numbers change with each epoch, which is no reason to draw the view anew.
            if not {each.rule for each in before.findings} <= {e.rule for e in health.findings}:
                self._app.post_message(Checked(branch, health, self.generation))

    def _has_states(self, model: RunModel) -> bool:
        """Whether the states of the run and its fork have come; if not, they are asked for."""
        inspector, inspected = self._app.inspector, model.inspected
        if inspector.answered(model):
            return True
        if self._asked is not None and self._asked[0] is model and inspected is not None:
            new = inspected is not self._asked[1] and inspected.step <= model.step
            if new and model.going and model.epoch - inspected.epoch <= LATE:
                return inspector.has_fork(model)
        inspector.ask(model)
        if self._asked is None or self._asked[0] is not model:
            self._asked = model, inspected
        return False

    def _check(self, cases: Sequence[_Case], dataset: Dataset, generation: int) -> None:
        """Check one evaluation. Called in a thread."""
        measured: Pace | nullcontext[None] = self._pace if self._practised else nullcontext()
        found: list[Checked] = []
        with measured, suppress(MemoryError):  # the next check may find some
            for branch, record, evaluated, inspected in cases:
                inspection = None
                if inspected is not None:
                    layers = self._app.inspector.layers(inspected, dataset)
                    inspection = inspection_of(inspected, layers.facts)
                health = check_health(record, dataset, evaluated, inspection)
                found.append(Checked(branch, health, generation))
        self._practised, self._busy = True, False  # before anybody can know of it
        for message in found:
            self._app.post_message(message)
