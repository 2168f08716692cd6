"""Training images that are held out, and a test set that stays unseen."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digit_tui.data import DataError, Dataset
from digit_tui.engine.holdout import PARTS, fold, hold_out
from digit_tui.run.commands import Fork, GoBack, OpenTest, SetLearningRate, Stop
from digit_tui.run.events import BranchEvent, EpochEnded, Evaluated, Forked, Refused, Restored
from digit_tui.storage.saved_run import SavedRun


def test_every_image_is_on_one_side(digits: Dataset) -> None:
    split = hold_out(digits, 70)
    assert (split.monitored_split, digits.monitored_split) == ("validation", "test")
    held, labels = split.split("validation")
    assert (len(held), len(labels)) == (70, 70)
    assert len(split.train_images) == len(split.train_labels) == len(digits.train_labels) - 70
    rows = [
        (image.tobytes(), int(label))
        for images, labels in ((held, labels), (split.train_images, split.train_labels))
        for image, label in zip(images, labels, strict=True)
    ]
    before = zip(digits.train_images, digits.train_labels, strict=True)
    assert sorted(rows) == sorted((image.tobytes(), int(label)) for image, label in before)
    np.testing.assert_array_equal(split.test_images, digits.test_images)
    assert not split.train_images.flags.writeable
    assert split.summary()["validation_images"] == 70
    assert split.sha256 != digits.sha256


def test_the_same_images_are_held_out_every_time(digits: Dataset) -> None:
    assert hold_out(digits, 70).sha256 == hold_out(digits, 70).sha256
    assert hold_out(digits, 70).sha256 != hold_out(digits, 71).sha256
    assert hold_out(digits, 0) is digits


def test_labels_in_order_are_held_out_from_all_classes(digits: Dataset) -> None:
    order = np.argsort(digits.train_labels, kind="stable")
    sorted_digits = replace(
        digits, train_images=digits.train_images[order], train_labels=digits.train_labels[order]
    )
    _, labels = hold_out(sorted_digits, 70).split("validation")
    assert set(labels) == set(digits.train_labels)


def test_folds_together_are_the_training_set(digits: Dataset) -> None:
    count = len(digits.train_labels)
    folds = [fold(digits, number) for number in range(PARTS)]
    held = [row.tobytes() for each in folds for row in each.split("validation")[0]]
    assert sorted(held) == sorted(image.tobytes() for image in digits.train_images)
    for each in folds:
        images, labels = each.split("validation")
        assert len(each.train_labels) + len(labels) == count
        assert abs(len(labels) - count / PARTS) < 1
        assert {*map(bytes, images)}.isdisjoint(map(bytes, each.train_images))
    few = replace(digits, train_labels=digits.train_labels[:4])
    with pytest.raises(DataError, match="4 training images: too few for 5 folds"):
        fold(few, 0)


@pytest.mark.parametrize("more", [0, 1])
def test_something_must_be_left_to_train_on(digits: Dataset, more: int) -> None:
    count = len(digits.train_labels) + more
    with pytest.raises(DataError, match=f"--validation {count}: .* hold out fewer"):
        hold_out(digits, count)


@pytest.fixture
def held(digits: Dataset) -> Dataset:
    return hold_out(digits, 70)


def evaluations(events: list[Any], digits: str) -> list[Evaluated]:
    return [each for each in events if isinstance(each, Evaluated) and each.split == digits]


def test_the_test_set_is_read_at_the_end_alone(train: Any, held: Dataset) -> None:
    ran = train(dataset=held, validation=70)
    assert [len(each.evaluation.labels) for each in ran.all(Evaluated)] == [70] * 3
    last = ran.all(EpochEnded)[-1]
    assert (last.test_loss, last.test_accuracy) == (None, None)
    watched = ran.all(Evaluated)[-1].evaluation
    assert last.monitored == ("validation", watched.loss, watched.accuracy)
    ended = ran.ended
    assert (ended.validation_correct, ended.validation_total) == (watched.correct, 70)
    assert ended.test_total == len(held.test_labels)
    assert ended.evaluated.split == "test"
    assert ended.test_opened is None
    assert ended.monitored_accuracy == watched.accuracy


def test_a_run_that_is_left_early_makes_no_test_evaluation(train: Any, held: Dataset) -> None:
    ran = train([(5, Stop())], dataset=held, validation=70)
    assert (ran.ended.test_accuracy, ran.ended.test_total) == (None, None)
    assert ran.ended.evaluated.split == "validation"


def test_opening_it_is_told_and_on_record(train: Any, held: Dataset, tmp_path: Path) -> None:
    ran = train([(5, OpenTest())], dataset=held, validation=70, folder=tmp_path)
    (opened,) = evaluations(ran.events, "test")
    assert (opened.step, len(opened.history)) == (5, 0)
    assert len(opened.evaluation.labels) == len(held.test_labels)
    assert ran.ended.test_opened == 5
    assert SavedRun.read(tmp_path).history().test_opened == 5
    assert json.loads((tmp_path / "run.json").read_text())["results"]["test_opened"] == 5


def test_going_back_does_not_close_it(train: Any, held: Dataset) -> None:
    ran = train(
        [(5, OpenTest()), (6, GoBack(0, ())), (10, Stop())],
        dataset=held,
        validation=70,
        interactive=True,
    )
    assert ran.ended.test_opened == 5


def test_a_run_that_goes_on_remembers(
    train: Any, go_on: Any, held: Dataset, tmp_path: Path
) -> None:
    train([(5, OpenTest()), (6, Stop())], dataset=held, validation=70, folder=tmp_path)
    went_on = go_on(tmp_path, dataset=held)
    (restored,) = went_on.all(Restored)
    assert restored.test_opened == 5
    assert went_on.ended.test_opened == 5


def test_a_fork_opens_it_too(train: Any, held: Dataset, tmp_path: Path) -> None:
    fork = Fork((SetLearningRate(1e-4),))
    script = [(2, OpenTest()), (4, fork), (6, OpenTest())]
    ran = train(script, dataset=held, validation=70, folder=tmp_path / "run")
    (forked,) = ran.all(Forked)
    assert SavedRun.read(Path(forked.run)).history().test_opened == 2
    inner = [event.event for event in ran.all(BranchEvent)]
    # Both branches have come to the end of an epoch when they are asked.
    assert [each.step for each in evaluations(inner, "test")] == [10]


def test_without_held_out_digits_there_is_nothing_to_open(train: Any) -> None:
    ran = train([(5, OpenTest())])
    assert "test set already" in ran.all(Refused)[0].message
    assert ran.ended.test_opened is None


def test_it_changes_nothing_of_what_is_learned(train: Any, held: Dataset) -> None:
    untouched = train(dataset=held, validation=70)
    opened = train([(3, OpenTest()), (5, OpenTest())], dataset=held, validation=70)
    assert opened.ended.weights_sha256 == untouched.ended.weights_sha256
