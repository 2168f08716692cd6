"""What a run went through, as far as the rules on its health look at it: small lists, bounded."""

from __future__ import annotations

from collections import deque
from copy import copy

import numpy as np

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.insight.health.doubts import doubts_of
from digit_tui.insight.health.record import (
    Batches,
    EpochFacts,
    Inspection,
    Record,
    SettingChange,
    Trouble,
)
from digit_tui.run.commands import Lineage, SetBatchSize
from digit_tui.run.events import (
    Diverged,
    EpochEnded,
    Evaluated,
    Paused,
    Restored,
    Resumed,
    RunStarted,
    SettingChanged,
    Spiked,
    StepsDone,
    WentBack,
)
from digit_tui.run.health_record import (
    EPOCHS,
    change_of,
    changes_in,
    facts_of_event,
    facts_of_line,
    record_of,
)
from digit_tui.run.lineage import position, shared_length
from digit_tui.run.settings import Settings
from digit_tui.session.runner import RunnerEvent

CHANGES = 200
INSPECTIONS = 50
BATCHES = 50
"""Events with steps, of which ten come a second."""


class RunHistory:
    """The epochs, changes and inspections that led to where a run is; what is undone is dropped.

    Attributes:
        inspections: the latest ones.
    """

    def __init__(self, config: RunConfig) -> None:
        self._config = config
        self._settings = Settings.of(config)
        self._epochs: deque[EpochFacts] = deque(maxlen=EPOCHS)
        self._best: EpochFacts | None = None
        self._changes: deque[SettingChange] = deque(maxlen=CHANGES)
        self._steps: deque[StepsDone] = deque(maxlen=BATCHES)
        self._trouble: Trouble | None = None
        self._place = (0, 0.0)
        self.inspections: deque[Inspection] = deque(maxlen=INSPECTIONS)

    def ingest(self, event: RunnerEvent, dataset: Dataset | None) -> None:
        """Take in an event of the run.

        Args:
            event: what happened.
            dataset: the run's, once it is loaded.
        """
        match event:
            case RunStarted(settings=settings):
                self._settings = settings
            case StepsDone():
                self._place = event.step, event.epoch
                self._steps.append(event)
            case EpochEnded():
                self._add_epoch(facts_of_event(event))
            case SettingChanged():
                self._changes.append(change_of(event, self._settings))
                self._settings = event.settings
            case Restored() if dataset is not None:
                self._restore(event, len(dataset.train_labels))
            case WentBack() if dataset is not None:
                self._go_back(event, len(dataset.train_labels))
            case (
                Diverged(step=step, epoch=epoch, message=words)
                | Spiked(step=step, epoch=epoch, message=words)
            ):
                self._trouble = Trouble(step, epoch, words)
            case Paused(step=step, epoch=epoch, words=words, back_to=back_to):
                if words:
                    self._trouble = Trouble(step, epoch, words)
                if self._trouble is not None and back_to is not None:
                    self._trouble = self._trouble._replace(back_to=back_to)
            case Resumed():
                self._trouble = None
            case _:
                pass

    @property
    def way_back(self) -> float | None:
        """The epoch that undo leads to out of a trouble in which the run is paused."""
        return None if self._trouble is None else self._trouble.back_to

    def add_inspection(self, inspection: Inspection) -> None:
        """Add a look of a front end; of one step, with several settings, the last counts."""
        while self.inspections and self.inspections[-1].step == inspection.step:
            self.inspections.pop()
        self.inspections.append(inspection)

    def record(self, dataset: Dataset, evaluated: Evaluated | None) -> Record:
        """What is known of the run now.

        Args:
            dataset: the run's.
            evaluated: its latest evaluation of the monitored split.
        """
        _, labels = dataset.split(self._config.monitored_split)
        step, epoch = self._place
        doubts = None
        if evaluated is not None:
            doubts = doubts_of(evaluated.evaluation, evaluated.history)
        return record_of(
            self._config,
            self._settings,
            (len(dataset.train_labels), len(labels), dataset.classes),
            step=step,
            epoch=epoch,
            epochs=self._with_best(),
            inspections=tuple(self.inspections),
            changes=tuple(self._changes),
            batches=tuple(map(_batches, self._steps)),
            trouble=self._trouble,
            doubts=doubts,
        )

    def _with_best(self) -> tuple[EpochFacts, ...]:
        if self._best is None or (self._epochs and self._best.epoch >= self._epochs[0].epoch):
            return tuple(self._epochs)
        return (self._best, *self._epochs)

    def _add_epoch(self, epoch: EpochFacts) -> None:
        self._place = epoch.step, float(epoch.epoch)
        # After going back, epochs that are repeated take the place of those before.
        while self._epochs and self._epochs[-1].epoch >= epoch.epoch:
            self._epochs.pop()
        self._epochs.append(epoch)
        if self._best is None or epoch.loss < self._best.loss:
            self._best = epoch

    def _restore(self, event: Restored, images: int) -> None:
        config = self._config.for_images(images)
        for line in event.epochs:
            self._add_epoch(facts_of_line(line, config.monitored_split))
        self._set_changes(event.lineage, images)
        self._settings, self._place = event.settings, (event.step, event.epoch)

    def _set_changes(self, lineage: Lineage, images: int) -> None:
        config = self._config.for_images(images)
        sizes = tuple(each for each in lineage if isinstance(each.command, SetBatchSize))
        places = [position(step, sizes, config.batch_size, images) for step, _ in lineage]
        self._changes.clear()
        self._changes.extend(changes_in(lineage, config, places))

    def _go_back(self, event: WentBack, images: int) -> None:
        """Drop what is undone: all that came after the last command that both moments share."""
        shared = event.lineage[: shared_length(event.lineage, event.from_lineage)]
        differing = event.from_lineage[len(shared) :] + event.lineage[len(shared) :]
        valid = min([event.step, *(each.step for each in differing)])
        self._cut(valid)
        self._set_changes(event.lineage, images)
        self._settings, self._place = event.settings, (event.step, event.epoch)
        self._trouble = None

    def _cut(self, step: int) -> None:
        for kept in (self._epochs, self._steps, self.inspections):
            while kept and kept[-1].step > step:
                kept.pop()
        if self._best is not None and self._best.step > step:
            finite = [each for each in self._epochs if each.loss == each.loss]
            self._best = min(finite, key=lambda each: each.loss, default=None)

    def of_fork(self) -> RunHistory:
        """The history of a fork, which goes on from here: its own changes are told as events."""
        fork = RunHistory(self._config)
        for name, value in vars(self).items():
            setattr(fork, name, copy(value))
        return fork


def _batches(event: StepsDone) -> Batches:
    loss = float(np.mean(event.losses, dtype=np.float64))
    return Batches(event.step, len(event.losses), loss)
