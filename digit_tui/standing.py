"""How a run stands: what the trainer has confirmed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Literal

import numpy as np

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.runner import Failed, Loaded, News
from digit_tui.training.events import (
    CheckpointSaved,
    EpochEnded,
    Evaluated,
    Event,
    Forked,
    ForkEnded,
    Moment,
    OfFork,
    Paused,
    Restored,
    Resumed,
    RunEnded,
    RunStarted,
    SaveFailed,
    SettingChanged,
    StepsDone,
    TimelineChanged,
    WentBack,
)
from digit_tui.training.state import Settings

State = Literal["loading", "training", "paused", "finished", "diverged", "spike", "ended"]

PAUSED: dict[str, State] = {"finished": "finished", "diverged": "diverged", "spike": "spike"}
"""What a run is when it pauses for these reasons."""
TROUBLES = ("diverged", "spike")
GOING = ("loading", "training")


@dataclass(eq=False)
class ForkStanding:
    """The copy that trains beside a run."""

    forked: Forked
    settings: Settings
    looked: Evaluated | None
    """The last look at the test digits."""
    ended: RunEnded | None = None


class Standing:
    """A run as far as it has told."""

    def __init__(self, config: RunConfig, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self.config = config
        self.settings = Settings.of(config)
        self.state: State = "loading"
        self.dataset: Dataset | None = None
        self.network: tuple[int, ...] = ()
        self.step = 0
        self.epoch = 0.0
        self.learning_rate: float | None = None
        self.batch_loss: float | None = None
        """Of the last step, in nats."""
        self.looked: Evaluated | None = None
        """The last look at the test digits."""
        self.fork: ForkStanding | None = None
        self.moments: list[Moment] = []
        self.saved: CheckpointSaved | None = None
        self.save_trouble: str | None = None
        self.failure: Failed | None = None
        self.ended: RunEnded | None = None
        self._speed: deque[tuple[int, float]] = deque(maxlen=20)
        self._since = (0.0, 0.0)

    @property
    def going(self) -> bool:
        """Whether it trains, or soon will."""
        return self.state in GOING

    @property
    def all_done(self) -> bool:
        """Whether it has made all its epochs."""
        return self.epoch >= self.settings.epochs

    @property
    def images_per_second(self) -> float:
        """Lately, without pauses and evaluations; 0 is unknown."""
        images, seconds = np.sum(self._speed, axis=0) if self._speed else (0, 0.0)
        return float(images / seconds) if seconds else 0.0

    def seconds_left(self) -> float | None:
        """Time until all epochs are done, at the speed since it last began to train."""
        started, since = self._since
        passed = self._clock() - started
        if self.state != "training" or passed < 1 or self.epoch <= since:
            return None
        return max(self.settings.epochs - self.epoch, 0) * passed / (self.epoch - since)

    def take_in(self, event: News) -> None:
        """Learn what happened."""
        match event:
            case Loaded(dataset):
                self.dataset = dataset
            case Failed():
                self.failure = event
                self.state = "ended"
            case RunStarted():
                self.state = "training"
                self.settings, self.network = event.settings, event.network
                self._start_clock()
            case Restored() | WentBack():
                self.step, self.epoch, self.settings = event.step, event.epoch, event.settings
                self.learning_rate = self.batch_loss = None
                self._start_clock()
            case StepsDone():
                self.step, self.epoch = event.step, event.epoch
                self.learning_rate, self.batch_loss = event.learning_rate, float(event.losses[-1])
                self._speed.append((event.images, event.seconds))
            case EpochEnded():
                self.step, self.epoch = event.step, float(event.epoch)
            case Evaluated():
                self.looked = event
            case SettingChanged():
                self.settings = event.settings
                if event.setting == "learning_rate":
                    self.learning_rate = None  # until a step was made with it
            case TimelineChanged(moments):
                self.moments = moments
            case Paused(reason=reason):
                self.state = PAUSED.get(reason, "paused")
            case Resumed():
                self.state = "training"
                self._start_clock()
            case CheckpointSaved():
                self.saved, self.save_trouble = event, None
            case SaveFailed(message=message):
                self.save_trouble = message
            case RunEnded():
                self.ended = event
                self.state = "ended"
            case Forked():
                self.fork = ForkStanding(event, event.settings, self.looked)
            case OfFork(inner):
                self._take_in_of_fork(inner)
            case ForkEnded(kept=kept):
                if self.fork is not None and kept == "fork":
                    self.settings, self.learning_rate = self.fork.settings, None
                    self.looked = self.fork.looked
                self.fork = None
            case _:
                pass

    def _start_clock(self) -> None:
        self._since = (self._clock(), self.epoch)

    def _take_in_of_fork(self, event: Event) -> None:
        fork = self.fork
        if fork is None:
            return
        match event:
            case Evaluated():
                fork.looked = event
            case SettingChanged():
                fork.settings = event.settings
            case SaveFailed():
                self.take_in(event)
            case RunEnded():
                fork.ended = event
            case _:
                pass
