"""What the screens show of a run: built from its events, drawn by the widgets.

Taking in and drawing are separate: a redraw or a resize never adds a point.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Literal

import numpy as np

from digit_tui.config import RunConfig
from digit_tui.data import Dataset, printable
from digit_tui.nn import Evaluation
from digit_tui.training.describe import setting_change
from digit_tui.training.events import (
    CheckpointSaved,
    Diverged,
    EpochEnded,
    Evaluated,
    Event,
    Paused,
    Refused,
    Resumed,
    RunEnded,
    RunStarted,
    SaveFailed,
    SettingChanged,
    StepsDone,
)
from digit_tui.training.state import Settings
from digit_tui.tui.runner import Failed, Loaded
from digit_tui.tui.series import Series, Smoother

LOG_LINES = 1_000
"""The log forgets older lines."""
RATE_SECONDS = 15.0
"""The time left is reckoned from the speed over this time."""

State = Literal["loading", "training", "paused", "finished", "diverged", "ended"]

RESUMED = "training on"
PAUSES = {
    "asked": "paused",
    "batch": "paused after one batch",
    "epoch": "paused after one epoch",
}


@dataclass
class LogLine:
    """One line of the log."""

    kind: Literal["note", "epoch", "change", "trouble"]
    text: str


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

        self.step = 0
        self.epoch = 0.0
        self.learning_rate: float | None = None
        self.images_per_second = 0.0
        self.saved_step = 0
        self.evaluation: Evaluation | None = None

        self.train_loss = Series()
        self.train_loss_smooth = Series()
        self.gradient_norm = Series()
        self.gradient_norm_smooth = Series()
        self.test_loss = Series()
        self.test_accuracy = Series()
        self.train_accuracy = Series()
        self.train_accuracy_smooth = Series()
        self.marks: list[float] = []
        self.log: deque[LogLine] = deque(maxlen=LOG_LINES)

        self._last_change: SettingChanged | None = None
        self._smooth_loss = Smoother()
        self._smooth_accuracy = Smoother()
        self._smooth_norm = Smoother()
        self._speed: deque[tuple[int, float]] = deque(maxlen=20)
        self._track: deque[tuple[float, float]] = deque()

    @property
    def unsaved(self) -> bool:
        """Whether quitting now would lose what was learned."""
        return self.step > self.saved_step and self.state != "ended"

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

    def take_in(self, event: Event | Loaded | Failed) -> None:
        """Learn what happened."""
        match event:
            case Loaded(dataset):
                self.dataset = dataset
                self.say(
                    "note",
                    f"{dataset.name}: {len(dataset.train_labels):,} training and "
                    f"{len(dataset.test_labels):,} test images",
                )
            case RunStarted():
                self.state = "training"
                self.settings = event.settings
                self.network = event.network
                self.run = printable(event.run) if event.run else None
                self._restart_clock()
                self.say("note", f"training {event.parameters:,} parameters")
            case StepsDone():
                self._take_in_steps(event)
            case Evaluated():
                self.evaluation = event.evaluation
                if not len(self.test_loss) or event.epoch > self.test_loss.x[-1]:
                    self.test_loss.append(event.epoch, event.evaluation.loss)
                    self.test_accuracy.append(event.epoch, event.evaluation.accuracy)
            case EpochEnded():
                self._say_epoch(event)
            case SettingChanged():
                self.settings = event.settings
                if event.setting == "learning_rate":
                    self.learning_rate = None  # until a step was made with it
                self._take_in_change(event)
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
            case Diverged(message=message):
                self.say("trouble", message)
            case CheckpointSaved(step, path):
                self.saved_step = step
                self.say("note", f"saved step {step:,} in {Path(path).name}")
            case SaveFailed(message=message):
                self.say("trouble", f"not saved: {message}")
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
        self.train_loss.append(event.positions, event.losses)
        self.train_loss_smooth.append(event.positions, self._smooth_loss.add(event.losses))
        accuracies, norms = event.accuracies, event.gradient_norms
        self.train_accuracy.append(event.positions, accuracies)
        self.train_accuracy_smooth.append(event.positions, self._smooth_accuracy.add(accuracies))
        self.gradient_norm.append(event.positions, norms)
        self.gradient_norm_smooth.append(event.positions, self._smooth_norm.add(norms))
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
                    self.marks.pop()
                self._last_change = None
                return
        elif event.setting != "epochs":  # a longer run changes no curve
            self.marks.append(event.epoch)
        self._last_change = event
        self.say("change", f"epoch {event.epoch:.2f}: {setting_change(event)}")

    def _take_in_pause(self, reason: str) -> None:
        if reason == "finished":
            self.state = "finished"
            self.say("note", "all epochs are done: press e for ten more, q to leave")
        elif reason == "diverged":
            self.state = "diverged"
            self.say("trouble", "paused before it: a lower rate ([) may help, else restart (r)")
        else:
            self.state = "paused"
            # Single steps leave one line, not two for each.
            while reason != "asked" and self.log and self.log[-1].text in (RESUMED, PAUSES[reason]):
                self.log.pop()
            self.say("note", PAUSES[reason])

    def _say_epoch(self, event: EpochEnded) -> None:
        """One line for epochs in a row, so that quick ones do not push everything else out."""
        text = f"epoch {event.epoch}: test {event.test_accuracy:.2%}, loss {event.test_loss:.4f}"
        if self.log and self.log[-1].kind == "epoch":
            self.log[-1].text = text
        else:
            self.log.append(LogLine("epoch", text))

    def _restart_clock(self) -> None:
        self._track.clear()
        self._track.append((self._clock(), self.epoch))
