"""Small runs, and fixtures that train them: a plugin of the tests (see conftest.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from support.command_script import CommandScript

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.run.commands import Command
from digit_tui.run.events import Event, RunEnded
from digit_tui.storage.run_writer import RunWriter
from digit_tui.training import saving
from digit_tui.training.run_request import resume_request
from digit_tui.training.trainer import Trainer


class Ran(NamedTuple):
    """A run that has ended."""

    trainer: Trainer
    events: list[Event]

    @property
    def ended(self) -> RunEnded:
        assert isinstance(self.events[-1], RunEnded)
        return self.events[-1]

    @property
    def sha256(self) -> str:
        return self.ended.weights_sha256

    def all(self, kind: type[Any]) -> list[Any]:
        """The events of one kind, in their order."""
        return [event for event in self.events if isinstance(event, kind)]


MakeDigits = Callable[..., Dataset]
Train = Callable[..., Ran]
GoOn = Callable[..., Ran]
Kill = Callable[..., None]


def digits_of(
    classes: int = 4, side: int = 6, train: int = 230, test: int = 60, seed: int = 0
) -> Dataset:
    """Learnable images: a pattern for each class, with noise on top.

    Two pixels in five are blank in nearly all images: half of the batches of 32 leave some out.
    """
    generator = np.random.default_rng(seed)
    patterns = generator.integers(0, 200, (classes, side * side))

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.arange(count, dtype=np.uint8) % classes
        noise = generator.integers(0, 56, (count, side * side))
        images = (patterns[labels] + noise).astype(np.uint8)
        rare = np.arange(side * side) % 5 < 2
        images[np.ix_(np.arange(count) % 50 != 0, rare)] = 0
        return images, labels

    return Dataset("patterns", "nowhere", *draw(train), *draw(test), side, classes)


@pytest.fixture(scope="session")
def make_digits() -> MakeDigits:
    return digits_of


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """230 training images, so that a last batch of 32 has 6; four classes."""
    return digits_of()


@pytest.fixture(scope="session")
def config() -> RunConfig:
    """Two epochs of eight steps, with everything switched on that makes runs differ."""
    return RunConfig(
        data="patterns",
        hidden=(8,),
        batch_size=32,
        epochs=2,
        learning_rate=0.01,
        augment="shift",
        side=6,
    )


@pytest.fixture(scope="session")
def train(digits: Dataset, config: RunConfig) -> Train:
    """Runs a script of (step, command) to its end."""

    def run(
        script: Iterable[tuple[int, Command]] = (),
        *,
        dataset: Dataset = digits,
        folder: Path | None = None,
        interactive: bool = False,
        processes: int | None = None,
        **options: Any,
    ) -> Ran:
        run_folder = None if folder is None else RunWriter(folder)
        changed = config.with_(side=dataset.side, **options)
        trainer = Trainer(
            changed, dataset, CommandScript(script), run_folder, interactive, processes=processes
        )
        return Ran(trainer, list(trainer.run()))

    return run


@pytest.fixture(scope="session")
def go_on(digits: Dataset) -> GoOn:
    """Goes on with the run in a folder, as --resume does, to its end."""

    def run(
        folder: Path,
        script: Iterable[tuple[int, Command]] = (),
        *,
        dataset: Dataset = digits,
        interactive: bool = False,
    ) -> Ran:
        trainer = resume_request(folder).trainer(dataset, CommandScript(script), interactive)
        return Ran(trainer, list(trainer.run()))

    return run


@pytest.fixture(scope="session")
def kill(digits: Dataset, config: RunConfig) -> Kill:
    """Leaves a run's folder as it is when something happens, as if the process were killed then."""

    def run(
        when: Callable[[Event], bool],
        script: Iterable[tuple[int, Command]] = (),
        *,
        folder: Path,
        interactive: bool = False,
        **options: Any,
    ) -> None:
        changed = config.with_(**options)
        events = Trainer(
            changed, digits, CommandScript(script), RunWriter(folder), interactive
        ).run()
        while not when(next(events)):
            pass
        events.close()  # frees the lock, as the end of the process does; writes nothing

    return run


@pytest.fixture
def saved_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """No checkpoints at the ends of epochs: else the clock decides of them."""
    monkeypatch.setattr(saving, "SAVE_SHARE", -1.0)


@pytest.fixture
def saved_each_epoch(saved_when_asked: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint at the end of every epoch, whatever it costs; wins where both are used."""
    monkeypatch.setattr(saving, "SAVE_SHARE", 1e9)
