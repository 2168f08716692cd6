"""The run's branch and, while a person compares one with it, the fork's."""

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
    SetSam,
    Setting,
    WeightChange,
)
from digit_tui.run.events import (
    BranchEvent,
    Event,
    Forked,
    ForkEnded,
    Refused,
    RunEnded,
    Teaching,
)
from digit_tui.run.remedies import OTHER_VALUE
from digit_tui.run.setting_words import setting_words
from digit_tui.storage.errors import RunError
from digit_tui.storage.run_files import LEFT
from digit_tui.storage.run_writer import ForkedFrom, RunWriter
from digit_tui.training.branch import Branch

FORKABLE = (
    SetOptimizer
    | SetLearningRate
    | ScaleLearningRate
    | SetClipping
    | SetSam
    | SetAugmentation
    | WeightChange
)
"""What may differ in a fork: its batches and its length stay those of the run."""


class BranchPair:
    """One or two branches that take turns on the pool's vectors.

    Attributes:
        run: the run's branch.
        fork: the copy's, or None.
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
        """Whether all epochs are done."""
        return all(branch.finished for branch in self._all)

    def __contains__(self, branch: Branch) -> bool:
        return branch in self._all

    def each(self) -> Iterator[Branch]:
        """Each branch in turn, with its state in the pool's vectors."""
        for branch in self._all:
            if branch in self._all:  # it may have ended during the turn of the one before
                self._activate(branch)
                yield branch

    def label(self, branch: Branch, events: Iterable[Event]) -> Iterator[Event]:
        """Events of a branch; those of the fork in their envelope."""
        of_fork = branch is self.fork
        for event in events:
            yield BranchEvent(event) if of_fork else event

    def split(self, command: Fork, config: RunConfig, data: dict[str, Any]) -> Iterator[Event]:
        """Make the fork, or refuse to.

        Args:
            command: what differs in it.
            config: the run's.
            data: Dataset.summary()
        """
        run, step = self.run, self.run.state.step
        if not all(isinstance(change, FORKABLE) for change in command.changes):
            differ = (
                "optimizer, learning rate, clipping, sam, augmentation, units, pruning, teaching"
            )
            yield Refused(step, f"No fork: it can differ in {differ}")
            return
        yield from run.publish()
        try:
            writer = self._begin_folder(command, config, data)
        except (RunError, OSError) as error:
            yield Refused(step, f"No fork: {error}")
            return
        self.fork = fork = run.fork(writer)
        self._activate(fork)
        changes: list[Event] = []
        for change in command.changes:
            for event in fork.change(change):
                if isinstance(event, Teaching):
                    yield event  # now: what follows takes seconds
                else:
                    changes.append(event)
        refused = [event for event in changes if isinstance(event, Refused)]
        if refused or not changes:
            self._activate(run)
            self.fork = None
            fork.recorder.discard()
            reason = refused[0].message if refused else "it would do the same as the run"
            yield Refused(step, f"No fork: {reason}", "" if refused else OTHER_VALUE)
            return
        words = [setting_words(change) for change in self._with_rate(command.changes)]
        if writer is not None:
            told = ", ".join(words)
            yield from run.recorder.record(step, lambda own: own.forked(step, writer.path, told))
        yield Forked(
            step=step,
            epoch=run.position,
            changes=words,
            run=fork.recorder.folder,
            settings=fork.state.settings,
        )
        yield from self.label(fork, changes)

    def _with_rate(self, changes: tuple[Setting, ...]) -> list[Setting]:
        """The changes of the fork; with an optimizer the learning rate that comes with it."""
        rate = self.fork.state.settings.learning_rate if self.fork is not None else None
        implied = rate != self.run.state.settings.learning_rate and not any(
            isinstance(change, (SetLearningRate, ScaleLearningRate)) for change in changes
        )
        return [
            SetOptimizer(change.name, rate)
            if implied and isinstance(change, SetOptimizer)
            else change
            for change in changes
        ]

    def _begin_folder(
        self, command: Fork, config: RunConfig, data: dict[str, Any]
    ) -> RunWriter | None:
        """Make the folder of a fork, beside the run's; None if the run has none.

        Raises:
            RunError, OSError: if that is impossible.
        """
        own, step = self.run.recorder.writer, self.run.state.step
        if own is None:
            return None
        path = Path(command.folder) if command.folder else unused_name(own.path, step)
        writer = RunWriter(path)
        run = self.run
        writer.begin(config, data, ForkedFrom(own, step), run.initial, teacher=run.teacher)
        return writer

    def keep(self, kept: Branch, reason: str) -> Iterator[Event]:
        """Go on with one branch as the run; the other is saved and ends.

        Args:
            kept: which one.
            reason: asked, or diverged: what the other one did.
        """
        assert self.fork is not None
        left = self.run if kept is self.fork else self.fork
        self._activate(left)
        for event in left.end(LEFT if reason == "asked" else reason):
            if left is self.fork or not isinstance(event, RunEnded):  # the run goes on as the copy
                yield from self.label(left, [event])
        self._activate(kept)
        name = "fork" if kept is self.fork else "run"
        self.run, self.fork = kept, None
        yield ForkEnded(step=kept.state.step, kept=name, left=left.recorder.folder, reason=reason)

    def close(self) -> None:
        """Release their folders for other processes."""
        for branch in self._all:
            branch.recorder.close()

    @property
    def _all(self) -> list[Branch]:
        return [self.run] if self.fork is None else [self.run, self.fork]

    def _activate(self, branch: Branch) -> None:
        if branch is not self._active:
            self._active.park()
            branch.unpark()
            self._active = branch


def unused_name(run: Path, step: int) -> Path:
    """A folder for a fork, beside the run's."""
    names = (f"{run.name}-fork-{step}" + (f"-{number}" if number else "") for number in count())
    return next(run.with_name(name) for name in names if not run.with_name(name).exists())
