"""A run that is steered in the interface."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from digit_tui.run import commands
from digit_tui.run import events as happened
from digit_tui.run.commands import AppliedCommand
from digit_tui.tui.state.run_model import RunModel

Tell = Callable[..., None]
DOUBLED = (AppliedCommand(200, commands.ScaleLearningRate(2.0)),)
SWITCHED = (AppliedCommand(200, commands.SetOptimizer("sgd")),)


def lines(model: RunModel) -> list[str]:
    return [each.text for each in model.log]


def back(
    story: Any, step: int, lineage: Any = (), from_lineage: Any = (), ahead: int = 0
) -> happened.WentBack:
    """The story goes on from an earlier step."""
    left, left_epoch = story.step, story.epoch
    story.step, story.epoch = step, step / 100
    return happened.WentBack(
        step=step,
        epoch=story.epoch,
        from_step=left,
        from_epoch=left_epoch,
        ahead=ahead,
        from_lineage=from_lineage,
        lineage=lineage,
        settings=story.settings,
        aim_epoch=(step + ahead) / 100,
        aim_lineage=lineage,
        from_aim_epoch=left_epoch,
        from_aim_lineage=from_lineage,
    )


def left(
    story: Any, step: int, ahead: int = 0, accuracy: float | None = 0.99999
) -> tuple[happened.Event, ...]:
    """The story goes on from an earlier step, and what it leaves is kept."""
    moment = happened.SnapshotInfo(
        *(story.step, story.epoch, DOUBLED, accuracy, "", True), left_behind=True
    )
    went = back(story, step, (), DOUBLED, ahead)
    return went, happened.TimelineChanged([moment])


def forked(story: Any, *words: str) -> happened.Forked:
    return happened.Forked(story.step, story.epoch, list(words), "/runs/fork", story.settings)


def of_fork(*events: Any) -> list[happened.BranchEvent]:
    return [happened.BranchEvent(event) for event in events]
