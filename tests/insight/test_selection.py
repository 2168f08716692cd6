"""Selections as text, and what they select."""

from __future__ import annotations

import operator
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from digit_tui.insight.selection import (
    ORDERS,
    STATES,
    Bound,
    DigitTable,
    Selection,
    SelectionError,
    order,
    parse_selection,
    select,
)
from digit_tui.nn import Evaluation, Network, PredictionHistory, evaluate

CLASSES = 47

class_sets = st.none() | st.frozensets(st.integers(0, CLASSES - 1), min_size=1, max_size=4)
comparisons = st.sampled_from(["<", "<=", ">", ">=", "="])
bounds = st.builds(Bound, st.just("conf"), comparisons, st.floats(0, 1)) | st.builds(
    Bound,
    st.sampled_from(["loss", "forgotten"]),
    comparisons,
    st.floats(0, allow_infinity=False) | st.integers(0, 99).map(float),
)
selections = st.builds(
    Selection,
    true=class_sets,
    predicted=class_sets,
    index=st.none() | st.frozensets(st.integers(0, 999_999_999), min_size=1, max_size=4),
    bounds=st.lists(bounds, max_size=3).map(tuple),
    states=st.frozensets(st.sampled_from(list(STATES))),
)


@st.composite
def looks(draw: st.DrawFn) -> DigitTable:
    """A few digits with a history, among them numbers that are NaN."""
    count, epochs = draw(st.integers(1, 12)), draw(st.integers(0, 6))
    labels = draw(hnp.arrays(np.uint8, count, elements=st.integers(0, 2)))
    numbers = st.sampled_from([0.0, 0.25, 0.5, 0.95, 1.0, np.nan])
    probabilities = draw(hnp.arrays(np.float32, (count, 3), elements=numbers))
    losses = draw(hnp.arrays(np.float32, count, elements=numbers))
    past = draw(hnp.arrays(np.uint8, (epochs, count), elements=st.integers(0, 2)))
    history = PredictionHistory()
    for epoch, predictions in enumerate(past):
        history = history.add(epoch + 1, predictions)
    return DigitTable(Evaluation(labels, probabilities, losses), history)


# Text


@given(selections)
def test_a_selection_is_read_as_it_was_written(selection: Selection) -> None:
    assert parse_selection(str(selection), CLASSES) == selection


blanks = st.text(" \t\n\r\f\u00a0\u2003", max_size=3)


@given(selections, st.data())
def test_it_survives_odd_blanks_and_capitals(selection: Selection, data: st.DataObject) -> None:
    text = str(selection).upper()
    for sign in ("<=", ">=", "<", ">", "=", ","):
        # A sign of one character must not tear one of two apart.
        if sign in ("<", ">", "=") and ("<=" in text or ">=" in text):
            continue
        text = text.replace(sign, data.draw(blanks) + sign + data.draw(blanks))
    text = text.replace(" ", data.draw(blanks) + " " + data.draw(blanks))
    assume(len(text) < 2_000)
    assert parse_selection(data.draw(blanks) + text + data.draw(blanks), CLASSES) == selection


@given(
    st.text()
    | st.text("truepdinxcoflsgabw=<>,. 0123456789e-+%\n", max_size=30)
    | st.lists(
        st.sampled_from(["true", "pred", "conf", "loss", "index", "wrong", "=", "<", ">=", ","])
        | st.integers(-5, 10**12).map(str)
        | st.floats().map(str)
    ).map("".join)
)
def test_any_text_is_read_or_refused_in_one_clear_line(text: str) -> None:
    try:
        selection = parse_selection(text, 10)
    except SelectionError as error:
        message = str(error)
        assert message.isprintable()
        assert 10 < len(message) < 160
    else:
        assert parse_selection(str(selection), 10) == selection


