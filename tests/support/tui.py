"""The interface without a training thread: a story of events, a clock, a window to look through."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from time import monotonic
from typing import Any

import numpy as np
from textual import events
from textual.pilot import Pilot

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.nn import Evaluation, Network, PredictionHistory
from digit_tui.run import events as happened
from digit_tui.run.commands import Command, Inspect
from digit_tui.run.settings import Settings
from digit_tui.run.state import RunState, Vectors
from digit_tui.session.runner import Loaded
from digit_tui.training.run_request import RunRequest
from digit_tui.tui.app import DigitApp

STEPS_PER_EPOCH = 100


def of_first_digits(dataset: Dataset, count: int) -> Dataset:
    """A dataset with the first of the test digits only."""
    return replace(
        dataset,
        test_images=dataset.test_images[:count],
        test_labels=dataset.test_labels[:count],
    )


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


class Story:
    """Makes the events of one run, keeping count of where it stands."""

    def __init__(self, config: RunConfig, dataset: Dataset) -> None:
        self.config = config
        self.dataset = dataset
        self.settings = Settings.of(config)
        self.step = 0
        self.epoch = 0.0
        self.history = PredictionHistory()

    def loaded(self) -> Loaded:
        return Loaded(self.dataset)

    def started(self, run: str | None = "/runs/one") -> happened.RunStarted:
        return happened.RunStarted(
            config=self.config.to_json(),
            data={},
            network=(self.dataset.pixels, *self.config.hidden, self.dataset.classes),
            parameters=1_234,
            versions={},
            run=run,
            settings=self.settings,
        )

    def steps(
        self,
        count: int = STEPS_PER_EPOCH,
        losses: Iterable[float] | float = 0.5,
        norms: Iterable[float] | float = 1.0,
        rate: float | None = None,
        images: int | None = None,
        seconds: float = 1.0,
    ) -> happened.StepsDone:
        """Steps that follow those before."""
        numbers = self.step + 1 + np.arange(count)
        # Positions of a whole number of epochs are exact, as the trainer's are.
        self.step += count
        self.epoch = self.step / STEPS_PER_EPOCH
        return happened.StepsDone(
            step=self.step,
            epoch=self.epoch,
            positions=numbers / STEPS_PER_EPOCH,
            losses=np.broadcast_to(np.array(losses, np.float32), count),
            accuracies=np.full(count, 0.75, np.float32),
            gradient_norms=np.broadcast_to(np.array(norms, np.float32), count),
            learning_rate=self.settings.learning_rate if rate is None else rate,
            images=40 * count if images is None else images,
            seconds=seconds,
        )

    def evaluation(self, mistakes: dict[int, tuple[int, float]] | None = None) -> Evaluation:
        """All digits right with 90%, but for some: index to (predicted, its probability)."""
        labels = self.dataset.test_labels
        classes = self.dataset.classes
        probabilities = np.full((len(labels), classes), 0.1 / (classes - 1), np.float32)
        probabilities[np.arange(len(labels)), labels] = 0.9
        for index, (predicted, probability) in (mistakes or {}).items():
            probabilities[index] = 0
            probabilities[index, labels[index]] = 1 - probability
            probabilities[index, predicted] = probability
        with np.errstate(divide="ignore"):
            losses = -np.log(probabilities[np.arange(len(labels)), labels])
        return Evaluation(labels, probabilities, losses)

    def evaluated(self, mistakes: dict[int, tuple[int, float]] | None = None) -> happened.Evaluated:
        evaluation = self.evaluation(mistakes)
        if self.step and not self.step % STEPS_PER_EPOCH:
            self.history = self.history.add(round(self.epoch), evaluation.predictions)
        return self.evaluated_at(self.step, self.epoch, evaluation)

    def evaluated_at(self, step: int, epoch: float, evaluation: Evaluation) -> happened.Evaluated:
        """An evaluation of the test digits, by a network whose weights are all zero."""
        network = Network((self.dataset.pixels, *self.config.hidden, self.dataset.classes))
        return happened.Evaluated(step, epoch, evaluation, 0.01, network, self.history)

    def inspected(self, seed: int = 0) -> happened.Inspected:
        """The state, with weights drawn from a seed."""
        config = replace(self.config, seed=seed)
        sizes = (self.dataset.pixels, *config.hidden, self.dataset.classes)
        vectors = Vectors.make(sizes, config.average, np.zeros)
        state = replace(RunState.begin(config, sizes, vectors), step=self.step)
        network = Network(sizes, state.parameters)
        rate = state.settings.learning_rate
        return happened.Inspected(self.step, self.epoch, rate, network, state)

    def epoch_ended(self, **values: Any) -> happened.EpochEnded:
        return happened.EpochEnded(
            **{
                "epoch": round(self.epoch),
                "step": self.step,
                "learning_rate": self.settings.learning_rate,
                "optimizer": self.settings.optimizer,
                "train_loss": 0.4,
                "train_accuracy": 0.88,
                "test_loss": 0.3,
                "test_accuracy": 0.91,
                "validation_loss": None,
                "validation_accuracy": None,
                "gradient_norm": 1.0,
                "clip_rate": 0.0,
                "seconds": 1.0,
                "images_per_second": 4_000.0,
                **values,
            }
        )

    def changed(self, setting: str, new: Any) -> happened.SettingChanged:
        old = getattr(self.settings, setting)
        self.settings = replace(self.settings, **{setting: new})
        return happened.SettingChanged(self.step, self.epoch, setting, old, new, self.settings)

    def paused(self, reason: str = "asked") -> happened.Paused:
        return happened.Paused(self.step, self.epoch, reason)

    def resumed(self) -> happened.Resumed:
        return happened.Resumed(self.step, self.epoch)

    def diverged(self) -> happened.Diverged:
        message = f"loss became NaN at step {self.step + 1:,}"
        return happened.Diverged(self.step, self.epoch, "loss", np.nan, message)

    def saved(self, path: str = "/runs/one") -> happened.CheckpointSaved:
        return happened.CheckpointSaved(self.step, path, asked=True)

    def ended(self) -> happened.RunEnded:
        return happened.RunEnded(
            reason="stopped",
            epochs=int(self.epoch),
            steps=self.step,
            test_accuracy=0.9,
            test_correct=9,
            test_total=10,
            validation_accuracy=None,
            validation_correct=None,
            validation_total=None,
            test_opened=None,
            weights_sha256="",
            seconds=1.0,
            run=None,
            evaluated=self.evaluated_at(self.step, self.epoch, self.evaluation()),
        )

    def opening(self) -> list[Any]:
        """What every run begins with."""
        return [self.loaded(), self.started(), self.evaluated()]

    def epochs(self, count: int = 1, mistakes: Any = None) -> list[Any]:
        """Whole epochs with falling losses."""
        told: list[Any] = []
        for _ in range(count):
            x = (self.step + np.arange(STEPS_PER_EPOCH)) / STEPS_PER_EPOCH
            told.append(self.steps(losses=2 * np.exp(-x) + 0.1, norms=1 + np.sin(9 * x) / 2))
            told += [self.evaluated(mistakes), self.epoch_ended()]
        return told


class StoodIn:
    """Takes the place of the training thread: notes commands, makes no events of its own."""

    def __init__(self, request: RunRequest, events: Any, dataset: Any = None) -> None:
        self.request, self.dataset = request, dataset
        self.config, self.folder = request.config, request.folder
        self.sent: list[Command] = []
        self.looks = 0
        """How often its state was asked for."""
        self.started = self.ended = False

    def start(self) -> None:
        self.started = True

    def send(self, command: Command) -> None:
        if isinstance(command, Inspect):
            self.looks += 1
        else:
            self.sent.append(command)

    def drain(self) -> list[Any]:
        return []

    def join(self, seconds: float) -> bool:
        """Whether a test has told that the run has ended."""
        return self.ended


class Window:
    """The app on a screen of characters."""

    def __init__(self, app: DigitApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot
        self._input: Any = None

    @property
    def sent(self) -> list[Command]:
        """What the run that is shown was asked for."""
        assert isinstance(self.app.runner, StoodIn)
        return self.app.runner.sent

    @property
    def rows(self) -> list[str]:
        """The characters on the screen, row by row."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]

    @property
    def text(self) -> str:
        return "\n".join(self.rows)

    def find(self, pattern: str) -> str:
        """The part of the screen that matches, within one row; fails if there is none."""
        found = re.search(pattern, self.text, re.MULTILINE)
        assert found is not None, f"no {pattern!r} on\n{self.text}"
        return found.group()

    async def tell(self, *events: Any) -> None:
        """Let events happen, and wait until the screen has changed."""
        self.app.ingest(events)
        if any(isinstance(event, happened.RunEnded) for event in events):
            self.app.runner.ended = True  # type: ignore[union-attr]
        await self.settle()

    async def press(self, *keys: str) -> None:
        """Press keys, by their names, each when the one before was dealt with."""
        for key in keys:
            # Pilot.press waits for an idle processor, many times longer.
            self.app.post_message(events.Key(key, key if len(key) == 1 else None))
            await self.settle()

    def type(self, data: bytes) -> None:
        """Hand over what a terminal sends, all at once."""
        from digit_tui.tui.terminal.driver import Input  # not on Windows

        self._input = Input() if self._input is None else self._input
        driver = self.app._driver
        assert driver is not None
        for message in self._input.feed(data):
            driver.process_message(message)

    async def resize(self, width: int, height: int) -> None:
        await self.pilot.resize_terminal(width, height)
        await self.settle()

    async def settle(self) -> None:
        """Wait until all messages were dealt with, those that they led to, and so on."""
        loop = asyncio.get_running_loop()
        quiet = 0
        while quiet < 3:
            # Where no task is ready to run, none has a message: Pilot.pause sends one to every
            # widget to find that out, several times as long as what the tests wait for.
            await asyncio.sleep(0)
            if loop._ready:  # type: ignore[attr-defined]
                quiet = 0
            else:
                self.app.screen._on_timer_update()
                quiet += 1

    def take_error(self) -> Exception | None:
        """The first error that the app has told of since the last call.

        A test fails for one that it does not take.
        """
        error, self.app._exception = self.app._exception, None
        self.app._exception_event.clear()
        return error

    async def until(self, condition: Callable[[], object]) -> None:
        end = monotonic() + 20
        while not condition():
            assert monotonic() < end, f"it never came to be; the screen is\n{self.text}"
            await self.pilot.pause(0.005)


OpenWindow = Callable[..., AbstractAsyncContextManager[Window]]
