from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import binomtest
from sklearn import metrics

from digit_tui.data import load_dataset
from digit_tui.insight.confusion import ConfusedPair, class_scores, confusion_matrix, most_confused
from digit_tui.insight.digit_table import DigitTable
from digit_tui.insight.report import confusion_table, report
from digit_tui.insight.selection import order, parse_selection, select
from digit_tui.nn import Evaluation, Network, PredictionHistory, evaluate

MakeEvaluation = Callable[..., Evaluation]
MakeHistory = Callable[..., PredictionHistory]


def evaluation_of(
    labels: list[int], predictions: list[int], classes: int, losses: list[float] | None = None
) -> Evaluation:
    return Evaluation(
        labels=np.array(labels, np.uint8),
        probabilities=np.eye(classes, dtype=np.float32)[predictions],
        losses=np.array(losses or [1.0] * len(labels), np.float32),
    )


def test_rows_are_true_and_columns_predicted() -> None:
    matrix = confusion_matrix(evaluation_of([0, 0, 0, 1, 2], [0, 2, 2, 1, 0], classes=3))
    assert matrix.tolist() == [[1, 0, 2], [0, 1, 0], [1, 0, 0]]


def test_the_sums_are_those_of_the_data() -> None:
    generator = np.random.default_rng(0)
    labels, predictions = generator.integers(0, 47, (2, 500))
    evaluation = evaluation_of(labels.tolist(), predictions.tolist(), classes=47)
    matrix = confusion_matrix(evaluation)
    assert matrix.sum() == 500
    assert matrix.trace() == evaluation.correct
    assert matrix.sum(axis=1).tolist() == np.bincount(labels, minlength=47).tolist()


def test_the_most_confused_are_mistakes_and_the_most_frequent_first() -> None:
    matrix = np.array([[90, 3, 0], [7, 80, 1], [0, 3, 99]])
    assert most_confused(matrix, 10) == [
        ConfusedPair(true=1, predicted=0, times=7),
        ConfusedPair(true=0, predicted=1, times=3),
        ConfusedPair(true=2, predicted=1, times=3),
        ConfusedPair(true=1, predicted=2, times=1),
    ]
    assert len(most_confused(matrix, 2)) == 2
    assert most_confused(np.diag([5, 5]), 3) == []


def test_mistakes_come_with_the_highest_loss_first() -> None:
    evaluation = evaluation_of(
        [0, 1, 2, 0, 1], [1, 1, 0, 2, 0], classes=3, losses=[0.5, 9, 3, 3, np.inf]
    )
    digits = DigitTable(evaluation)
    assert order(digits, "loss").tolist() == [4, 1, 2, 3, 0]  # 2 and 3 in the order of the data
    wrong = parse_selection("wrong", classes=3)
    assert select(digits, wrong, "loss").tolist() == [4, 2, 3, 0]


def test_a_loss_that_is_no_number_comes_first() -> None:
    evaluation = evaluation_of(
        [0, 0, 0, 0], [1, 1, 1, 1], classes=2, losses=[1, np.inf, np.nan, 3e38]
    )
    assert order(DigitTable(evaluation), "loss").tolist() == [2, 1, 3, 0]


def test_the_report_says_how_well_it_went() -> None:
    text = report(evaluation_of([0, 0, 1, 1], [0, 1, 1, 1], classes=2, losses=[0.5] * 4))
    assert "75.00%" in text
    assert "3 of 4" in text
    assert "0.5000" in text
    assert "0 as 1 (1)" in text


def test_the_report_of_a_perfect_network_names_no_mistake() -> None:
    text = report(evaluation_of([0, 1], [0, 1], classes=2))
    assert "100.00%" in text
    assert " as " not in text


@pytest.mark.parametrize("classes", [2, 10, 47])
def test_the_table_holds_every_number_in_line(classes: int) -> None:
    matrix = np.random.default_rng(1).integers(0, 12_000, (classes, classes))
    matrix[0] = 0  # a class without images
    matrix[1, 0] = 0
    lines = confusion_table(matrix)[1:]
    assert len({len(line) for line in lines}) == 1
    header = lines[0].split()
    assert header == ["true", *map(str, range(classes)), "recall", "precision", "F1"]
    scores = class_scores(matrix)
    for true, line in enumerate(lines[1:]):
        label, *cells = line.split()
        assert int(label) == true
        assert [0 if cell == "·" else int(cell) for cell in cells[:-3]] == matrix[true].tolist()
        for shown, score in zip(cells[-3:], (column[true] for column in scores), strict=True):
            if np.isnan(score):
                assert shown == "-"
            else:
                assert float(shown) == pytest.approx(100 * score, abs=0.0501)
        # Each number ends where its column's heading does.
        width = (len(lines[0]) - len("  true") - len(" recall precision    F1")) // classes
        for predicted in range(classes):
            end = len("  true") + width * (predicted + 1)
            assert lines[0][:end].endswith(str(predicted))
            assert line[end] == " "


