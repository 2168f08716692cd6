"""What drawings are judged by: copies that have not seen them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from digit_tui.insight.lesson import FOLDS, Lesson, folds, judge
from digit_tui.nn import Network


@pytest.mark.parametrize("count", [5, 6, 12, 50, 203])
def test_each_drawing_is_left_out_once(count: int) -> None:
    labels = np.random.default_rng(count).integers(0, 4, count)
    left_out = np.array(folds(labels))
    np.testing.assert_array_equal(left_out.sum(axis=0), 1)
    assert len(left_out) == FOLDS
    assert left_out.any(axis=1).all()
    for label in range(4):  # as evenly as possible
        of_label = left_out[:, labels == label].sum(axis=1)
        assert of_label.max() - of_label.min() <= 1


def test_no_copy_has_seen_what_it_judges() -> None:
    """The copy that learned drawings knows just these: so none that it judges."""
    images = np.arange(60, dtype=np.uint8).reshape(20, 3)
    labels = (np.arange(20) % 2).astype(np.uint8)
    numbers: list[int] = []

    def always_1() -> Network:
        network = Network((3, 2, 2))
        network.layers[-1].biases[:] = 0, 1
        return network

    def tune(chosen: Any, number: int) -> Network:
        numbers.append(number)
        assert len(chosen) == 16
        return always_1()

    lesson = judge(Network((3, 2, 2)), images, labels, tune)
    assert lesson == Lesson(total=20, before=10, after=10)  # of equal classes the first
    assert numbers == [1, 2, 3, 4, 5]


def test_what_was_learned_before_is_not_judged() -> None:
    images = np.arange(60, dtype=np.uint8).reshape(20, 3)
    labels = (np.arange(20) % 2).astype(np.uint8)
    known = labels == 0
    known[1] = True
    tuned: list[int] = []

    def tune(chosen: Any, number: int) -> Network:
        tuned.append(number)
        assert len(chosen) == 16  # the known ones are taught as well
        return Network((3, 2, 2))

    network = Network((3, 2, 2))  # of equal classes the first: all ones are wrong
    assert judge(network, images, labels, tune, known) == Lesson(9, 0, 0, known=11)
    assert tuned == [1, 2, 3, 4, 5]
    assert judge(network, images, labels, tune, labels >= 0) == Lesson(0, 0, 0, known=20)
    assert len(tuned) == 5


def test_in_words() -> None:
    words = "5 right before, 11 after, each tested unseen"
    assert Lesson(12, 5, 11).words == words
    assert Lesson(12, 5, 11).short_words == "12 drawings 5 → 11 right (unseen)"
    assert Lesson(12, 5, 11, known=3).words == f"of 12 new ones {words}"
    assert Lesson(0, 0, 0, known=3).words == "all of them were learned before"
