"""What the rules on the health of a run look at, from its folder."""

from __future__ import annotations

from typing import Any

from digit_tui.insight.health.record import Record, Trouble
from digit_tui.run.changes import settings_along
from digit_tui.run.commands import SetBatchSize
from digit_tui.run.health_record import (
    changes_in,
    facts_of_line,
    latest_and_best,
    record_of,
)
from digit_tui.run.lineage import position
from digit_tui.run.state import RunState
from digit_tui.storage.saved_run import SavedRun


def record_of_saved(run: SavedRun, state: RunState | None = None, **known: Any) -> Record:
    """What the journal says of a run.

    Args:
        run: the run.
        state: of a checkpoint: what came after it is left out.
        known: other fields of `Record`, such as doubts.

    Raises:
        RunError: if the journal is damaged.
    """
    data, history = run.record["data"], run.history()
    shown = history if state is None else state
    left_in = history.trouble_at(shown.step, shown.lineage)
    if state is not None:
        history.step, history.lineage = state.step, state.lineage
    images = data["training_images"]
    config = run.config.for_images(images)
    split = config.monitored_split
    sizes = tuple(each for each in history.lineage if isinstance(each.command, SetBatchSize))
    places = [position(step, sizes, config.batch_size, images) for step, _ in history.lineage]
    epoch = position(history.step, sizes, config.batch_size, images)
    trouble = None
    if left_in is not None and not left_in.trained_on:  # then it was not paused
        back_to = position(left_in.back_to, sizes, config.batch_size, images)
        trouble = Trouble(history.step, epoch, left_in.words, back_to)
    return record_of(
        config,
        settings_along(history.lineage, config)[-1],
        (images, data[f"{split}_images"], data["classes"]),
        step=history.step,
        epoch=epoch,
        epochs=latest_and_best([facts_of_line(line, split) for line in history.epochs]),
        changes=tuple(changes_in(history.lineage, config, places)),
        trouble=trouble,
        **known,
    )