def test_the_table_of_ten_thousand_digits_fits_the_terminal() -> None:
    matrix = np.full((10, 10), 1_135)
    assert max(map(len, confusion_table(matrix))) < 80


# Against scikit-learn


@pytest.mark.parametrize("classes", [2, 10, 47])
def test_matrix_and_scores_are_those_of_scikit_learn(
    random_evaluation: MakeEvaluation, classes: int
) -> None:
    # Of 47 classes some have no digit at all, or are never predicted.
    evaluation = random_evaluation(60, classes, seed=classes)
    labels, predictions = evaluation.labels, evaluation.predictions
    matrix = confusion_matrix(evaluation)
    names = np.arange(classes)
    expected = metrics.confusion_matrix(labels, predictions, labels=names)
    assert matrix.tolist() == expected.tolist()
    scores = metrics.precision_recall_fscore_support(
        labels, predictions, labels=names, zero_division=np.nan
    )
    found = class_scores(matrix)
    for mine, score in zip((found.precision, found.recall, found.f1), scores[:3], strict=True):
        np.testing.assert_allclose(mine, score, rtol=1e-12)
    if classes == 47:
        assert all(np.isnan(column).any() for column in class_scores(matrix))


@given(
    hnp.arrays(
        np.int64,
        st.integers(1, 9).map(lambda classes: (classes, classes)),
        elements=st.integers(0, 3) | st.integers(0, 10**9),
    )
)
def test_scores_are_fractions_and_f1_is_the_harmonic_mean(matrix: np.ndarray) -> None:
    for recall, precision, f1, row, column in zip(
        *class_scores(matrix), matrix.sum(axis=1), matrix.sum(axis=0), strict=True
    ):
        assert np.isnan(precision) == (column == 0)
        assert np.isnan(recall) == (row == 0)
        assert np.isnan(f1) == (row + column == 0)
        for score in (precision, recall, f1):
            assert np.isnan(score) or 0 <= score <= 1
        if precision > 0 and recall > 0:
            assert f1 == pytest.approx(2 / (1 / precision + 1 / recall))


# The report


def test_the_report_says_how_sure_the_accuracy_is() -> None:
    text = report(evaluation_of([0] * 90 + [1] * 10, [0] * 98 + [1] * 2, classes=2))
    low, high = binomtest(92, 100).proportion_ci(method="wilson")
    assert f"95% interval {100 * low:.1f} to {100 * high:.1f}\n" in text
    assert "label" not in text


def test_the_report_counts_label_suspects(history_of: MakeHistory) -> None:
    sure = evaluation_of([0, 1, *[2] * 98], [0, 2, 0, *[2] * 97], classes=3)
    evaluation = replace(sure, probabilities=0.03 + 0.91 * sure.probabilities)  # 94%
    steady = history_of(np.tile(evaluation.predictions, (5, 1)))
    assert "2 label suspects: contradicted with 90% or more" in report(evaluation, steady)
    late = history_of(np.array([[0, 2, 1, *[2] * 97], *[evaluation.predictions] * 4]))
    assert "1 label suspect:" in report(evaluation, late)
    assert "suspect" not in report(evaluation, history_of(steady.latest[None]))
    assert "suspect" not in report(evaluation)


def test_the_report_on_mnist_leaves_out_what_annotators_did_not_back(full_mnist: Path) -> None:
    labels = load_dataset(str(full_mnist)).test_labels
    predictions = labels.copy()
    predictions[:100] = (predictions[:100] + 1) % 10
    predictions[947] = 3  # the label says 8
    text = report(evaluation_of(labels.tolist(), predictions.tolist(), classes=10))
    said = "without 15 digits whose label annotators did not back (9,885 of 9,985)\n"
    low, high = binomtest(9885, 9985).proportion_ci(method="wilson")
    assert f"{said}  95% interval {100 * low:.1f} to {100 * high:.1f}\n" in text
    assert f"{9_885 / 9_985:.2%} without" in text
    assert max(map(len, text.splitlines())) < 90


def test_the_report_names_the_digits() -> None:
    evaluation = evaluation_of([0, 1], [0, 0], classes=2)
    assert report(evaluation).startswith("Test accuracy  50.00%")
    assert report(evaluation, split="Validation").startswith("Validation accuracy  50.00%")


def test_the_report_of_a_diverged_network(diverged: Network) -> None:
    labels = np.arange(50, dtype=np.uint8) % 10
    evaluation = evaluate(diverged, np.ones((50, 784), np.uint8), labels)
    assert "loss nan" in report(evaluation)
