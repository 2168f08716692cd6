"""One class, two, or none."""

from __future__ import annotations

import numpy as np
import pytest
from support.rarely import rarely

from digit_tui.insight.answers import Answer, Coverage, answer, answer_words, coverage
from digit_tui.nn import Evaluation


@pytest.mark.parametrize(
    ("probabilities", "score", "classes", "words"),
    [
        ([0.02, 0.03, 0.95], 0.5, (2,), "2 (95.0%)"),
        ([0.0, 0.1, 0.9], 0.5, (2,), "2 (90.0%)"),
        ([0.05, 0.4, 0.55], 0.5, (2, 1), "2 or 1 (55.0%, 40.0%)"),
        ([0.46, 0.08, 0.46], 0.5, (0, 2), "0 or 2 (46.0%, 46.0%)"),
        ([0.3, 0.3, 0.4], 0.5, (), "not a digit"),
        ([0.02, 0.03, 0.95], 1.0, (2,), "2 (95.0%)"),
        ([0.02, 0.03, 0.95], 1.01, (), "not a digit"),
        ([0.05, 0.4, 0.55], 1.01, (), "not a digit"),
        ([0.02, 0.03, 0.95], np.nan, (), "not a digit"),
        ([np.nan, np.nan, np.nan], 0.5, (), "not a digit"),
    ],
)
def test_the_answer(
    probabilities: list[float], score: float, classes: tuple[int, ...], words: str
) -> None:
    given = answer(np.array(probabilities), score, threshold=1.0)
    assert given.classes == classes
    assert given.probabilities == tuple(probabilities[each] for each in classes)
    assert answer_words(given) == words


def test_two_classes_are_enough() -> None:
    assert answer(np.array([0.6, 0.4]), 0.0, 1.0).classes == (0, 1)
    assert answer(np.array([0.04, 0.96]), 0.0, 1.0).classes == (1,)


def test_words_name_the_more_probable_class_first() -> None:
    assert answer_words(Answer((7, 2), (0.612, 0.301))) == "7 or 2 (61.2%, 30.1%)"


@pytest.mark.parametrize("seed", [0, *rarely(1, 2, 3)])
def test_coverage_counts_what_is_answered_one_by_one(seed: int) -> None:
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 4, (400, 5))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    likely = np.where(generator.random(400) < 0.7, probabilities.argmax(axis=1), 0)
    labels, scores = likely.astype(np.uint8), generator.uniform(0, 1.2, 400)
    evaluation = Evaluation(labels, probabilities, np.zeros(400))
    counts = {0: 0, 1: 0, 2: 0}
    right = {0: 0, 1: 0, 2: 0}
    for row, label, score in zip(probabilities, labels, scores, strict=True):
        given = answer(row, score, 1.0)
        counts[len(given.classes)] += 1
        right[len(given.classes)] += int(label) in given.classes
    found = coverage(evaluation, scores, 1.0)
    assert found == Coverage(400, counts[1], right[1], counts[2], right[2])
    assert found.refused == counts[0]
    assert min(counts.values()) > 20  # all kinds were there
    assert right[0] == 0
    assert 0 < right[2] < counts[2]


def test_coverage_in_words() -> None:
    assert Coverage(total=1_000, one=950, one_right=945, two=30, two_right=27).words == [
        " 95.00% with one class; 99.47% of them right",
        '  3.00% with two, such as "2 or 7"; 90.00% of them right',
        '  2.00% with "not a digit"',
    ]
    assert Coverage(total=10, one=0, one_right=0, two=0, two_right=0).words == [
        "  0.00% with one class",
        '  0.00% with two, such as "2 or 7"',
        '100.00% with "not a digit"',
    ]
