"""What the screens show of a run: built from its events, drawn by the widgets.

Taking in and drawing are separate: a redraw or a resize never adds a point.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic
from typing import Literal

import numpy as np

from digit_tui.config import RunConfig
from digit_tui.data import Dataset, printable
from digit_tui.nn import Evaluation
from digit_tui.runner import Failed, Loaded, News
from digit_tui.training import describe
from digit_tui.training.describe import PAUSES, RESUMED
from digit_tui.training.events import (
    CheckpointSaved,
    Diverged,
    EpochEnded,
    Evaluated,
    Event,
    Forked,
    ForkEnded,
    Moment,
    OfFork,
    Paused,
    Refused,
    Restored,
    Resumed,
    RunEnded,
    RunStarted,
    SaveFailed,
    SettingChanged,
    Spiked,
    StepsDone,
    TimelineChanged,
    WentBack,
)
from digit_tui.training.state import Settings
from digit_tui.tui.curves import Branch, Curves

LOG_LINES = 1_000
"""The log forgets older lines."""
RATE_SECONDS = 15.0
"""The time left is reckoned from the speed over this time."""
BRANCHES = 8
"""So many undone branches stay on the charts."""

State = Literal["loading", "training", "paused", "finished", "diverged", "spike", "ended"]


@dataclass
class LogLine:
    """One line of the log."""

    kind: Literal["note", "epoch", "change", "trouble"]
    text: str


@dataclass(eq=False)
class ForkModel:
    """The copy that trains beside a run."""

    words: str
    """What it does otherwise."""
    start: float
    """The epoch at which it began."""
    curves: Curves
    settings: Settings
    evaluation: Evaluation | None
    run: str | None
    """Its folder."""


class RunModel:
    """One run as a person sees it. Every field is what the trainer confirmed."""

    def __init__(self, config: RunConfig, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self.config = config
        self.settings = Settings.of(config)
        self.state: State = "loading"
        self.dataset: Dataset | None = None
        self.network: tuple[int, ...] = ()
        self.run: str | None = None
        self.failure: Failed | None = None
        self.replay: str | None = None
        """How a run is shown again, in words."""

        self.step = 0
        self.epoch = 0.0
        self.learning_rate: float | None = None
        self.images_per_second = 0.0
        self.saved_step = 0
        self.evaluation: Evaluation | None = None

        self.save_trouble: str | None = None
        self.curves = Curves()
        self.branches: deque[Branch] = deque(maxlen=BRANCHES)
        self.moments: list[Moment] = []
        self.fork: ForkModel | None = None
        self.log: deque[LogLine] = deque(maxlen=LOG_LINES)

        self._last_change: SettingChanged | None = None
        self._speed: deque[tuple[int, float]] = deque(maxlen=20)
        self._track: deque[tuple[float, float]] = deque()

    def seconds_left(self) -> float | None:
        """Time until all epochs are done at the present speed, evaluations included."""
        if self.state != "training" or len(self._track) < 2:
            return None
        (started, since), (now, position) = self._track[0], self._track[-1]
        if now - started < 1 or position <= since:
            return None
        remaining = self.settings.epochs - position
        # What has passed since the last news counts down, so that the figure never stands still.
        return max(remaining * (now - started) / (position - since) - (self._clock() - now), 0)

    def say(self, kind: Literal["note", "change", "trouble"], text: str) -> None:
        """Add a line to the log."""
        self.log.append(LogLine(kind, printable(text)))

    def take_in(self, event: News) -> None:
        """Learn what happened."""
        match event:
            case Loaded(dataset):
                self.dataset = dataset
                self.say("note", describe.loaded(dataset))
            case RunStarted():
                self.state = "training"
                self.settings = event.settings
                self.network = event.network
                self.run = printable(event.run) if event.run else None
                self._restart_clock()
                self.say("note", describe.run_started(event))
            case StepsDone():
                self._take_in_steps(event)
            case Evaluated():
                self.evaluation = event.evaluation
                self.curves.add_evaluation(event)
            case EpochEnded():
                self._say_epoch(event)
            case SettingChanged():
                self.settings = event.settings
                if event.setting == "learning_rate":
                    self.learning_rate = None  # until a step was made with it
                self._take_in_change(event)
            case Restored():
                self._take_in_restored(event)
            case WentBack():
                self._take_in_way_back(event)
            case TimelineChanged(moments):
                self.moments = moments
            case Forked():
                self._take_in_fork(event)
            case OfFork(inner):
                self._take_in_of_fork(inner)
            case ForkEnded():
                self._take_in_fork_end(event)
            case Paused(reason=reason):
                self._take_in_pause(reason)
            case Resumed():
                self.state = "training"
                self._restart_clock()
                if self.log and self.log[-1].text in (PAUSES["batch"], PAUSES["epoch"]):
                    self.log.pop()  # steps in a row leave one line
                else:
                    self.say("note", RESUMED)
            case Refused(message=message):
                self.say("trouble", message)
            case Diverged(message=message) | Spiked(message=message):
                self.say("trouble", message)
            case CheckpointSaved():
                self.saved_step = event.step
                self.save_trouble = None
                if event.asked:
                    self.say("note", describe.saved(event))
            case SaveFailed(message=message):
                if message != self.save_trouble:
                    self.say("trouble", describe.not_saved(message))
                self.save_trouble = message
            case RunEnded():
                self.state = "ended"
            case Failed():
                self.failure = event
                self.state = "ended"
                self.say("trouble", event.message)

    def _take_in_steps(self, event: StepsDone) -> None:
        self.step = event.step
        self.epoch = event.epoch
        self.learning_rate = event.learning_rate
        self.curves.add_steps(event)
        self._speed.append((event.images, event.seconds))
        images, seconds = np.sum(self._speed, axis=0)
        self.images_per_second = float(images / seconds) if seconds else 0.0
        now = self._clock()
        self._track.append((now, event.epoch))
        while self._track[0][0] < now - RATE_SECONDS:
            self._track.popleft()

    def _take_in_change(self, event: SettingChanged) -> None:
        last = self._last_change
        again = last is not None and (last.step, last.setting) == (event.step, event.setting)
        if last is not None and again and self.log[-1].kind == "change":
            # Quick key presses are one change.
            event = replace(event, old=last.old)
            self.log.pop()
            if event.new == event.old:  # taken back at once
                if event.setting != "epochs":
                    self.curves.marks.pop()
                self._last_change = None
                return
        elif event.setting != "epochs":  # a longer run changes no curve
            self.curves.marks.append(event.epoch)
        self._last_change = event
        self.say("change", describe.setting_changed(event))

    def _take_in_pause(self, reason: str) -> None:
        if reason == "finished":
            self.state = "finished"
            self.say("note", describe.all_done("press e", "q"))
        elif reason in ("diverged", "spike"):
            self.state = "diverged" if reason == "diverged" else "spike"
            self.say("trouble", describe.after_trouble("u"))
        else:
            self.state = "paused"
            # Single steps leave one line, not two for each.
            while reason != "asked" and self.log and self.log[-1].text in (RESUMED, PAUSES[reason]):
                self.log.pop()
            self.say("note", PAUSES[reason])

    def _take_in_restored(self, event: Restored) -> None:
        """Draw what was before this program was started."""
        for complaint in event.complaints:
            self.say("trouble", complaint)
        for line in event.epochs:
            self.curves.add_epoch(line)
        steps = [0, *(line["step"] for line in event.epochs)]
        epochs = [0, *(line["epoch"] for line in event.epochs)]
        changes = {taken.step for taken in event.course}
        self.curves.marks += [float(np.interp(step, steps, epochs)) for step in sorted(changes)]
        self.step, self.epoch, self.saved_step = event.step, event.epoch, event.step
        self.settings = event.settings
        self._restart_clock()
        self.say("note", describe.restored(event))

    def _take_in_way_back(self, event: WentBack) -> None:
        """Leave a branch on the charts, and stand where the run stands."""
        course, curves, start = event.course, self.curves, event.epoch
        left = None
        if course != event.from_course[: len(course)]:  # onto a branch that was left before
            ways = (way for way in self.branches if course == way.course[: len(course)])
            left = max(ways, key=lambda way: way.start, default=None)
        if left is not None:
            start = min(left.start, start)
        rest = curves.cut(start)
        if left is not None:
            curves.extend(left.curves, event.epoch)
        if len(rest.train_loss):
            self.branches.append(Branch(start, event.from_course, rest))
        self.step, self.epoch = event.step, event.epoch
        self.settings, self.learning_rate = event.settings, None
        self._last_change = None
        self._restart_clock()
        self.say("change", describe.went_back(event))

    def _take_in_fork(self, event: Forked) -> None:
        words = ", ".join(event.changes)
        self.fork = ForkModel(
            words, event.epoch, Curves(), event.settings, self.evaluation, event.run
        )
        self.curves.marks.append(event.epoch)
        self.say("change", describe.forked(event))

    def _take_in_of_fork(self, event: Event) -> None:
        fork = self.fork
        if fork is None:
            return
        match event:
            case StepsDone():
                fork.curves.add_steps(event)
            case Evaluated():
                fork.evaluation = event.evaluation
                fork.curves.add_evaluation(event)
            case SettingChanged():
                fork.settings = event.settings
            case Diverged(message=message):
                self.say("trouble", f"fork: {message}")
            case SaveFailed():
                self.take_in(event)

    def _take_in_fork_end(self, event: ForkEnded) -> None:
        fork, self.fork = self.fork, None
        if fork is None:
            return
        if event.kept == "fork":
            left = self.curves.cut(fork.start)
            self.curves.marks.append(fork.start)
            self.curves.extend(fork.curves, float("inf"))
            self.settings, self.learning_rate = fork.settings, None
            self.evaluation = fork.evaluation
            self.run = printable(fork.run) if fork.run else None
        else:
            left = fork.curves
        self.branches.append(Branch(fork.start, (), left))
        self.say("change", describe.fork_ended(event))

    def _say_epoch(self, event: EpochEnded) -> None:
        """One line for epochs in a row, so that quick ones do not push everything else out."""
        text = describe.epoch_ended(event)
        if self.log and self.log[-1].kind == "epoch":
            self.log[-1].text = text
        else:
            self.log.append(LogLine("epoch", text))

    def _restart_clock(self) -> None:
        self._track.clear()
        self._track.append((self._clock(), self.epoch))
