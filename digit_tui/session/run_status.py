"""The state of a run, as the trainer has confirmed it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import Literal

from digit_tui.config import RunConfig
from digit_tui.data import Dataset, printable
from digit_tui.nn import Evaluation
from digit_tui.run.changes import settings_along
from digit_tui.run.commands import Lineage
from digit_tui.run.events import (
    BranchEvent,
    CheckpointSaved,
    EpochEnded,
    Evaluated,
    Event,
    Forked,
    ForkEnded,
    Paused,
    Refused,
    Restored,
    Resumed,
    RunEnded,
    RunStarted,
    SaveFailed,
    SettingChanged,
    SnapshotInfo,
    StepsDone,
    Teaching,
    TimelineChanged,
    WentBack,
)
from digit_tui.run.lineage import changes_weights_at, is_ancestor
from digit_tui.run.settings import Settings, scheduled_rate
from digit_tui.run.teacher_words import teacher_words
from digit_tui.session.failures import Failed
from digit_tui.session.fork_status import NEARLY, ForkRunStatus
from digit_tui.session.progress_clock import ProgressClock
from digit_tui.session.run_history import RunHistory
from digit_tui.session.runner import Loaded, RunnerEvent
from digit_tui.training.snapshots import is_clearly_less

State = Literal["loading", "training", "paused", "finished", "diverged", "spike", "ended"]

PAUSED: dict[str, State] = {"finished": "finished", "diverged": "diverged", "spike": "spike"}
"""States of a run that has paused for these reasons."""
TROUBLES = ("diverged", "spike")
GOES_ON_NO_MORE = ("finished", "diverged")
"""States from which more steps do not help: what diverged would do so again."""
LOST_EPOCHS = 1.0
"""So much training is worth a question before it is lost."""
GOING = ("loading", "training")
MORE_EPOCHS = 10
"""So many a key, or a line, adds to a run that is done."""


class RunStatus:
    """The state of a run, from the events that came. Every field is confirmed by the trainer."""

    def __init__(self, config: RunConfig, clock: Callable[[], float] = monotonic) -> None:
        self.config = config
        self.settings = Settings.of(config)
        self.state: State = "loading"
        self.dataset: Dataset | None = None
        self.teacher = ""
        """Whom it is distilled from, in short; "" if it learns from the labels alone."""
        self.network: tuple[int, ...] = ()
        """Layer widths, inputs first, classes last."""
        self.run: str | None = None
        """The run's folder, safe to print."""
        self.folder: str | None = None
        """The run's folder, unchanged."""
        self.step = 0
        self.epoch = 0.0
        self.repeats_to: float | None = None
        """The epoch up to which it computes again what it did before; None if it does not."""
        self.left_at: float | None = None
        """Of a run that is replayed: the epoch at which it was left."""
        self.learning_rate: float | None = None
        """After the schedule, of the last step; in a pause of the next one. At first None."""
        self.rate_factor: float | None = None
        """What the optimizer multiplied it by in the last step; None if it finds no factor."""
        self.rate_falls = True
        """Whether the schedule has lowered it of late."""
        self.batch_loss: float | None = None
        """Of the last step, in nats."""
        self.evaluated: Evaluated | None = None
        """The latest evaluation of the monitored split."""
        self.test_evaluated: Evaluated | None = None
        """The latest evaluation of the test set, if the held-out set is monitored."""
        self.shows_test = False
        """Whether a person wants to see the test set instead of the monitored split."""
        self.test_opened: int | None = None
        """The step at which the test set was first evaluated."""
        self.fork: ForkRunStatus | None = None
        self.teaching = False
        """Whether the run, or a fork that is being made, is taught drawings now."""
        self.snapshots: list[SnapshotInfo] = []
        self.saved: CheckpointSaved | None = None
        """The last checkpoint that this process saved."""
        self.saved_step = 0
        """The step of the last checkpoint, by whichever process."""
        self.lost_from = 0.0
        """The epoch from which what it went back from is not its own way any more."""
        self.went_back_to = 0.0
        """The epoch that the run was taken back to last."""
        self._went_back_key: tuple[int, Lineage] = 0, ()  # the same as a step and its commands
        self._changed_since = False  # whether a setting was changed since then
        self.save_trouble: str | None = None
        """Why the last attempt to save failed."""
        self.failure: Failed | None = None
        self.ended: RunEnded | None = None
        # The last step with networks before and after it.
        self._weights_changed_at: int | None = None
        self.history = RunHistory(config)
        self._progress = ProgressClock(clock)

    @property
    def evaluation(self) -> Evaluation | None:
        """The latest evaluation of the monitored split."""
        return None if self.evaluated is None else self.evaluated.evaluation

    @property
    def shown(self) -> Evaluated | None:
        """The evaluation that a person wants to see."""
        return self.test_evaluated if self.shows_test else self.evaluated

    @property
    def going(self) -> bool:
        """Whether it is training, or loading to train."""
        return self.state in GOING

    @property
    def all_done(self) -> bool:
        """Whether all its epochs are done."""
        return self.epoch >= self.settings.epochs

    @property
    def further_rate(self) -> float | None:
        """The learning rate with which ten more epochs would begin; None before all are done."""
        return self.further_rate_with(self.settings) if self.all_done else None

    def settings_at(self, lineage: Lineage) -> Settings:
        """The settings that some commands lead to."""
        if self.dataset is None:
            return self.settings
        config = self.config.for_images(len(self.dataset.train_labels))
        return settings_along(lineage, config)[-1]

    def further_rate_with(self, settings: Settings) -> float:
        """The learning rate with which ten more epochs would begin under some settings."""
        longer = replace(settings, epochs=self.settings.epochs + MORE_EPOCHS)
        return scheduled_rate(longer, self.config.schedule, self.epoch)

    @property
    def images_per_second(self) -> float:
        """The recent speed, without pauses and evaluations; 0 if unknown."""
        return self._progress.images_per_second

    def seconds_left(self) -> float | None:
        """Time until all epochs are done, or until the run is where it went back to.

        At the present speed, evaluations included.
        """
        if self.state != "training" or self.teaching:
            return None
        return self._progress.seconds_until(self.goes_to)

    @property
    def goes_to(self) -> float:
        """The epoch at which it will have got where it is going."""
        if self.repeats_to is not None:
            return self.repeats_to
        return self.settings.epochs if self.left_at is None else self.left_at

    def ingest(self, event: RunnerEvent) -> None:
        """Update the state by an event."""
        self.history.ingest(event, self.dataset)
        match event:
            case Loaded(dataset):
                self.dataset = dataset
            case Failed():
                self.failure = event
                self.state = "ended"
            case RunStarted():
                self.state = "training"
                self.settings, self.network = event.settings, event.network
                self.teacher = teacher_words(event.teacher)
                self._set_folder(event.run)
                self._progress.start(self.epoch)
            case Restored() | WentBack():
                self.step, self.epoch, self.settings = event.step, event.epoch, event.settings
                self.repeats_to, self.batch_loss = None, None
                self._expect_rate(event.epoch)
                if isinstance(event, WentBack):
                    self.went_back_to, self._changed_since = event.aim_epoch, False
                    self._went_back_key = event.step + event.ahead, event.aim_lineage
                    left = self._left_moment
                    again = left is not None and event.from_epoch < left.epoch
                    since = self.lost_from if again else event.aim_epoch
                    self.lost_from = min(since, event.aim_epoch)
                    if event.ahead:
                        self.repeats_to = event.aim_epoch
                if isinstance(event, Restored):
                    if event.ahead:
                        self.repeats_to = event.aim_epoch
                    self.saved_step, self.test_opened = event.step, event.test_opened
                if changes_weights_at(event.step, event.lineage):
                    self._weights_changed_at = event.step
                self._progress.start(self.epoch)
            case StepsDone():
                self._ingest_steps(event)
            case EpochEnded():
                self._move_on(event.step, float(event.epoch))
            case Evaluated():
                self._ingest_evaluated(event)
            case Teaching():
                self.teaching = True
            case Refused():
                self._end_teaching()
            case SettingChanged():
                self.settings, self._changed_since = event.settings, True
                if event.effect is not None:
                    self._weights_changed_at = event.step
                    self._end_teaching()
                if event.setting in ("learning_rate", "epochs"):
                    self._expect_rate(event.epoch)
            case TimelineChanged(snapshots):
                self.snapshots = snapshots
                self._show_accuracy_of_now()
            case Paused(reason=reason):
                self.state = PAUSED.get(reason, "paused")
                before = self.learning_rate
                self._expect_rate(event.epoch)
                self._see_rate_change(before)
            case Resumed():
                self.state = "training"
                self._progress.start(self.epoch)
            case CheckpointSaved():
                self.saved, self.saved_step, self.save_trouble = event, event.step, None
            case SaveFailed(message=message):
                self.save_trouble = message
            case RunEnded():
                self.ended = event
                self.state = "ended"
            case Forked():
                history = self.history.of_fork()
                split = self.config.monitored_split
                self.fork = ForkRunStatus(event, event.settings, self.evaluated, history, split)
                self.fork.compare(self.evaluated)
            case BranchEvent(inner):
                self._ingest_from_fork(inner)
            case ForkEnded():
                self._ingest_fork_end(event)
            case _:
                pass

    def _show_accuracy_of_now(self) -> None:
        """A snapshot has the accuracy of the evaluation before it; this one may be newer."""
        now = self.evaluated
        if now is None or now.step != self.step or now.step == self._weights_changed_at:
            return
        accuracy = now.evaluation.accuracy
        for place, each in enumerate(self.snapshots):
            if each.step == now.step and not each.undone and each.accuracy != accuracy:
                self.snapshots = [*self.snapshots]
                self.snapshots[place] = replace(each, accuracy=accuracy)

    def _expect_rate(self, epoch: float) -> None:
        """The learning rate is no longer that of the last step: it will be another in the next."""
        self.learning_rate = scheduled_rate(self.settings, self.config.schedule, epoch)

    def _end_teaching(self) -> None:
        if self.teaching:
            self.teaching = False
            self._progress.start(self.epoch)  # its seconds say nothing of the speed

    @property
    def _left_moment(self) -> SnapshotInfo | None:
        return next((each for each in self.snapshots if each.left_behind), None)

    @property
    def trained_on(self) -> bool:
        """Whether it has trained an epoch or more since it was taken back.

        What comes again on the way to the moment that it left does not count.
        """
        trained = self.repeats_to is None and self.epoch - self.went_back_to >= LOST_EPOCHS
        return trained and (self._changed_since or not self._leads_to_left(self.step))

    @property
    def on_another_way(self) -> bool:
        """Whether it was taken to where no way leads to the moment that it left."""
        return self._left_moment is not None and not self._leads_to_left(self._went_back_key[0])

    def _leads_to_left(self, step: int) -> bool:
        """Whether the moment that it left comes after a step, with the settings it went back to."""
        left, (_, lineage) = self._left_moment, self._went_back_key
        return left is not None and is_ancestor(step, lineage, left.step, left.lineage)

    @property
    def left_behind(self) -> SnapshotInfo | None:
        """The moment that the run went back from, and that is lost when a person quits now.

        That is an epoch ahead or more of where the run is, and was not clearly worse; while the run
        is on its way back any moment that is later than where it is going.
        """
        left = self._left_moment
        if left is None:
            return None
        if self.repeats_to is not None:
            return left if left.epoch > self.repeats_to + NEARLY else None
        if left.epoch - self.epoch < LOST_EPOCHS:
            return None
        now = None if self.evaluated is None else self.evaluated.evaluation.accuracy
        return None if is_clearly_less(left.accuracy, now) else left

    def _ingest_steps(self, event: StepsDone) -> None:
        self._move_on(event.step, event.epoch)
        before, self.learning_rate = self.learning_rate, event.learning_rate
        self._see_rate_change(before)
        self.batch_loss = float(event.losses[-1])
        self.rate_factor = event.rate_factor
        self._progress.add_steps(event.images, event.seconds)

    def _see_rate_change(self, before: float | None) -> None:
        if before is not None and self.learning_rate not in (None, before):
            self.rate_falls = self.learning_rate < before

    def _move_on(self, step: int, epoch: float) -> None:
        self.step, self.epoch = step, epoch
        if self.repeats_to is not None and epoch > self.repeats_to - NEARLY:
            self.repeats_to = None
        self._progress.move_on(epoch)

    def _ingest_evaluated(self, event: Evaluated) -> None:
        if event.split == self.config.monitored_split:
            self.evaluated = event
            self._show_accuracy_of_now()
            if self.fork is not None:
                self.fork.compare(event)
            return
        self.test_evaluated, self.shows_test = event, True
        if self.test_opened is None:
            self.test_opened = event.step

    def _ingest_from_fork(self, event: Event) -> None:
        fork = self.fork
        if fork is None:
            return
        fork.ingest(event, self.dataset, self.evaluated)
        if isinstance(event, SettingChanged) and event.effect is not None:
            self._end_teaching()
        elif isinstance(event, SaveFailed):
            self.ingest(event)

    def _ingest_fork_end(self, event: ForkEnded) -> None:
        fork, self.fork = self.fork, None
        if fork is not None and event.kept == "fork":
            self.settings, self.history = fork.settings, fork.history
            self._expect_rate(self.epoch)
            self.evaluated, self._weights_changed_at = fork.evaluated, fork.weights_changed_at
            self._set_folder(fork.forked.run)

    def _set_folder(self, folder: str | None) -> None:
        self.folder, self.run = folder, printable(folder) if folder else None
