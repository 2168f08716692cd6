"""Which digits to look at, in which order: `true=4 pred=9 conf>0.9`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight.digit_table import DigitTable

__all__ = [
    "ORDERS",
    "STATES",
    "Bound",
    "DigitTable",
    "Selection",
    "SelectionError",
    "order",
    "parse_selection",
    "select",
]

Array = NDArray[Any]

STATES: dict[str, Callable[[DigitTable], Array]] = {
    "wrong": lambda table: table.wrong,
    "right": lambda table: ~table.wrong,
    "allwrong": lambda table: table.all_wrong,
    "suspect": lambda table: table.suspects,
    "unbacked": lambda table: table.unbacked,
    "broken": lambda table: table.lives.broken,
    "fixed": lambda table: table.lives.fixed,
}
"""Words that stand alone, and the digits (n,) bool that each is true of."""

NUMBERS: dict[str, Callable[[DigitTable], Array]] = {
    "conf": lambda table: table.confidences,
    "loss": lambda table: table.evaluation.losses,
    "forgotten": lambda table: table.lives.forgotten,
}
"""Numbers (n,) of the digits, which can be bounded."""

SETS = ("true", "pred", "index")
"""Whole numbers of the digits, of which some can be named."""

CONFUSION = re.compile(r"(?<!\S)(\d+)\s*(?:→|->|>)\s*(\d+)(?!\S)")
"""A true class and a predicted one, as they are shown: 4→9, or 4>9."""

COMPARISONS: dict[str, Callable[[Array, float], Array]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}

LONG_NAMES = {"predicted": "pred", "confidence": "conf", "suspects": "suspect"}

EXAMPLES = {
    "true": "true=4 or true=4,7",
    "pred": "pred=9 or pred=4,9",
    "index": "index=12 or index=12,947",
    "conf": "conf>0.9 or conf<=0.5",
    "loss": "loss>2 or loss<=0.5",
    "forgotten": "forgotten>=2 or forgotten=0",
}
OF_COMMITTEES = "allwrong"
"""The state that says nothing new of one network: who filters its digits is not told of it."""
OF_HISTORY = ("forgotten", "suspect", "broken", "fixed")
"""Conditions and orders that follow from the history of one run: a committee has none."""
TOLD = ("true=4,7", "pred=9", "index=12", "conf>0.9", "loss>2", "forgotten>=2", *STATES)
"""A condition of each kind, as a message has them."""
TERM = re.compile(r"([a-z]+)(<=|>=|<|>|=)(.+)")
WHOLE = re.compile(r"[0-9]{1,9}")
DECIMAL = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]{1,3})?")


class SelectionError(ValueError):
    """A text that is not a selection; the message is one line that says why, and what would be."""


class Bound(NamedTuple):
    """A limit for one number of a digit."""

    name: str
    """One of `NUMBERS`; conf is the probability of the predicted class, 0 to 1."""
    comparison: str
    """One of `COMPARISONS`."""
    value: float

    def __str__(self) -> str:
        return f"{self.name}{self.comparison}{repr(float(self.value)).removesuffix('.0')}"


@dataclass(frozen=True)
class Selection:
    """The conditions that a digit must meet; without any, all digits are selected."""

    true: frozenset[int] | None = None
    """True classes to choose from."""
    predicted: frozenset[int] | None = None
    """Predicted classes to choose from."""
    index: frozenset[int] | None = None
    """Digits to choose from, by their place in the data."""
    bounds: tuple[Bound, ...] = ()
    states: frozenset[str] = frozenset()
    """Some of `STATES`; all of them must be true."""

    def mask(self, table: DigitTable) -> Array:
        """(n,) bool: the digits that are selected. A number that is NaN is within no bound."""
        mask: Array = np.ones(len(table), bool)
        for column, chosen in (
            (table.evaluation.labels, self.true),
            (table.evaluation.predictions, self.predicted),
            (np.arange(len(table)), self.index),
        ):
            if chosen is not None:
                mask &= np.isin(column, list(chosen))
        for name, comparison, value in self.bounds:
            with np.errstate(over="ignore"):  # a bound beyond float32 is infinite
                mask &= COMPARISONS[comparison](NUMBERS[name](table), value)
        for state in self.states:
            mask &= STATES[state](table)
        return mask

    @property
    def names(self) -> list[str]:
        """Of the bounds and states."""
        return [*(bound.name for bound in self.bounds), *(s for s in STATES if s in self.states)]

    def __str__(self) -> str:
        """The text that `parse_selection` parses to this selection."""
        sets = zip(SETS, (self.true, self.predicted, self.index), strict=True)
        return " ".join(
            [
                *(f"{name}={','.join(map(str, sorted(some)))}" for name, some in sets if some),
                *map(str, self.bounds),
                *(state for state in STATES if state in self.states),
            ]
        )


def grammar(committee: bool = False) -> str:
    """What can be written of the digits of one run, or of a committee."""
    left_out = OF_HISTORY if committee else (OF_COMMITTEES,)
    told = [each for each in TOLD if TERM.sub(r"\1", each) not in left_out]
    return f"write {' '.join(told)}"


def parse_selection(text: str, classes: int, committee: bool = False) -> Selection:
    """Read a selection; an empty text selects everything.

    Terms are separated by blanks, and all must be true. `true`, `pred` and `index` take whole
    numbers, with commas for alternatives; `conf`, `loss` and `forgotten` a limit; the names of
    `STATES` stand alone.

    Args:
        text: what a person wrote, for example "true=4 pred=9 conf>0.9 wrong".
        classes: how many there are.
        committee: whether the digits are those of a committee; an error says what there is.

    Raises:
        SelectionError: if it cannot be read.
    """
    sets: dict[str, frozenset[int]] = {}
    bounds: list[Bound] = []
    states: set[str] = set()
    # Blanks around signs mean nothing, and a comma before a name separates terms.
    tidy = re.sub(r"\s*(<=|>=|[<>=,])\s*", r"\1", CONFUSION.sub(r"true=\1 pred=\2", text.lower()))
    for word in re.sub(r",(?=[a-z]|$)", " ", tidy).split():
        match = TERM.fullmatch(word)
        name, comparison, value = match.groups() if match else (word, "", "")
        name = LONG_NAMES.get(name, name)
        if name in STATES and not match:
            states.add(name)
        elif name in SETS and match:
            if name in sets:
                raise SelectionError(f"{name} is named twice: write {name}=4,7 for either")
            sets[name] = _whole_numbers(name, comparison, value, classes)
        elif name in NUMBERS and match:
            bounds.append(_bound(name, comparison, value))
        elif name in EXAMPLES:
            raise SelectionError(f"{name} needs a number: write {EXAMPLES[name]}")
        else:
            raise SelectionError(f"{_quoted(word)} is no condition: {grammar(committee)}")
    return Selection(
        sets.get("true"), sets.get("pred"), sets.get("index"), tuple(bounds), frozenset(states)
    )


def _whole_numbers(name: str, comparison: str, value: str, classes: int) -> frozenset[int]:
    words = value.split(",")
    if comparison != "=" or not all(WHOLE.fullmatch(word) for word in words):
        raise SelectionError(f"{_quoted(name + comparison + value)}: write {EXAMPLES[name]}")
    numbers = frozenset(map(int, words))
    if name != "index" and max(numbers) >= classes:
        raise SelectionError(f"there is no class {max(numbers)}: they go from 0 to {classes - 1}")
    return numbers


def _bound(name: str, comparison: str, value: str) -> Bound:
    if not DECIMAL.fullmatch(value):
        raise SelectionError(f"{_quoted(name + comparison + value)}: write {EXAMPLES[name]}")
    number = float(value)
    if name == "conf" and number > 1:
        raise SelectionError(f"conf is a probability from 0 to 1: write {EXAMPLES['conf']}")
    if number == np.inf:
        raise SelectionError(f"{name}{comparison}{_quoted(value)} is too large a number")
    return Bound(name, comparison, number)


def _quoted(word: str) -> str:
    """What a person wrote, on one line and without control characters."""
    shown = repr(word)
    return shown if len(shown) <= 30 else shown[:27] + "..."


def _first(name: str) -> Callable[[DigitTable], Array]:
    return lambda table: ~STATES[name](table)


ORDERS: dict[str, Callable[[DigitTable], Array] | None] = {
    "loss": None,
    "confidence": lambda table: -np.nan_to_num(table.confidences, nan=np.inf),
    "index": lambda table: np.arange(len(table)),
    "forgotten": lambda table: -table.lives.forgotten,
    "broken": _first("broken"),
    "fixed": _first("fixed"),
}
"""Orders by name: what they rank by, ascending (n,); of equal ones the highest loss comes first."""


def highest_first(losses: Array) -> NDArray[np.intp]:
    """Losses (n,) as indices, the highest first, NaN before all; equal ones in their order."""
    return np.argsort(-np.nan_to_num(losses, nan=np.inf), kind="stable")


def order(table: DigitTable, name: str) -> NDArray[np.intp]:
    """All digits (n,), as indices: the highest loss first, or another of `ORDERS`.

    With "confidence" the most confident come first, with "forgotten" the most often forgotten,
    with "broken" and "fixed" those that are. NaN counts as the highest.

    Raises:
        KeyError: if there is no such order.
    """
    losses_first = highest_first(table.evaluation.losses)
    rank = ORDERS[name]
    if rank is None:
        return losses_first
    return losses_first[rank(table)[losses_first].argsort(kind="stable")]


def check_history(table: DigitTable, names: Iterable[str], instead: str) -> None:
    """Check that what digits are selected or sorted by is known of them.

    Args:
        table: of the digits.
        names: of conditions, or of an order.
        instead: what there is of a committee.

    Raises:
        SelectionError: if one of them needs a history, and there is none.
    """
    for name in names:
        if name not in OF_HISTORY or len(table.history):
            continue
        if table.members is None:
            raise SelectionError(f"{name} needs a history of these digits, and there is none")
        raise SelectionError(f"{name} needs the history of one run; {instead}")


def select(table: DigitTable, selection: Selection, order_name: str) -> NDArray[np.intp]:
    """The indices of the selected digits, in an order.

    Raises:
        KeyError: if there is no such order.
    """
    ordered = order(table, order_name)
    return ordered[selection.mask(table)[ordered]]