@pytest.mark.parametrize(
    ("text", "selection"),
    [
        ("", Selection()),
        (" \n ", Selection()),
        (" , ", Selection()),
        ("true=4 pred=9", Selection(true=frozenset({4}), predicted=frozenset({9}))),
        ("true=4, 7, pred=9", Selection(true=frozenset({4, 7}), predicted=frozenset({9}))),
        ("True = 04", Selection(true=frozenset({4}))),
        *(
            (text, Selection(true=frozenset({4}), predicted=frozenset({9})))
            for text in ("4>9", "4→9", " 4 -> 9 ")
        ),
        (
            "4>9 loss>2",
            Selection(frozenset({4}), frozenset({9}), bounds=(Bound("loss", ">", 2.0),)),
        ),
        ("predicted=1", Selection(predicted=frozenset({1}))),
        (
            "conf>0.9 confidence<=.99",
            Selection(bounds=(Bound("conf", ">", 0.9), Bound("conf", "<=", 0.99))),
        ),
        (
            "loss>2e1 wrong",
            Selection(bounds=(Bound("loss", ">", 20),), states=frozenset({"wrong"})),
        ),
        ("forgotten >= 2", Selection(bounds=(Bound("forgotten", ">=", 2),))),
        ("index=947 suspects", Selection(index=frozenset({947}), states=frozenset({"suspect"}))),
        ("wrong, broken", Selection(states=frozenset({"wrong", "broken"}))),
    ],
)
def test_what_can_be_written(text: str, selection: Selection) -> None:
    assert parse_selection(text, 10) == selection


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("foo", "'foo' is no condition: write true=4,7 pred=9"),
        ("4", "'4' is no condition"),
        ("4>", "'4>' is no condition"),
        ("4>9 true=3", "true is named twice"),
        ("4>11", "there is no class 11"),
        ("wrong=3", "'wrong=3' is no condition"),
        ("\x1b[2J", r"'\x1b[2j' is no condition"),
        ("true", "true needs a number: write true=4 or true=4,7"),
        ("conf", "conf needs a number: write conf>0.9"),
        ("true=", "write true=4"),
        ("true=x", "'true=x': write true=4"),
        ("true>4", "'true>4': write true=4"),
        ("index=1.5", "'index=1.5': write index=12"),
        ("true=10", "there is no class 10: they go from 0 to 9"),
        ("pred=3,99", "there is no class 99: they go from 0 to 9"),
        ("true=4 true=7", "true is named twice: write true=4,7"),
        ("conf>90", "conf is a probability from 0 to 1"),
        ("conf>0,9", "'conf>0,9': write conf>0.9"),
        ("loss>-1", "'loss>-1': write loss>2"),
        ("loss>nan", "'loss>nan': write loss>2"),
        ("loss>1e999", "too large"),
        ("forgotten=often", "write forgotten>=2"),
        ("loss==2", "'loss==2': write loss>2"),
        ("true=" + "9" * 5_000, "write true=4"),
    ],
)
def test_what_cannot_be_written(text: str, words: str) -> None:
    with pytest.raises(SelectionError) as caught:
        parse_selection(text, 10)
    assert words in str(caught.value)


# What is selected

NUMBERS: dict[str, Callable[[DigitTable, int], float]] = {
    "conf": lambda digits, digit: digits.evaluation.probabilities[digit].max(),
    "loss": lambda digits, digit: digits.evaluation.losses[digit],
    "forgotten": lambda digits, digit: digits.lives.forgotten[digit],
}
SIGNS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}

few = st.none() | st.frozensets(st.integers(0, 3), min_size=1)
near_bounds = st.builds(
    Bound, st.sampled_from(list(NUMBERS)), comparisons, st.sampled_from([0, 0.25, 0.5, 0.95, 1, 2])
)
near_selections = st.builds(
    Selection,
    true=few,
    predicted=few,
    index=st.none() | st.frozensets(st.integers(0, 14), min_size=1),
    bounds=st.lists(near_bounds, max_size=2).map(tuple),
    states=st.frozensets(st.sampled_from(list(STATES)), max_size=2),
)


