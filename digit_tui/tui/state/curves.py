"""The curves that the charts show of one lineage of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import nan
from typing import Any

from digit_tui.run.commands import Lineage
from digit_tui.run.events import Evaluated, StepsDone
from digit_tui.tui.state.series import Series, Smoother


@dataclass(eq=False)
class Curves:
    """Points over epochs: of each step, of each group of steps, or of each evaluation."""

    train_loss: Series = field(default_factory=Series)
    train_loss_smooth: Series = field(default_factory=Series)
    train_accuracy: Series = field(default_factory=Series)
    train_accuracy_smooth: Series = field(default_factory=Series)
    gradient_norm: Series = field(default_factory=Series)
    gradient_norm_smooth: Series = field(default_factory=Series)
    learning_rate: Series = field(default_factory=Series)
    """After the schedule."""
    images_per_second: Series = field(default_factory=Series)
    images_per_second_smooth: Series = field(default_factory=Series)
    monitored_loss: Series = field(default_factory=Series)
    monitored_accuracy: Series = field(default_factory=Series)

    def __post_init__(self) -> None:
        self._restart()

    def _restart(self, past: Curves | None = None) -> None:
        """Go on smoothing from the last points, of these curves or of others."""
        past = past or self
        self._smooth_loss = Smoother(past=past.train_loss_smooth)
        self._smooth_accuracy = Smoother(past=past.train_accuracy_smooth)
        self._smooth_norm = Smoother(past=past.gradient_norm_smooth)
        self._smooth_speed = Smoother(past=past.images_per_second_smooth)

    def branch(self) -> Curves:
        """Curves without points that go on from these."""
        branch = Curves()
        branch._restart(self)
        return branch

    def add_steps(self, event: StepsDone) -> None:
        """Add the points of some steps."""
        x = event.positions
        self.train_loss.append(x, event.losses)
        self.train_loss_smooth.append(x, self._smooth_loss.add(event.losses))
        self.train_accuracy.append(x, event.accuracies)
        self.train_accuracy_smooth.append(x, self._smooth_accuracy.add(event.accuracies))
        self.gradient_norm.append(x, event.gradient_norms)
        self.gradient_norm_smooth.append(x, self._smooth_norm.add(event.gradient_norms))
        # As a level, not a slope from the group of steps before.
        self.learning_rate.append(x[[0, -1]], event.learning_rate)
        if event.seconds > 0:
            speed = event.images / event.seconds
            self.images_per_second.append(event.epoch, speed)
            self.images_per_second_smooth.append(event.epoch, self._smooth_speed.add([speed]))

    def add_evaluation(self, event: Evaluated) -> None:
        """Add an evaluation, unless there is a later one; of one moment the last counts.

        A command may have changed the weights since.
        """
        if not len(self.monitored_loss) or event.epoch >= self.monitored_loss.x[-1]:
            self.monitored_loss.put(event.epoch, event.evaluation.loss)
            self.monitored_accuracy.put(event.epoch, event.evaluation.accuracy)

    def add_past_evaluation(self, line: Mapping[str, Any], monitored_split: str) -> None:
        """Add one that was made before this program was started; see `add_epoch`."""
        loss = line[f"{monitored_split}_loss"]
        self.monitored_loss.append(line["epoch"], nan if loss is None else loss)
        self.monitored_accuracy.append(line["epoch"], line[f"{monitored_split}_accuracy"])

    def add_epoch(self, line: Mapping[str, Any], monitored_split: str) -> None:
        """Add the means of an epoch that was trained before this program was started.

        Args:
            line: the fields of its EpochEnded.
            monitored_split: the split that the run is monitored with.
        """
        x = line["epoch"]  # NaN is null in JSON
        for name, values in (
            ("train_loss", (self.train_loss, self.train_loss_smooth)),
            ("train_accuracy", (self.train_accuracy, self.train_accuracy_smooth)),
            ("gradient_norm", (self.gradient_norm, self.gradient_norm_smooth)),
            ("learning_rate", (self.learning_rate,)),
            ("images_per_second", (self.images_per_second, self.images_per_second_smooth)),
            (f"{monitored_split}_loss", (self.monitored_loss,)),
            (f"{monitored_split}_accuracy", (self.monitored_accuracy,)),
        ):
            for series in values:
                series.append(x, nan if line[name] is None else line[name])
        self._restart()

    def cut(self, start: float) -> Curves:
        """Remove what is beyond an epoch; returns it."""
        rest = Curves(**{name: series.cut(start) for name, series in self._named()})
        self._restart()
        return rest

    def extend(self, other: Curves, start: float, end: float) -> None:
        """Append a part of other curves: what is beyond one epoch, up to another."""
        for name, series in self._named():
            series.append(*getattr(other, name).between(start, end))
        self._restart()

    def put_evaluations(self, other: Curves, place: float) -> None:
        """Take over what other curves have for an epoch, in place of what these have."""
        for name in ("monitored_loss", "monitored_accuracy"):
            x, y = getattr(other, name).since(place)
            if len(x) and x[0] == place:
                getattr(self, name).put(x[0], y[0])

    @property
    def end(self) -> float:
        """The last epoch that a step was made at."""
        return float(self.train_loss.x[-1]) if len(self.train_loss) else 0.0

    def _named(self) -> list[tuple[str, Series]]:
        return [(each.name, getattr(self, each.name)) for each in fields(self)]


@dataclass(frozen=True, eq=False)
class UndoneCurves:
    """A part of a run that was undone."""

    start: float
    """The epoch at which the run went on differently."""
    lineage: Lineage | None
    """The commands in force at its end; None for a branch of a fork that was ended."""
    curves: Curves
