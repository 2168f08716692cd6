from __future__ import annotations

import numpy as np
import pytest

from digit_tui.insight.confusion import Confusion, confusion_matrix, most_confused
from digit_tui.insight.mistakes import by_loss
from digit_tui.insight.report import confusion_table, report
from digit_tui.nn import Evaluation


def looked(
    labels: list[int], predictions: list[int], classes: int, losses: list[float] | None = None
) -> Evaluation:
    return Evaluation(
        labels=np.array(labels, np.uint8),
        probabilities=np.eye(classes, dtype=np.float32)[predictions],
        losses=np.array(losses or [1.0] * len(labels), np.float32),
    )


def test_rows_are_true_and_columns_predicted() -> None:
    matrix = confusion_matrix(looked([0, 0, 0, 1, 2], [0, 2, 2, 1, 0], classes=3))
    assert matrix.tolist() == [[1, 0, 2], [0, 1, 0], [1, 0, 0]]


def test_the_sums_are_those_of_the_data() -> None:
    generator = np.random.default_rng(0)
    labels, predictions = generator.integers(0, 47, (2, 500))
    evaluation = looked(labels.tolist(), predictions.tolist(), classes=47)
    matrix = confusion_matrix(evaluation)
    assert matrix.sum() == 500
    assert matrix.trace() == evaluation.correct
    assert matrix.sum(axis=1).tolist() == np.bincount(labels, minlength=47).tolist()


def test_the_most_confused_are_mistakes_and_the_most_frequent_first() -> None:
    matrix = np.array([[90, 3, 0], [7, 80, 1], [0, 3, 99]])
    assert most_confused(matrix, 10) == [
        Confusion(true=1, predicted=0, times=7),
        Confusion(true=0, predicted=1, times=3),
        Confusion(true=2, predicted=1, times=3),
        Confusion(true=1, predicted=2, times=1),
    ]
    assert len(most_confused(matrix, 2)) == 2
    assert most_confused(np.diag([5, 5]), 3) == []


def test_mistakes_come_with_the_highest_loss_first() -> None:
    evaluation = looked([0, 1, 2, 0, 1], [1, 1, 0, 2, 0], classes=3, losses=[0.5, 9, 3, 3, np.inf])
    assert by_loss(evaluation).tolist() == [4, 2, 3, 0]  # 2 and 3 in the order of the data
    assert by_loss(evaluation, mistakes_only=False).tolist() == [4, 1, 2, 3, 0]


def test_a_loss_that_is_no_number_comes_first() -> None:
    evaluation = looked([0, 0, 0, 0], [1, 1, 1, 1], classes=2, losses=[1, np.inf, np.nan, 3e38])
    assert by_loss(evaluation).tolist()[0] == 2
    assert by_loss(evaluation).tolist()[-1] == 0


def test_the_report_says_how_well_it_went() -> None:
    text = report(looked([0, 0, 1, 1], [0, 1, 1, 1], classes=2, losses=[0.5] * 4))
    assert "75.00%" in text
    assert "3 of 4" in text
    assert "0.5000" in text
    assert "0 as 1 (1)" in text


def test_the_report_of_a_perfect_network_names_no_mistake() -> None:
    text = report(looked([0, 1], [0, 1], classes=2))
    assert "100.00%" in text
    assert " as " not in text


@pytest.mark.parametrize("classes", [2, 10, 47])
def test_the_table_holds_every_number_in_line(classes: int) -> None:
    matrix = np.random.default_rng(1).integers(0, 12_000, (classes, classes))
    matrix[0] = 0  # a class without images
    matrix[1, 0] = 0
    lines = confusion_table(matrix)[1:]
    assert len({len(line) for line in lines[1:]}) == 1
    header = lines[0].split()
    assert header == ["true", *map(str, range(classes)), "right"]
    for true, line in enumerate(lines[1:]):
        label, *cells, right = line.split()
        assert int(label) == true
        assert [0 if cell == "·" else int(cell) for cell in cells] == matrix[true].tolist()
        if matrix[true].any():
            share = matrix[true, true] / matrix[true].sum()
            assert float(right.rstrip("%")) == pytest.approx(100 * share, abs=0.06)
        # Each number ends where its column's heading does.
        for predicted in range(classes):
            width = (len(lines[0]) - len("  true  ") - len("    right")) // classes
            end = len("  true  ") + width * (predicted + 1)
            assert lines[0][:end].endswith(str(predicted))
            assert line[end] == " "