def is_selected(selection: Selection, digits: DigitTable, digit: int) -> bool:
    label, prediction = digits.evaluation.labels[digit], digits.evaluation.predictions[digit]
    states = {
        "wrong": label != prediction,
        "right": label == prediction,
        "allwrong": label != prediction,
        "suspect": digits.suspects[digit],
        "unbacked": False,  # no digit of MNIST's test set
        "broken": digits.lives.broken[digit],
        "fixed": digits.lives.fixed[digit],
    }
    return (
        (selection.true is None or label in selection.true)
        and (selection.predicted is None or prediction in selection.predicted)
        and (selection.index is None or digit in selection.index)
        and all(
            SIGNS[comparison](np.float32(NUMBERS[name](digits, digit)), np.float32(value))
            for name, comparison, value in selection.bounds
        )
        and all(states[state] for state in selection.states)
    )


@given(looks(), near_selections)
def test_the_mask_is_that_of_a_plain_loop(digits: DigitTable, selection: Selection) -> None:
    expected = [is_selected(selection, digits, digit) for digit in range(len(digits))]
    assert selection.mask(digits).tolist() == expected


@given(looks(), selections)
def test_any_selection_can_be_asked(digits: DigitTable, selection: Selection) -> None:
    mask = selection.mask(digits)
    assert mask.shape == (len(digits),)
    assert mask.dtype == bool


def test_no_condition_selects_everything(random_evaluation: Callable[..., Evaluation]) -> None:
    digits = DigitTable(random_evaluation())
    assert Selection().mask(digits).all()
    assert len(select(digits, Selection(), "loss")) == 200


@given(looks(), st.sampled_from(list(ORDERS)))
def test_orders_are_those_of_a_plain_sort(digits: DigitTable, name: str) -> None:
    def highest(number: float) -> float:
        return -np.inf if np.isnan(number) else -number

    evaluation, lives = digits.evaluation, digits.lives
    ranks: dict[str, Callable[[int], float]] = {
        "loss": lambda digit: 0,
        "confidence": lambda digit: highest(evaluation.probabilities[digit].max()),
        "index": lambda digit: digit,
        "forgotten": lambda digit: -lives.forgotten[digit],
        "broken": lambda digit: not lives.broken[digit],
        "fixed": lambda digit: not lives.fixed[digit],
    }
    expected = sorted(
        range(len(digits)),
        key=lambda digit: (ranks[name](digit), highest(evaluation.losses[digit]), digit),
    )
    assert order(digits, name).tolist() == expected


@given(looks(), near_selections, st.sampled_from(list(ORDERS)))
def test_a_selection_keeps_the_order(digits: DigitTable, selection: Selection, name: str) -> None:
    mask = selection.mask(digits)
    chosen = select(digits, selection, name)
    assert chosen.tolist() == [digit for digit in order(digits, name) if mask[digit]]
    assert chosen.dtype == np.intp


def test_a_bound_is_met_by_the_number_that_is_shown() -> None:
    """0.99 in float32 is a little more than 0.99, but is meant."""
    probabilities = np.array([[0.99, 0.01]], np.float32)
    digits = DigitTable(Evaluation(np.zeros(1, np.uint8), probabilities, np.zeros(1, np.float32)))
    assert parse_selection("conf<=0.99 conf>=0.99 conf=0.99", 2).mask(digits).all()


def test_an_unknown_order_is_an_error(random_evaluation: Callable[..., Evaluation]) -> None:
    with pytest.raises(KeyError):
        order(DigitTable(random_evaluation()), "beauty")


def test_a_diverged_network_can_be_selected_from(diverged: Network) -> None:
    labels = np.array([0, 1, 2, 0], np.uint8)
    digits = DigitTable(evaluate(diverged, np.ones((4, 784), np.uint8), labels))
    for name in ORDERS:
        assert select(digits, parse_selection("wrong", 10), name).tolist() == [1, 2]
    assert not parse_selection("conf>=0", 10).mask(digits).any()
