"""Copies of a saved run that are trained on a part of its training set, to measure them on the
rest."""

from __future__ import annotations

from bisect import bisect_left
from math import ceil
from pathlib import Path

from digit_tui.config import available_processors
from digit_tui.data import Dataset
from digit_tui.run.commands import AppliedCommand, Command, Lineage, Stop
from digit_tui.run.lineage import position
from digit_tui.storage.checkpoint import Checkpoint
from digit_tui.storage.drawing_files import drawings_of
from digit_tui.storage.saved_run import SavedRun
from digit_tui.storage.start_point import StartPoint
from digit_tui.training.command_source import CommandSource
from digit_tui.training.trainer import Trainer

ROUNDING = 1e-9
"""Epochs by which two positions may differ and be the same."""


def fold_trainer(
    checkpoint: Checkpoint, folder: Path, held_out: Dataset, source: CommandSource
) -> Trainer:
    """A trainer of a copy that keeps nothing on disk; it is monitored on what is held out of it.

    The copy has the run's config and seed. The commands that led to the checkpoint are repeated at
    the same positions in epochs, and it ends where the checkpoint is: a network that was trained
    for longer, or with other settings, has another temperature.

    Args:
        checkpoint: of a run without a validation set.
        folder: of the run, which has the drawings that it was taught, and weights to begin with.
        held_out: the dataset of the run, with a part of it held out; see `fold`.
        source: of the command that ends it early.

    Raises:
        RunError: if drawings that the run was taught are missing, the weights that it began with,
            or its teacher.
    """
    drawings_of(folder, checkpoint.state.lineage)  # or it would not be taught them
    kept, monitored = len(held_out.train_labels), len(held_out.split("validation")[1])
    images = kept + monitored
    config = checkpoint.config.for_images(images)  # as many epochs as the run
    scheduled = copied_commands(checkpoint, images, kept)
    saved = SavedRun.read(folder)
    begun = saved.initial(), saved.teacher()
    return Trainer(
        config.with_(validation=monitored),
        held_out,
        source,
        start_point=StartPoint(None, *begun, scheduled, folder=folder),
        processes=min(config.threads, available_processors()),
    )


def copied_commands(
    checkpoint: Checkpoint, images: int, copy_images: int
) -> list[tuple[int, Command]]:
    """The commands of a checkpoint and a stop, with the steps of a copy with fewer images.

    Args:
        checkpoint: of the run.
        images: that the run is trained on.
        copy_images: that the copy is trained on.
    """
    state, batch_size = checkpoint.state, checkpoint.config.batch_size
    lineage: Lineage = ()
    copied: Lineage = ()

    def copy_step(epoch: float) -> int:
        """The first step at which the copy has come as far."""

        def reached(step: int) -> bool:
            return position(step, copied, batch_size, copy_images) >= epoch - ROUNDING

        return bisect_left(range(ceil(epoch) * copy_images), True, key=reached)

    for applied in state.lineage:
        epoch = position(applied.step, lineage, batch_size, images)
        copied = (*copied, AppliedCommand(copy_step(epoch), applied.command))
        lineage = (*lineage, applied)
    end = copy_step(position(state.step, lineage, batch_size, images))
    return [*copied, (end, Stop())]
