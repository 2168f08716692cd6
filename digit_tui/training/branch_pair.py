"""The branch that is the run and, while one is compared with it, its fork."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

from digit_tui.config import RunConfig
from digit_tui.run.commands import (
    Fork,
    ScaleLearningRate,
    SetAugmentation,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
)
from digit_tui.run.events import BranchEvent, Event, Forked, ForkEnded, Refused, RunEnded
from digit_tui.run.wording import setting_words
from digit_tui.storage.errors import RunError
from digit_tui.storage.run_files import LEFT
from digit_tui.storage.run_writer import ForkedFrom, RunWriter
from digit_tui.training.branch import Branch

FORKABLE = (SetOptimizer, SetLearningRate, ScaleLearningRate, SetClipping, SetAugmentation)
"""What a fork may do otherwise: its batches and its length stay those of the run."""


class BranchPair:
    """One or two branches that take turns on the same vectors.

    Attributes:
        run: the branch that is the run.
        fork: the copy, or None.
    """

    def __init__(self, run: Branch) -> None:
        self.run = run
        self.fork: Branch | None = None
        self._active = run

    @property
    def forked(self) -> bool:
        return self.fork is not None

    @property
    def finished(self) -> bool:
        return all(branch.finished for branch in self._all)

    def __contains__(self, branch: Branch) -> bool:
        return branch in self._all

    def each(self) -> Iterator[Branch]:
        """Each branch in turn, with its state in the vectors."""
        for branch in self._all:
            if branch in self._all:  # it may have ended in the turn of the one before
                self._activate(branch)
                yield branch

    def tell(self, branch: Branch, events: Iterable[Event]) -> Iterator[Event]:
        """What happened to a branch, with a word on which one it is."""
        of_fork = branch is self.fork
        for event in events:
            yield BranchEvent(event) if of_fork else event

    def split(self, command: Fork, config: RunConfig, data: dict[str, Any]) -> Iterator[Event]:
        """Make the fork, or refuse to.

        Args:
            command: what it does otherwise.
            config: the run's.
            data: Dataset.summary()
        """
        run = self.run
        if not all(isinstance(change, FORKABLE) for change in command.changes):
            reason = "it can differ in optimizer, learning rate, clipping and augmentation"
            yield Refused(run.state.step, f"No fork: {reason}")
            return
        yield from run.publish()
        folder = None
        if run.folder is not None:
            path = run.folder.path
            folder = RunWriter(
                Path(command.folder) if command.folder else free_name(path, run.state.step)
            )
            try:
                folder.begin(config, data, ForkedFrom(run.folder, run.state.step))
            except (RunError, OSError) as error:
                yield Refused(run.state.step, f"No fork: {error}")
                return
        self.fork = fork = run.fork(folder)
        self._activate(fork)
        changes = [event for change in command.changes for event in fork.change(change)]
        refused = [event for event in changes if isinstance(event, Refused)]
        if refused or not changes:
            self._activate(run)
            self.fork = None
            if folder is not None:
                folder.discard()
            reason = refused[0].message if refused else "it would do the same as the run"
            yield Refused(run.state.step, f"No fork: {reason}")
            return
        if folder is not None:
            yield from run.record(lambda own: own.forked(run.state.step, folder.path))
        yield Forked(
            step=run.state.step,
            epoch=run.position,
            changes=[setting_words(change) for change in command.changes],
            run=str(folder.path) if folder else None,
            settings=fork.state.settings,
        )
        yield from self.tell(fork, changes)

    def keep(self, kept: Branch, reason: str, seconds: float) -> Iterator[Event]:
        """Go on with one branch as the run; the other is saved and ends.

        Args:
            kept: which one.
            reason: asked, or diverged: what the other one did.
            seconds: since the run began.
        """
        assert self.fork is not None
        left = self.run if kept is self.fork else self.fork
        self._activate(left)
        for event in left.end(LEFT if reason == "asked" else reason, seconds):
            if left is self.fork or not isinstance(event, RunEnded):  # the run goes on as the copy
                yield from self.tell(left, [event])
        self._activate(kept)
        name = "fork" if kept is self.fork else "run"
        self.run, self.fork = kept, None
        yield ForkEnded(
            step=kept.state.step,
            kept=name,
            left=str(left.folder.path) if left.folder else None,
            reason=reason,
        )

    def close(self) -> None:
        """Leave their folders to others."""
        for branch in self._all:
            branch.close()

    @property
    def _all(self) -> list[Branch]:
        return [self.run] if self.fork is None else [self.run, self.fork]

    def _activate(self, branch: Branch) -> None:
        if branch is not self._active:
            self._active.park()
            branch.unpark()
            self._active = branch


def free_name(run: Path, step: int) -> Path:
    """A folder for a fork, beside the run's."""
    names = (f"{run.name}-fork-{step}" + (f"-{number}" if number else "") for number in count())
    return next(run.with_name(name) for name in names if not run.with_name(name).exists())
