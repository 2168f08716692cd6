"""The checkpoint files of a run: the latest, the one before it, and the best."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import NamedTuple

from digit_tui.run.commands import Lineage
from digit_tui.run.lineage import is_ancestor
from digit_tui.storage.atomic import sync_folder, write_whole
from digit_tui.storage.checkpoint import Checkpoint
from digit_tui.storage.run_files import BEST, CHECKPOINT, PREVIOUS


class Best(NamedTuple):
    """Which checkpoint is the best."""

    accuracy: float = 0.0
    """The highest monitored accuracy of the checkpoints so far, as a fraction."""
    step: int = 0
    lineage: Lineage = ()


NONE = Best()
"""Before there is any."""


class CheckpointFiles:
    """Writes checkpoints so that a crash at any time leaves at least one complete file.

    Attributes:
        best: which of them is the best.
    """

    def __init__(
        self,
        folder: Path,
        best: Best = NONE,
        latest: tuple[int, Lineage] | None = None,
        latest_is_damaged: bool = False,
    ) -> None:
        """Continue the checkpoints in a folder, or begin with none.

        Args:
            folder: the run's.
            best: of the checkpoints that exist.
            latest: the step and lineage of the latest of them.
            latest_is_damaged: whether the latest of these cannot be read. The next checkpoint then
                replaces it, and the previous one, which can, is kept.
        """
        self._folder = folder
        self.best = best
        self._latest = latest
        self._latest_is_damaged = latest_is_damaged

    def write(self, checkpoint: Checkpoint) -> None:
        """Write the latest checkpoint. The one before is kept, and so is the best.

        One that is saved again at the same step replaces itself, so that the one before is of
        another moment, to which an undo can go after a resume.

        Raises:
            OSError: if the disk refuses; the existing checkpoints are intact.
        """
        content = checkpoint.to_bytes()
        path = self._folder / CHECKPOINT
        moment = checkpoint.state.step, checkpoint.state.lineage
        replaces = self._latest_is_damaged or moment == self._latest
        previous = None if replaces else self._folder / PREVIOUS
        write_whole(path, lambda file: file.write(content), previous)
        self._latest, self._latest_is_damaged = moment, False
        accuracy = checkpoint.accuracy
        if accuracy is not None and accuracy >= self.best.accuracy:
            self._keep_as_best(path)
            self.best = Best(accuracy, checkpoint.state.step, checkpoint.state.lineage)

    def go_back(self, step: int, lineage: Lineage) -> None:
        """Remove the best one if the run goes back to before it, so that it is undone."""
        if not is_ancestor(self.best.step, self.best.lineage, step, lineage):
            self.best = NONE
            with contextlib.suppress(OSError):
                (self._folder / BEST).unlink()

    def _keep_as_best(self, path: Path) -> None:
        """Hard-link the file as the best one; a file system without links gets a copy."""
        link = self._folder / f".{BEST}.link"
        try:
            link.unlink(missing_ok=True)
            os.link(path, link)
        except OSError:
            content = path.read_bytes()
            write_whole(self._folder / BEST, lambda file: file.write(content))
            return
        try:
            os.replace(link, self._folder / BEST)
        except BaseException:
            with contextlib.suppress(OSError):
                link.unlink()
            raise
        sync_folder(self._folder)
