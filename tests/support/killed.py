"""Runs that are killed, and go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.run.commands import (
    AddEpochs,
    AppliedCommand,
    Command,
    GoBack,
    ScaleLearningRate,
    SetAugmentation,
    SetBatchSize,
    SetClipping,
    SetOptimizer,
    Stop,
    Undo,
)
from digit_tui.run.events import (
    EpochEnded,
    Event,
)
from digit_tui.storage import run_files
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.run_request import RunRequest, resume_request

NEVER = 10**9
"""A step that is never reached: a script's command with it waits until the run is paused."""
STEERING: list[tuple[int, Command]] = [
    (3, SetOptimizer("nesterov")),
    (8, SetClipping(norm=0.5)),
    (14, ScaleLearningRate(0.5)),
    (19, Undo()),
    (20, SetBatchSize(50)),
    (
        26,
        GoBack(
            11,
            (AppliedCommand(3, SetOptimizer("nesterov")), AppliedCommand(8, SetClipping(norm=0.5))),
        ),
    ),
    (23, SetAugmentation("none")),
    (27, SetOptimizer("rmsprop", 0.002)),
    (30, AddEpochs(1)),
]
"""Commands, each in its turn as soon as so many steps are made."""


class Killed(BaseException):
    """The end of a process in the middle of a run."""


class Life:
    """Gives the commands that the journal does not tell of yet; ends after some steps."""

    def __init__(self, done: int, steps: int, end: Command | Killed) -> None:
        self._left = STEERING[done:]
        self._steps = steps
        self._end = end

    def take(self, step: int) -> Iterator[Command]:
        self._steps -= 1
        if self._steps < 0 and isinstance(self._end, Killed):
            raise self._end
        if self._steps < 0:
            yield self._end
        if self._left and self._left[0][0] <= step:
            yield self._left.pop(0)[1]

    def steps_until_due(self, step: int) -> int:
        return 1

    def waiting(self) -> bool:
        return False

    def stopping(self) -> bool:
        return False

    def wait(self, step: int) -> Command:
        """Somebody who stays has to end the run."""
        return Stop()


def results_of(events: list[Event]) -> dict[int, dict[str, Any]]:
    """Of each epoch, without times; of an epoch that was made again, the last."""
    return {
        event.epoch: {
            name: value
            for name, value in vars(event).items()
            if name not in ("seconds", "images_per_second")
        }
        for event in events
        if isinstance(event, EpochEnded)
    }


def live(
    folder: Path,
    dataset: Dataset,
    config: RunConfig,
    interactive: bool,
    steps: int,
    end: Command | Killed,
) -> list[Event]:
    """Begin a run, or go on with it, for some steps; what was told."""
    begun = (folder / run_files.RECORD).exists()
    opening = resume_request(folder) if begun else RunRequest(config, folder)
    lines = SavedRun.read(folder).lines() if begun else []
    life = Life(sum("command" in line for line in lines), steps, end)
    events: list[Event] = []
    try:
        for event in opening.trainer(dataset, life, interactive).run():
            events.append(event)
    except Killed:
        pass
    return events
