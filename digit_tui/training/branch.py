"""One network in training: its state, what is told of it, and where it is saved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np

from digit_tui.config import ConfigError, RunConfig
from digit_tui.data import Dataset
from digit_tui.engine.stepper import Stepper, StepResult
from digit_tui.engine.worker_pool import WorkerPool
from digit_tui.nn import Network, PredictionHistory
from digit_tui.run.commands import AppliedCommand, Lineage, Setting
from digit_tui.run.events import (
    CheckpointSaved,
    EpochEnded,
    Evaluated,
    Event,
    Refused,
    RunEnded,
    SaveFailed,
    SettingChanged,
    StepsDone,
)
from digit_tui.run.settings import changes_of
from digit_tui.run.state import RunState, Vectors
from digit_tui.storage.checkpoint import Checkpoint
from digit_tui.storage.run_writer import RunWriter

PUBLISH_SECONDS = 0.1
"""Steps are published together at this interval: often enough for any screen."""


class Branch:
    """A run, or the fork that trains beside it, on the vectors of one pool.

    Attributes:
        state: in the pool's vectors; what they hold is this branch's unless it is parked.
        folder: where it is saved, if anywhere.
        last_change: of a setting, on the way to where it stands.
        steps_made: in all, those that were undone included.
        furthest: step that it ever stood at.
        saved: whether a checkpoint of it was written.
        test_opened: the step at which the test digits were first evaluated, if the
            run is monitored with others.
    """

    def __init__(
        self,
        config: RunConfig,
        sizes: Sequence[int],
        dataset: Dataset,
        pool: WorkerPool,
        stepper: Stepper,
        state: RunState,
        folder: RunWriter | None,
    ) -> None:
        self.config = config
        self.sizes = tuple(sizes)
        self.state = state
        self.folder = folder
        self.last_change: SettingChanged | None = None
        self.steps_made = 0
        self.furthest = state.step
        self.saved = False
        self.test_opened: int | None = None
        self._dataset = dataset
        self._pool = pool
        self._stepper = stepper
        self._images = len(dataset.train_labels)
        self._evaluated: Evaluated | None = None
        self._unpublished: list[StepResult] = []
        self._published = 0.0
        self._room: Vectors | None = None  # where the vectors are while it is parked
        self._parked: RunState | None = None

    def fork(self, folder: RunWriter | None) -> Branch:
        """Another branch that stands where this one does; it is parked."""
        state = replace(self.state, tally=replace(self.state.tally))
        branch = Branch(
            self.config, self.sizes, self._dataset, self._pool, self._stepper, state, folder
        )
        branch.last_change, branch._evaluated = self.last_change, self._evaluated
        branch.test_opened = self.test_opened
        branch.steps_made, branch.furthest = self.steps_made, self.furthest
        branch.park()
        return branch

    def park(self) -> None:
        """Leave the vectors to another branch."""
        if self._room is None:
            self._room = Vectors.make(self.sizes, self.config.average, np.empty)
        self._parked = self.state.copy(self._room)

    def unpark(self) -> None:
        """Take the vectors."""
        assert self._parked is not None
        self.state.become(self._parked)

    @property
    def position(self) -> float:
        """Completed epochs, with the part of the present one."""
        return self.state.epoch + self.state.cursor / self._images

    @property
    def finished(self) -> bool:
        return self.state.epoch >= self.state.settings.epochs

    @property
    def cut_short(self) -> bool:
        """Whether the steps that were made last are fewer than if nobody had waited."""
        return self._stepper.cut_short

    @property
    def accuracy(self) -> float | None:
        """On the test set, when it was last looked at."""
        return None if self._evaluated is None else self._evaluated.evaluation.accuracy

    def steps(self, most: int) -> list[StepResult]:
        """Make one step or some; see Stepper.

        Raises:
            NotFinite: if the loss or the gradient is no number; nothing has changed then.
        """
        results = self._stepper.steps(self.state, most)
        self.steps_made += len(results)
        self.furthest = max(self.furthest, self.state.step)
        self._unpublished += results
        return results

    def advance(self) -> Iterator[Event]:
        """Tell of steps now and then, and of the epoch if it has ended."""
        learning_rate = self._unpublished[-1].learning_rate
        now = perf_counter()
        if now - self._published > PUBLISH_SECONDS:
            yield from self.publish()
            self._published = now
        if self.state.cursor >= self._images:
            yield from self._end_epoch(learning_rate)

    def publish(self) -> Iterator[Event]:
        """Tell of the steps that were not told yet."""
        if not self._unpublished:
            return
        results, self._unpublished = self._unpublished, []
        yield StepsDone(
            step=self.state.step,
            epoch=self.position,
            positions=np.array([result.epoch for result in results]),
            losses=np.array([result.loss for result in results], np.float32),
            accuracies=np.array([result.accuracy for result in results], np.float32),
            gradient_norms=np.array([result.gradient_norm for result in results], np.float32),
            learning_rate=results[-1].learning_rate,
            images=sum(result.images for result in results),
            seconds=sum(result.seconds for result in results),
        )

    def _end_epoch(self, learning_rate: float) -> Iterator[Event]:
        state = self.state
        tally = state.end_epoch()
        yield from self.publish()
        evaluated = self.evaluate()
        yield evaluated
        ended = EpochEnded(
            epoch=state.epoch,
            step=state.step,
            learning_rate=learning_rate,
            optimizer=state.settings.optimizer,
            train_loss=tally.loss / tally.images,
            train_accuracy=tally.correct / tally.images,
            **_measures(evaluated),
            gradient_norm=tally.gradient_norm / tally.steps,
            clip_rate=tally.clipped / tally.steps,
            seconds=tally.seconds,
            images_per_second=tally.images / tally.seconds,
        )
        yield from self.record(lambda folder: folder.ended_epoch(ended))
        yield ended

    def evaluate(self) -> Evaluated:
        """Look at the digits that the run is watched with.

        Repeats the last look if no step was made since.
        """
        if self._evaluated is None or self._evaluated.step != self.state.step:
            self._evaluated = self._evaluate_split(self._dataset.monitored_split)
        return self._evaluated

    def open_test(self) -> Iterator[Event]:
        """Look at the test digits, where the run is watched with others; it goes on record."""
        if self.test_opened is None:
            self.test_opened = self.state.step
            yield from self.record(lambda folder: folder.opened_test(self.state.step))
        yield self._evaluate_split("test")

    def _evaluate_split(self, split: str) -> Evaluated:
        started = perf_counter()
        state = self.state
        evaluation = self._pool.evaluate(*self._dataset.split(split))
        monitored = split == self._dataset.monitored_split
        if monitored and not state.cursor and state.epoch:
            state.history = state.history.add(state.epoch, evaluation.predictions)
        return Evaluated(
            step=state.step,
            epoch=self.position,
            evaluation=evaluation,
            seconds=perf_counter() - started,
            network=self.network.copy(),
            history=state.history if monitored else PredictionHistory(),
            split=split,
        )

    @property
    def network(self) -> Network:
        """What is evaluated: the averaged weights, where there are any."""
        average = self.state.average
        return Network(self.sizes, self.state.parameters if average is None else average)

    def change(self, command: Setting, blameless: bool = False) -> Iterator[Event]:
        """Change settings, if the values are possible ones.

        Args:
            command: what to change.
            blameless: whether a trouble that follows was there before.
        """
        state, old = self.state, self.state.settings
        changes = changes_of(command, old, self.config)
        try:
            self.config.with_(**changes)  # checks the ranges
        except ConfigError as error:
            yield Refused(state.step, f"{error.option}: {error}")
            return
        new = replace(old, **changes)
        if new == old:
            return
        yield from self.publish()
        state.settings = new
        if new.optimizer != old.optimizer:
            state.fresh_slots()
        state.lineage = (*state.lineage, AppliedCommand(state.step, command))
        # What is told is on record: somebody who saw it relies on it.
        yield from self.record(lambda folder: folder.command_applied(state.lineage))
        told = [
            SettingChanged(state.step, self.position, setting, before, value, new)
            for setting in changes
            if (before := getattr(old, setting)) != (value := getattr(new, setting))
        ]
        if not blameless:
            self.last_change = told[0]  # what follows from it, such as another rate, comes after
        yield from told

    def go_to(self, target: RunState, to: int, lineage: Lineage) -> Iterator[Event]:
        """Stand at another snapshot, or before it on the way there.

        Args:
            target: where to stand.
            to: the snapshot's step.
            lineage: the snapshot's.
        """
        yield from self.publish()
        left = self.state.step
        self.state.become(target)
        self._evaluated = self.last_change = None
        yield from self.record(lambda folder: folder.went_back(left, to, lineage))

    def save(self, asked: bool) -> Iterator[Event]:
        """Write a checkpoint."""
        if self.folder is None:
            return
        folder, state = self.folder, self.state
        evaluated = self._evaluated is not None and self._evaluated.step == state.step
        accuracy = self.accuracy if evaluated else None
        checkpoint = Checkpoint(
            state=state,
            config=self.config,
            data=self._dataset.summary(),
            sizes=self.sizes,
            accuracy=accuracy,
            best_accuracy=max(accuracy or 0.0, folder.best_accuracy),
            go_back_count=folder.history.go_back_count,
        )
        failed = False
        for event in self.record(lambda folder: folder.save(checkpoint)):
            failed = True
            yield event
        if not failed:
            self.saved = True
            yield CheckpointSaved(state.step, str(folder.path), asked)

    def end(self, reason: str, seconds: float) -> Iterator[Event]:
        """Save for the last time; the folder is then free for others.

        Args:
            reason: stopped, interrupted, diverged or left, unless all epochs are done.
            seconds: since the run began.
        """
        yield from self.publish()
        reason = "finished" if self.finished else reason
        evaluated = self.evaluate()
        held_out = evaluated.split == "validation"
        opened = self.test_opened
        test = None if held_out else evaluated
        if held_out and self.finished:
            for event in self.open_test():
                if isinstance(event, Evaluated):
                    test = event
                else:
                    yield event
        results: dict[str, Any] = {
            "epochs": self.state.epoch,
            "steps": self.state.step,
            **_counts("test", test),
            **_counts("validation", evaluated if held_out else None),
            "test_opened": opened,
            "weights_sha256": self.state.weights_sha256,
            "seconds": seconds,
        }
        yield from self.save(asked=True)
        yield from self.record(lambda folder: folder.end(reason, results))
        run = str(self.folder.path) if self.folder else None
        self.close()
        yield RunEnded(reason=reason, run=run, evaluated=test or evaluated, **results)

    def close(self) -> None:
        """Leave the folder to others."""
        if self.folder is not None:
            self.folder.close()

    def record(self, write: Callable[[RunWriter], Any]) -> Iterator[Event]:
        """Write to the run's folder, and tell if the disk refuses."""
        if self.folder is None:
            return
        try:
            write(self.folder)
        except OSError as error:
            reason = error.strerror or str(error)
            yield SaveFailed(self.state.step, f"{reason}: {self.folder.path}")


def _measures(evaluated: Evaluated) -> dict[str, Any]:
    """Loss and accuracy for EpochEnded; those of other digits are None."""
    nothing = dict.fromkeys(
        f"{split}_{what}" for split in ("test", "validation") for what in ("loss", "accuracy")
    )
    evaluation = evaluated.evaluation
    return nothing | {
        f"{evaluated.split}_loss": evaluation.loss,
        f"{evaluated.split}_accuracy": evaluation.accuracy,
    }


def _counts(split: str, evaluated: Evaluated | None) -> dict[str, Any]:
    """Accuracy and its parts for RunEnded; None if nobody looked at these digits."""
    evaluation = None if evaluated is None else evaluated.evaluation
    return {
        f"{split}_{what}": None if evaluation is None else getattr(evaluation, what)
        for what in ("accuracy", "correct", "total")
    }
