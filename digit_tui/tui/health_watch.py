"""Looks after the health of the run on screen: now and then, in a thread."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Protocol

from textual.message import Message
from textual.worker import Worker

from digit_tui.data import Dataset
from digit_tui.insight.health.record import Record
from digit_tui.run.events import Evaluated, Inspected
from digit_tui.session.health_check import Health, check_health
from digit_tui.training.pace import Pace
from digit_tui.tui.state.run_model import RunModel

SHARE = 0.005
"""The most of the time that it may take beside training."""


class Checked(Message):
    """The health of a run was checked."""

    def __init__(self, model: RunModel, health: Health | None) -> None:
        """Tell of it.

        Args:
            model: the run.
            health: what was found; None if that was impossible, for example for want of memory.
        """
        super().__init__()
        self.model = model
        self.health = health


class Patient(Protocol):
    """The app whose run is looked after."""

    def look_inside(self) -> None:
        """Ask for the state of the run."""

    def post_message(self, message: Message) -> bool:
        """Post a message, from any thread."""

    def run_worker(self, work: partial[None], *, thread: bool, group: str) -> Worker[None]:
        """Do something in a thread."""


class HealthWatch:
    """Checks each evaluation, or as many as there is time for."""

    def __init__(self, app: Patient) -> None:
        self._app = app
        self._pace = Pace(SHARE)
        self._busy = False
        self._asked: Evaluated | None = None
        self._before: Inspected | None = None
        """The answer that there was when the state was asked for."""
        self._checked: Evaluated | None = None

    def watch(self, model: RunModel) -> None:
        """Begin a check if there is something new, and time. Called often."""
        evaluated, dataset = model.evaluated, model.dataset
        if self._busy or evaluated is None or dataset is None or evaluated is self._checked:
            return
        alive = model.replay is None
        if alive and self._asked is not evaluated:
            if self._pace.allowed or not model.going or self._checked is None:
                self._asked, self._before = evaluated, model.inspected
                self._app.look_inside()
            return
        if alive and model.inspected is self._before:
            return  # the answer comes between two steps
        self._checked, self._busy = evaluated, True
        record = model.history.record(dataset, evaluated)
        check = partial(self._check, model, record, dataset, evaluated, model.inspected)
        self._app.run_worker(check, thread=True, group="health")

    def _check(
        self,
        model: RunModel,
        record: Record,
        dataset: Dataset,
        evaluated: Evaluated,
        inspected: Inspected | None,
    ) -> None:
        """Check one evaluation. Called in a thread."""
        health = None
        with self._pace, suppress(MemoryError):  # the next check may find some
            health = check_health(record, dataset, evaluated, inspected)
        self._busy = False
        self._app.post_message(Checked(model, health))
