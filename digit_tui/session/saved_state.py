"""A saved run as it is, told by the events that a run would begin with: nothing trains it."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter

from digit_tui.data import Dataset
from digit_tui.nn import Network, evaluate
from digit_tui.run.events import Evaluated, Inspected, Paused, Restored, RunStarted
from digit_tui.run.lineage import position
from digit_tui.run.settings import scheduled_rate
from digit_tui.run.versions import versions
from digit_tui.session.runner import Loaded, RunnerEvent
from digit_tui.storage.checkpoint import Checkpoint
from digit_tui.storage.saved_run import SavedRun


def look_into(checkpoint: Checkpoint) -> Inspected:
    """The state of a checkpoint, as a run that trains would hand out a copy of its own."""
    state = checkpoint.state
    epoch = checkpoint.epoch
    rate = scheduled_rate(state.settings, checkpoint.config.schedule, epoch)
    network = Network(checkpoint.sizes, state.parameters)
    return Inspected(state.step, epoch, rate, network, state)


def events_of_saved(
    saved: SavedRun, checkpoint: Checkpoint, dataset: Dataset
) -> Iterator[RunnerEvent]:
    """What a front end needs to show a saved run; its folder is only read.

    Args:
        saved: the run.
        checkpoint: of it, which is shown.
        dataset: that it was trained on, with its held-out set split off.

    Raises:
        RunError: if the journal is damaged.
    """
    state, history = checkpoint.state, saved.history()
    inspected = look_into(checkpoint)
    images = checkpoint.data["training_images"]
    config = saved.config.for_images(images)
    yield Loaded(dataset)
    yield RunStarted(
        config=config.to_json(),
        data=checkpoint.data,
        network=checkpoint.sizes,
        parameters=len(state.parameters),
        versions=versions(),
        run=None,  # nothing is written there
        settings=state.settings,
        teacher=saved.teacher_about,
    )
    yield Restored(
        step=state.step,
        epoch=inspected.epoch,
        epochs=[epoch for epoch in history.epochs if epoch["step"] <= state.step],
        complaints=list(saved.complaints),
        test_opened=history.test_opened,
        lineage=state.lineage,
        settings=state.settings,
        evaluations=[line for line in history.evaluations if line["step"] <= state.step],
        start=position(history.start, history.lineage, config.batch_size, images),
    )
    started, split = perf_counter(), dataset.monitored_split
    evaluation = evaluate(checkpoint.network, *dataset.split(split))
    seconds = perf_counter() - started
    yield Evaluated(
        step=state.step,
        epoch=inspected.epoch,
        evaluation=evaluation,
        seconds=seconds,
        network=checkpoint.network,
        history=state.history,
        split=split,
    )
    yield inspected
    finished = inspected.epoch >= state.settings.epochs
    yield Paused(state.step, inspected.epoch, "finished" if finished else "asked")
