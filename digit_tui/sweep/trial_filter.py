"""Which trials to look at: `state=running optimizer=adam acc>0.97`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from difflib import get_close_matches

from digit_tui.insight.selection import SelectionError
from digit_tui.sweep.board import STATES, TrialRow
from digit_tui.sweep.space import value_words

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
FACTS: dict[str, Callable[[TrialRow], object]] = {
    "trial": lambda trial: trial.number,
    "state": lambda trial: trial.state,
    "worker": lambda trial: trial.worker,
    "epoch": lambda trial: trial.epoch,
    "acc": lambda trial: trial.accuracy,
    "seconds": lambda trial: trial.seconds,
}
"""What can be asked of any trial, besides its settings."""
LONG_NAMES = {"accuracy": "acc", "number": "trial", "time": "seconds"}
TERM = re.compile(r"([A-Za-z_-]+)(<=|>=|!=|<|>|=)(.+)")


@dataclass(frozen=True)
class Term:
    """One condition."""

    name: str
    """One of `FACTS`, or a setting."""
    comparison: str
    """One of `COMPARISONS`, or "=" or "!="."""
    text: str
    """A number, or for the last two any text; with commas, one of several."""

    def matches(self, trial: TrialRow) -> bool:
        """Whether it is true of a trial. What a trial does not have is within no bound."""
        value = FACTS[self.name](trial) if self.name in FACTS else trial.params.get(self.name)
        if self.comparison in COMPARISONS:
            number, bound = _number(value), _number(self.text)
            if number is None or bound is None:
                return False
            return COMPARISONS[self.comparison](number, bound)
        if isinstance(value, bool | None) and self.name in trial.params:
            value = value_words(value, self.name)
        # The widths of layers have commas too.
        equal = any(_equal(value, text) for text in (self.text, *self.text.split(",")))
        return equal == (self.comparison == "=")

    def __str__(self) -> str:
        return f"{self.name}{self.comparison}{self.text}"


@dataclass(frozen=True)
class TrialFilter:
    """Conditions, all of which must be true; without any, all trials are listed."""

    terms: tuple[Term, ...] = ()

    def matches(self, trial: TrialRow) -> bool:
        """Whether a trial is listed."""
        return all(term.matches(trial) for term in self.terms)

    def __str__(self) -> str:
        """The text that `parse_filter` parses to this filter."""
        return " ".join(map(str, self.terms))


def parse_filter(text: str, settings: Collection[str]) -> TrialFilter:
    """Read a filter; an empty text lists everything.

    Args:
        text: terms with blanks between them, such as "state=running lr<0.01"; the name of a state
            stands alone too.
        settings: names of the settings that trials have.

    Raises:
        SelectionError: if it cannot be read; says what could be.
    """
    return TrialFilter(tuple(_term(word, settings) for word in text.split()))


def _term(word: str, settings: Collection[str]) -> Term:
    if word in STATES:
        return Term("state", "=", word)
    found = TERM.fullmatch(word)
    if found is None:
        raise SelectionError(f"{word} is no condition: write {_examples(settings)}")
    name, comparison, text = found.groups()
    name = name if name in settings else LONG_NAMES.get(name, name)
    known = [*settings, *FACTS]
    if name not in known:
        near = get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise SelectionError(f"{name} is nothing that a trial has: {hint}")
    if comparison in COMPARISONS and _number(text) is None:
        raise SelectionError(f"{word}: {text} is no number")
    if name == "state":
        wrong = next((each for each in text.split(",") if each not in STATES), None)
        if wrong is not None:
            raise SelectionError(f"{wrong} is no state: there are {', '.join(STATES)}")
    return Term(name, comparison, text)


def _examples(settings: Collection[str]) -> str:
    setting = next(iter(settings), None)
    return "state=running acc>0.97" + ("" if setting is None else f" {setting}=...")


def _number(value: object) -> float | None:
    """A number, also one in per cent; None if it is none."""
    if isinstance(value, int | float):
        return float(value)
    text = str(value)
    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        return None


def _equal(value: object, text: str) -> bool:
    number, other = _number(value), _number(text)
    if number is not None and other is not None:
        return number == other
    return str(value).lower() == text.lower()
