"""Runs on real digits, and what the rules on their health say of each epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from support.command_script import CommandScript

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.insight.health.finding import Finding
from digit_tui.insight.health.record import Record
from digit_tui.insight.health.rules import findings_of
from digit_tui.nn import Network
from digit_tui.run.commands import Command, Inspect
from digit_tui.run.events import EpochEnded, Evaluated, Inspected
from digit_tui.run.health_record import inspection_of
from digit_tui.run.inspection import facts_of, step_of
from digit_tui.run.state import RunState
from digit_tui.session.health_check import check_health
from digit_tui.session.run_history import RunHistory
from digit_tui.training.trainer import Trainer

SMALL: dict[str, Any] = {
    "data": "sample",
    "hidden": (64, 32),
    "batch_size": 64,
    "epochs": 2,
    "augment": "none",
    "optimizer": "adamw",
}
"""A network that learns the sample's digits in a few epochs of a fraction of a second."""


class Diagnosed(NamedTuple):
    """A run that has ended."""

    trainer: Trainer
    records: list[Record]
    """After each epoch."""

    @property
    def last(self) -> Record:
        return self.records[-1]

    @property
    def findings(self) -> list[list[Finding]]:
        """After each epoch."""
        return [findings_of(record) for record in self.records]

    @property
    def rules(self) -> list[str]:
        """What is found at the end, the worst first."""
        return [each.rule for each in self.findings[-1]]

    @property
    def ever(self) -> set[str]:
        """What is found after any epoch."""
        return {each.rule for found in self.findings for each in found}

    @property
    def accuracies(self) -> list[float]:
        return [each.accuracy for each in self.last.epochs]


def diagnose(
    dataset: Dataset,
    script: Iterable[tuple[int, Command]] = (),
    *,
    before: Callable[[RunState], None] | None = None,
    look: bool = True,
    config: RunConfig | None = None,
    **options: Any,
) -> Diagnosed:
    """Train, and look at the record of the run after each epoch.

    Args:
        dataset: the digits.
        script: commands, by the step at which they come.
        before: changes the state before the first step.
        look: inspect the layers at the start and after each epoch, and some training images.
        config: of the run; None is `SMALL`.
        options: of the config that are different.
    """
    config = (config or RunConfig(**SMALL)).with_(**options)
    images = len(dataset.train_labels)
    steps = -(-images // min(config.batch_size, images))
    looks = [(each * steps, Inspect()) for each in range((config.epochs or 0) + 1)] if look else []
    commands = sorted([*looks, *script], key=lambda each: each[0])
    trainer = Trainer(config, dataset, CommandScript(commands))
    if before is not None:
        before(trainer.state)
    history, evaluated, records = RunHistory(config), None, []
    for event in trainer.run():
        history.ingest(event, dataset)
        if isinstance(event, Evaluated):
            evaluated = event
        if isinstance(event, Inspected):
            facts = facts_of(event, dataset, step_of(event, dataset))
            history.inspections.append(inspection_of(event, facts))
        if isinstance(event, Inspected if look else EpochEnded) and event.step:
            # As of a run that has more epochs to train.
            record = replace(history.record(dataset, evaluated), finished=False)
            if look:
                record = check_health(record, dataset, evaluated, None).record
            records.append(record)
    return Diagnosed(trainer, records)


def first_layer_dead(share: float) -> Callable[[RunState], None]:
    """Makes this share of the first layer's units 0 for every image."""

    def kill(state: RunState) -> None:
        biases = Network((784, *SMALL["hidden"], 10), state.parameters).layers[0].biases
        biases[: round(share * len(biases))] = -100

    return kill


def scaled(factor: float) -> Callable[[RunState], None]:
    """Multiplies the weights at the start."""

    def scale(state: RunState) -> None:
        state.parameters[:] *= np.float32(factor)

    return scale


def some(dataset: Dataset, images: int) -> Dataset:
    """The dataset with the first training images only."""
    return replace(
        dataset,
        train_images=dataset.train_images[:images].copy(),
        train_labels=dataset.train_labels[:images].copy(),
    )


def mislabelled(dataset: Dataset, share: float, test: bool) -> Dataset:
    """The dataset with other labels for a share of its images.

    Args:
        dataset: the digits.
        share: of wrong labels.
        test: whether the test images have as many of them.
    """
    generator = np.random.default_rng(1)

    def spoil(labels: np.ndarray) -> np.ndarray:
        shifts = generator.integers(1, dataset.classes, len(labels))
        wrong = generator.random(len(labels)) < share
        return ((labels + wrong * shifts) % dataset.classes).astype(np.uint8)

    train = spoil(dataset.train_labels)
    return replace(
        dataset,
        train_labels=train,
        test_labels=spoil(dataset.test_labels) if test else dataset.test_labels,
    )
