"""Drawings that a network has learned before, or is tested with: they prove nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.command_script import CommandScript
from support.teaching import Keep as KeepDrawings
from support.teaching import drawings_of

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.insight.lesson import Lesson
from digit_tui.nn import fine_tuning
from digit_tui.run.commands import AppliedCommand, Command, GoBack, Save, Stop, Undo
from digit_tui.run.events import Event, Refused, SettingChanged
from digit_tui.training.teaching import pixels_of
from digit_tui.training.trainer import Trainer


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fine_tuning, "STEPS", 6)


def lessons(events: list[Event]) -> list[Lesson]:
    found = [event.lesson for event in events if isinstance(event, SettingChanged)]
    return [each for each in found if each is not None]


def counts(lesson: Lesson) -> tuple[int, int]:
    return lesson.total, lesson.known


def test_who_draws_more_and_teaches_again_is_told_of_the_new_ones(
    keep_drawings: KeepDrawings, train: Any, go_on: Any, tmp_path: Path
) -> None:
    more = drawings_of(12)
    few = replace(more, images=more.images[:7], labels=more.labels[:7])
    first = keep_drawings(few)
    folder = tmp_path / "run"
    train([(5, first), (6, Save()), (6, Stop())], folder=folder)
    second = keep_drawings(more)
    ran = go_on(folder, [(8, second), (9, second)])
    assert [counts(each) for each in lessons(ran.events)] == [(5, 7), (0, 12)]


def test_images_that_it_is_trained_on_are_learned_before(
    keep_drawings: KeepDrawings, train: Any, digits: Dataset
) -> None:
    drawings = drawings_of(12)
    images = digits.train_images.copy()
    images[:3] = pixels_of(drawings, digits.side)[4:7]
    ran = train([(5, keep_drawings(drawings))], dataset=replace(digits, train_images=images))
    assert [counts(each) for each in lessons(ran.events)] == [(9, 3)]


def test_a_test_digit_is_not_taught(
    keep_drawings: KeepDrawings, train: Any, digits: Dataset
) -> None:
    drawings = drawings_of(12)
    images = digits.test_images.copy()
    images[-2:] = pixels_of(drawings, digits.side)[:2]
    dataset = replace(digits, test_images=images)
    ran = train([(5, keep_drawings(drawings))], dataset=dataset)
    (refused,) = ran.all(Refused)
    assert "2 of your drawings are among its test digits" in refused.message
    assert ran.sha256 == train(dataset=dataset).sha256


def test_a_run_that_keeps_nothing_has_its_drawings_all_the_same(
    keep_drawings: KeepDrawings, train: Any, digits: Dataset, config: RunConfig
) -> None:
    """It repeats what it was taught, though the person has other drawings by then."""
    command = keep_drawings(drawings_of(8))
    expected = train([(5, command)]).sha256

    class DrawsMore(CommandScript):
        def take(self, step: int) -> Iterator[Command]:
            if step > 5:
                keep_drawings(drawings_of(seed=8))
            yield from super().take(step)

    forward = GoBack(8, (AppliedCommand(5, command),))
    trainer = Trainer(config, digits, DrawsMore([(5, command), (9, Undo()), (7, forward)]))
    events = list(trainer.run())
    assert not [each for each in events if isinstance(each, Refused)]
    assert events[-1].weights_sha256 == expected  # type: ignore[attr-defined]
