"""The state of a fork, the copy that trains beside a run, as the trainer has confirmed it."""

from __future__ import annotations

from dataclasses import dataclass

from digit_tui.data import Dataset
from digit_tui.insight.lesson import Lesson
from digit_tui.nn import Evaluation, Network
from digit_tui.run.events import (
    Evaluated,
    Event,
    Forked,
    Inspected,
    RunEnded,
    SettingChanged,
    WentBack,
)
from digit_tui.run.settings import Settings
from digit_tui.session.health_check import Health
from digit_tui.session.run_history import RunHistory

NEARLY = 1e-6
"""A difference between epochs that is due to rounding."""


@dataclass(eq=False)
class ForkRunStatus:
    """The state of the copy that trains beside a run."""

    forked: Forked
    settings: Settings
    evaluated: Evaluated | None
    """The latest evaluation of the monitored split."""
    history: RunHistory
    monitored_split: str
    """validation or test"""
    compared: tuple[Evaluation, Evaluation] | None = None
    """The latest evaluations of the run and of the fork that are of the same moment: of two that
    end an epoch together one comes first."""
    inspected: Inspected | None = None
    """The latest copy of its state that was asked for."""
    health: Health | None = None
    """What ails it, as far as somebody watches."""
    ended: RunEnded | None = None
    lesson: Lesson | None = None
    """How the drawings fare that it was taught."""
    weights_changed_at: int | None = None
    """The last step with networks before and after it."""

    @property
    def words(self) -> str:
        """The settings that it changed, in words, and how drawings fare that it was taught."""
        words = ", ".join(self.forked.changes)
        return words if self.lesson is None else f"{words}: {self.lesson.words}"

    @property
    def evaluation(self) -> Evaluation | None:
        return None if self.evaluated is None else self.evaluated.evaluation

    def ingest(self, event: Event, dataset: Dataset | None, run: Evaluated | None) -> None:
        """Update the state by one of its events.

        Args:
            event: what happened to the fork.
            dataset: that both train on.
            run: the latest evaluation of the run.
        """
        self.history.ingest(event, dataset)
        match event:
            case Evaluated(split=split) if split == self.monitored_split:
                self.evaluated = event
                self.compare(run)
            case SettingChanged():
                self.settings = event.settings
                self.lesson = event.lesson or self.lesson
                if event.effect is not None:
                    self.weights_changed_at = event.step
                    self.compared = None  # the run may have been evaluated at an earlier moment
            case Inspected():
                self.inspected = event
            case WentBack():
                self.health = None  # what was found may be undone
            case RunEnded():
                self.ended = event
            case _:
                pass

    def compare(self, run: Evaluated | None) -> None:
        """Compare with an evaluation of the run, if it is of the same moment as the fork's."""
        own = self.evaluated
        if run is not None and own is not None and abs(run.epoch - own.epoch) < NEARLY:
            self.compared = run.evaluation, own.evaluation


def newest(
    inspected: Inspected | None, evaluated: Evaluated | None
) -> tuple[Network, float] | None:
    """The newer of two networks, as it would be evaluated, and its epoch; None without any."""
    if inspected is not None and (evaluated is None or evaluated.step < inspected.step):
        return inspected.evaluated_network, inspected.epoch
    return None if evaluated is None else (evaluated.network, evaluated.epoch)
