"""Looks after the health of the run on screen, and of its fork: now and then, in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple, Protocol

from textual.message import Message
from textual.worker import Worker

from digit_tui.data import Dataset
from digit_tui.insight.health.record import Record
from digit_tui.run.events import Evaluated, Inspected
from digit_tui.run.health_record import inspection_of
from digit_tui.session.health_check import Health, check_health
from digit_tui.session.run_status import ForkRunStatus
from digit_tui.training.pace import Pace
from digit_tui.tui.inspector import Inspector
from digit_tui.tui.state.run_model import RunModel

SHARE = 0.005
"""The most of the time that it may take beside training."""


class Checked(Message):
    """The health of a run or a fork was checked."""

    def __init__(self, branch: RunModel | ForkRunStatus, health: Health) -> None:
        """Tell of it.

        Args:
            branch: the run, or the fork.
            health: what was found.
        """
        super().__init__()
        self.branch = branch
        self.health = health


class Patient(Protocol):
    """The app whose run is looked after."""

    inspector: Inspector

    def post_message(self, message: Message) -> bool:
        """Post a message, from any thread."""

    def run_worker(self, work: partial[None], *, thread: bool, group: str) -> Worker[None]:
        """Do something in a thread."""


class _Case(NamedTuple):
    """What is to be checked."""

    branch: RunModel | ForkRunStatus
    record: Record
    evaluated: Evaluated | None
    inspected: Inspected | None


class HealthWatch:
    """Checks at each evaluation, or at as many as there is time for."""

    def __init__(self, app: Patient) -> None:
        self._app = app
        self._pace = Pace(SHARE)
        self._busy = False
        self._checked: Evaluated | None = None

    def watch(self, model: RunModel) -> None:
        """Begin a check if there is something new, and time. Called often."""
        evaluated, dataset = model.evaluated, model.dataset
        if self._busy or evaluated is None or dataset is None or evaluated is self._checked:
            return
        if not (self._pace.allowed or not model.going or self._checked is None):
            return
        if model.replay is None and not self._app.inspector.answered(model):
            self._app.inspector.ask(model)
            return  # the answer comes between two steps
        self._checked, self._busy = evaluated, True
        branches: list[RunModel | ForkRunStatus] = [model]
        if model.fork is not None:
            branches.append(model.fork)
        cases = [
            _Case(
                branch,
                branch.history.record(dataset, branch.evaluated),
                branch.evaluated,
                branch.inspected,
            )
            for branch in branches
        ]
        check = partial(self._check, cases, dataset)
        self._app.run_worker(check, thread=True, group="health")

    def _check(self, cases: Sequence[_Case], dataset: Dataset) -> None:
        """Check one evaluation. Called in a thread."""
        with self._pace, suppress(MemoryError):  # the next check may find some
            for branch, record, evaluated, inspected in cases:
                inspection = None
                if inspected is not None:
                    layers = self._app.inspector.layers(inspected, dataset)
                    inspection = inspection_of(inspected, layers.facts)
                health = check_health(record, dataset, evaluated, inspection)
                self._app.post_message(Checked(branch, health))
        self._busy = False
