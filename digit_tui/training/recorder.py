"""A branch's folder as the branch sees it: writes that may fail without ending the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from digit_tui.data import reason_of
from digit_tui.run.events import CheckpointSaved, Event, SaveFailed
from digit_tui.storage.checkpoint import Checkpoint
from digit_tui.storage.errors import RunError
from digit_tui.storage.run_writer import RunWriter


class Recorder:
    """Writes to a run's folder, or nowhere.

    Attributes:
        writer: of the folder; None keeps nothing.
        saved: whether a checkpoint was written.
    """

    def __init__(self, writer: RunWriter | None) -> None:
        self.writer = writer
        self.saved = False

    @property
    def folder(self) -> str | None:
        return None if self.writer is None else str(self.writer.path)

    def record(self, step: int, write: Callable[[RunWriter], Any]) -> Iterator[Event]:
        """Write something.

        Args:
            step: where the branch is.
            write: does it.

        Yields:
            SaveFailed, if the disk refuses, or somebody put another file in a file's place.
        """
        if self.writer is None:
            return
        try:
            write(self.writer)
        except OSError as error:
            yield SaveFailed(step, f"{reason_of(error)}: {self.writer.path}")
        except RunError as error:
            yield SaveFailed(step, str(error))

    def save(self, make: Callable[[RunWriter], Checkpoint], asked: bool) -> Iterator[Event]:
        """Write a checkpoint.

        Args:
            make: the checkpoint, for this folder.
            asked: whether a person wants it, now or by leaving.

        Yields:
            CheckpointSaved or SaveFailed.
        """
        if self.writer is None:
            return
        checkpoint = make(self.writer)
        step = checkpoint.state.step
        failures = list(self.record(step, lambda writer: writer.save(checkpoint)))
        yield from failures
        if not failures:
            self.saved = True
            yield CheckpointSaved(step, str(self.writer.path), asked)

    def discard(self) -> None:
        """Remove the folder, which holds nothing worth keeping."""
        if self.writer is not None:
            self.writer.discard()
            self.writer = None

    def close(self) -> None:
        """Release the folder for other processes."""
        if self.writer is not None:
            self.writer.close()
