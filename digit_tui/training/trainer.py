"""The run: commands in, events out, one deterministic step after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np

from digit_tui.config import ConfigError, RunConfig
from digit_tui.data import Dataset
from digit_tui.training import commands as ask
from digit_tui.training.changes import changes_of
from digit_tui.training.describe import divergence
from digit_tui.training.events import (
    CheckpointSaved,
    Diverged,
    EpochEnded,
    Evaluated,
    Event,
    Paused,
    Refused,
    Resumed,
    RunEnded,
    RunStarted,
    SaveFailed,
    SettingChanged,
    StepsDone,
)
from digit_tui.training.mailbox import CommandSource
from digit_tui.training.run_folder import RunFolder, versions
from digit_tui.training.state import RunState
from digit_tui.training.step import NotFinite, Stepper, StepResult
from digit_tui.training.team import Team
from digit_tui.training.weights import weights_sha256

PUBLISH_SECONDS = 0.05
"""Steps are published together at this interval: often enough for any screen."""


class Trainer:
    """One run of one network on one data set."""

    def __init__(
        self,
        config: RunConfig,
        dataset: Dataset,
        source: CommandSource,
        folder: RunFolder | None = None,
        stay: bool = False,
    ) -> None:
        """Set up a run; nothing is trained before `run` is iterated.

        Args:
            config: how it goes.
            dataset: the digits, at the side that the config names.
            source: where commands come from.
            folder: where it is saved; None keeps nothing.
            stay: when all epochs are done, pause and wait for more commands instead of ending.
        """
        images = len(dataset.train_labels)
        self._config = config = config.for_images(images)
        self._dataset = dataset
        self._source = source
        self._folder = folder
        self._stay = stay

        sizes = (dataset.pixels, *config.hidden, dataset.classes)
        self._sizes = sizes
        self._images = images
        self._team = Team.for_run(config, sizes, images)
        self.state = RunState.begin(config, sizes, self._team.vectors)
        self._stepper = Stepper(config, self._team, dataset)

        self._paused: str | None = None  # the reason
        self._pause_after: str | None = None  # batch or epoch
        self._stop: ask.Stop | None = None
        self._evaluation: Evaluated | None = None
        self._unpublished: list[tuple[float, StepResult]] = []
        self._published = 0.0
        self._last_change: SettingChanged | None = None

    def run(self) -> Iterator[Event]:
        """Train, yielding what happens; see `digit_tui.training.events`."""
        started = perf_counter()
        with self._team:
            data = self._dataset.summary()
            if self._folder is not None:
                self._folder.begin(self._config, data)
            yield RunStarted(
                config=self._config.to_json(),
                data=data,
                network=self._sizes,
                parameters=len(self.state.parameters),
                versions=versions(),
                run=str(self._folder.path) if self._folder else None,
                settings=self.state.settings,
            )
            yield self._evaluate()
            while self._stop is None:
                yield from self._turn()
            yield from self._end(started)

    @property
    def _position(self) -> float:
        return self.state.epoch + self.state.cursor / self._images

    @property
    def _finished(self) -> bool:
        return self.state.epoch >= self.state.settings.epochs

    def _turn(self) -> Iterator[Event]:
        """What is done between two looks at whether to stop."""
        # A single step that was asked for comes before the next command: presses add up.
        if self._pause_after != "batch":
            for command in self._source.take(self.state.step):
                yield from self._obey(command)
                if self._pause_after == "batch":
                    break
        if self._stop is not None:
            return
        if self._finished and self._paused is None:
            if not self._stay:
                self._stop = ask.Stop(reason="finished")
                return
            yield from self._save("finished")
            yield from self._pause("finished")
        if self._paused is not None:
            yield from self._obey(self._source.wait(self.state.step))
            return
        yield from self._train()

    def _train(self) -> Iterator[Event]:
        """One step, and what follows from it."""
        try:
            result = self._stepper.step(self.state)
        except NotFinite as trouble:
            yield from self._diverge(trouble)
            return
        self._unpublished.append((self._position, result))
        now = perf_counter()
        if now - self._published > PUBLISH_SECONDS:
            yield from self._publish()
            self._published = now

        epoch_ended = self.state.cursor >= self._images
        if epoch_ended:
            yield from self._end_epoch(result.learning_rate)
        if self._pause_after == "batch" or (self._pause_after == "epoch" and epoch_ended):
            yield from self._pause(self._pause_after)

    def _publish(self) -> Iterator[Event]:
        if not self._unpublished:
            return
        positions, results = zip(*self._unpublished, strict=True)
        self._unpublished = []
        yield StepsDone(
            step=self.state.step,
            epoch=self._position,
            positions=np.array(positions),
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
        yield from self._publish()
        evaluated = self._evaluate()
        yield evaluated
        yield EpochEnded(
            epoch=state.epoch,
            step=state.step,
            learning_rate=learning_rate,
            optimizer=state.settings.optimizer,
            train_loss=tally.loss / tally.images,
            train_accuracy=tally.correct / tally.images,
            test_loss=evaluated.evaluation.loss,
            test_accuracy=evaluated.evaluation.accuracy,
            gradient_norm=tally.gradient_norm / tally.steps,
            clip_rate=tally.clipped / tally.steps,
            seconds=tally.seconds,
            images_per_second=tally.images / tally.seconds,
        )

    def _evaluate(self) -> Evaluated:
        """Look at the test set, or repeat the last look if no step was made since."""
        if self._evaluation is None or self._evaluation.step != self.state.step:
            started = perf_counter()
            evaluation = self._team.evaluate(self._dataset.test_images, self._dataset.test_labels)
            seconds = perf_counter() - started
            self._evaluation = Evaluated(self.state.step, self._position, evaluation, seconds)
        return self._evaluation

    def _diverge(self, trouble: NotFinite) -> Iterator[Event]:
        yield from self._publish()
        state = self.state
        message = divergence(trouble.what, trouble.value, state.step, self._last_change)
        yield Diverged(state.step, self._position, trouble.what, trouble.value, message)
        yield from self._pause("diverged")

    def _pause(self, reason: str) -> Iterator[Event]:
        self._paused = reason
        self._pause_after = None
        yield from self._publish()
        yield Paused(self.state.step, self._position, reason)
        yield self._evaluate()

    def _resume(self) -> Iterator[Event]:
        if self._finished:
            yield Refused(self.state.step, "All epochs are done: add some to train on.")
        elif self._paused is not None:
            self._paused = None
            yield Resumed(self.state.step, self._position)

    def _obey(self, command: ask.Command) -> Iterator[Event]:
        match command:
            case ask.Pause():
                if self._paused is None:
                    yield from self._pause("asked")
            case ask.Resume():
                yield from self._resume()
            case ask.StepBatch() | ask.StepEpoch():
                if not self._finished:
                    self._pause_after = "batch" if isinstance(command, ask.StepBatch) else "epoch"
                yield from self._resume()
            case ask.Save():
                yield from self._save("paused" if self._paused else "running")
            case ask.Stop():
                self._stop = command
            case _:
                yield from self._change(command)

    def _change(self, command: ask.Command) -> Iterator[Event]:
        """Change settings, if the values are possible ones."""
        old = self.state.settings
        changes = changes_of(command, old, self._config)
        try:
            self._config.with_(**changes)  # checks the ranges
        except ConfigError as error:
            yield Refused(self.state.step, f"{error.option}: {error}")
            return

        yield from self._publish()
        finished = self._finished
        self.state.settings = new = replace(old, **changes)
        if new.optimizer != old.optimizer:
            self.state.fresh_slots()
        for setting, value in changes.items():
            before = getattr(old, setting)
            if value != before:
                change = SettingChanged(
                    self.state.step, self._position, setting, before, value, new
                )
                if self._paused != "diverged":  # a remedy is not to blame
                    self._last_change = change
                yield change
        if finished and not self._finished:
            yield from self._resume()

    def _save(self, state: str, results: dict[str, Any] | None = None) -> Iterator[Event]:
        if self._folder is None:
            return
        try:
            self._folder.save(state, self._sizes, self.state, results or self._results())
        except OSError as error:
            yield SaveFailed(self.state.step, f"{error.strerror}: {self._folder.path}")
        else:
            yield CheckpointSaved(self.state.step, str(self._folder.path))

    def _results(self) -> dict[str, Any]:
        evaluation = self._evaluate().evaluation
        return {
            "epochs": self.state.epoch,
            "steps": self.state.step,
            "test_accuracy": evaluation.accuracy,
            "test_correct": evaluation.correct,
            "test_total": evaluation.total,
            "weights_sha256": weights_sha256(self.state.parameters, self.state.average),
        }

    def _end(self, started: float) -> Iterator[Event]:
        assert self._stop is not None
        yield from self._publish()
        reason = "finished" if self._finished else self._stop.reason
        results = self._results() | {"seconds": perf_counter() - started}
        if self._stop.save:
            yield from self._save(reason, results)
        elif self._folder is not None:
            self._folder.discard()
            self._folder = None
        yield RunEnded(
            reason=reason,
            run=str(self._folder.path) if self._folder else None,
            evaluation=self._evaluate().evaluation,
            **results,
        )
