"""What a run that goes back depends on, and what it gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from digit_tui.config import RunConfig
from digit_tui.run.commands import (
    AppliedCommand,
    Stop,
)
from digit_tui.run.events import (
    EpochEnded,
    Event,
)
from digit_tui.run.state import RunState, Vectors
from digit_tui.storage.run_files import BEST, PREVIOUS
from digit_tui.training.snapshots import Snapshot

NEVER = 10**9
"""A step that is never reached: a script's command with it waits until the run is paused."""
STOP = (NEVER, Stop())


def forget_earlier(folder: Path) -> None:
    """Leave the latest checkpoint of a run alone."""
    for name in (PREVIOUS, BEST):
        (folder / name).unlink()


def end_of(ran: Any) -> tuple[Any, ...]:
    """All that the next step would depend on."""
    state = ran.trainer.state
    tally = {name: value for name, value in vars(state.tally).items() if name != "seconds"}
    return (
        ran.sha256,
        state.slots.tobytes(),
        state.settings,
        state.lineage,
        (state.step, state.slot_steps, state.epoch, state.cursor),
        tally,
    )


def results_of(events: list[Event]) -> dict[int, Any]:
    """Of each epoch, as it was when it was last made."""
    return {
        event.epoch: (event.step, event.train_loss, event.test_loss, event.learning_rate)
        for event in events
        if isinstance(event, EpochEnded)
    }


def make_point(
    step: int, lineage: tuple[AppliedCommand, ...], clock: int, config: RunConfig
) -> Snapshot:
    sizes = (36, 8, 4)
    state = RunState.begin(config, sizes, Vectors.make(sizes, True, np.zeros)).copy()
    state.step, state.lineage = step, lineage
    return Snapshot(state, step / 8, None, 1.0, clock)
