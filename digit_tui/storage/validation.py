"""The door through which JSON comes into the program: types and bounds are checked here, once.

A check takes a value, and raises `Invalid` unless it is what it should be. The error says in which
field, and why.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from math import isfinite
from sys import float_info
from typing import Any

from digit_tui.config import ConfigError, RunConfig
from digit_tui.data import printable

Check = Callable[[Any], None]

MAX_COUNT = 2**53
"""Of steps, for example: a float still tells such numbers apart."""
MAX_DEPTH = 16
"""Levels of lists and objects in each other; the program writes five."""
LONGEST_TEXT = 8_192
"""Characters: more than any path has."""
SHOWN = 40
"""Characters of a wrong value that a message shows."""


class Invalid(ValueError):
    """A value is not what it should be."""

    def __init__(self, reason: str, place: str = "") -> None:
        super().__init__(f"{place}: {reason}" if place else reason)
        self.reason = reason
        self.place = place
        """The field, such as `course.3.step`; empty for the whole."""


@contextmanager
def within(name: str | int) -> Iterator[None]:
    """Have errors say that they are about a part of this name."""
    try:
        yield
    except Invalid as error:
        place = f"{name}.{error.place}" if error.place else str(name)
        raise Invalid(error.reason, place) from None


def parse_json(content: bytes) -> Any:
    """JSON from outside, of which nothing is known yet.

    Raises:
        Invalid: if it is none, or is nested too deeply.
    """
    try:
        value = json.loads(content)
    except RecursionError:
        raise Invalid("it is nested too deeply") from None
    except ValueError:
        raise Invalid("it is not JSON") from None
    # Few brackets cannot be nested deeply, and are most of what is read.
    if content.count(b"[") + content.count(b"{") > MAX_DEPTH:
        _check_depth(value, MAX_DEPTH)
    return value


def _check_depth(value: Any, levels: int) -> None:
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return
    if levels == 0:
        raise Invalid("it is nested too deeply")
    for inner in value:
        _check_depth(inner, levels - 1)


def shown(value: Any) -> str:
    """A wrong value, in a few characters."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    text = repr(value[: SHOWN + 1] if isinstance(value, str) else value)
    return printable(text if len(text) <= SHOWN + 2 else f"{text[:SHOWN]}...")


def whole(low: int = 0, high: int = MAX_COUNT) -> Check:
    """A whole number between two bounds, which may be met."""

    def check(value: Any) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise Invalid(f"{shown(value)} is not a whole number from {low:,} to {high:,}")

    return check


def number(
    low: float = -float_info.max, high: float = float_info.max, above: float | None = None
) -> Check:
    """A finite number between two bounds, which may be met, and above another if one is given."""
    limits = f"from {low:.3g} to" if above is None else f"above {above:.3g} and at most"
    words = f"a number {limits} {high:.3g}"

    def check(value: Any) -> None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise Invalid(f"{shown(value)} is not {words}")
        if not low <= value <= high or (above is not None and value <= above):
            raise Invalid(f"{shown(value)} is not {words}")

    return check


def real(value: Any) -> None:
    """Any number, NaN and the infinities included."""
    if not isinstance(value, float):
        number()(value)


def text(longest: int = LONGEST_TEXT) -> Check:
    def check(value: Any) -> None:
        if not isinstance(value, str):
            raise Invalid(f"{shown(value)} is not a text")
        if len(value) > longest:
            raise Invalid(f"{shown(value)} is longer than {longest:,} characters")

    return check


def one_of(choices: Collection[str]) -> Check:
    def check(value: Any) -> None:
        if not isinstance(value, str) or value not in choices:
            raise Invalid(f"{shown(value)} is none of {', '.join(choices)}")

    return check


def same_as(expected: Any) -> Check:
    """One value and no other."""

    def check(value: Any) -> None:
        if type(value) is not type(expected) or value != expected:
            raise Invalid(f"{shown(value)} is not {json.dumps(expected)}")

    return check


def time(value: Any) -> None:
    """A time in ISO format that can be expressed in the local time zone."""
    text(64)(value)
    try:
        datetime.fromisoformat(value).astimezone()
    except (ArithmeticError, OSError, ValueError):
        raise Invalid(f"{shown(value)} is not a time") from None


def optional(inner: Check) -> Check:
    """null, or what passes another check."""

    def check(value: Any) -> None:
        if value is not None:
            inner(value)

    return check


def many(inner: Check, most: int | None = None) -> Check:
    """A list of values that each pass another check."""

    def check(value: Any) -> None:
        if not isinstance(value, list):
            raise Invalid(f"{shown(value)} is not a list")
        if most is not None and len(value) > most:
            raise Invalid(f"it has {len(value):,} entries, more than {most:,}")
        for index, each in enumerate(value):
            with within(index):
                inner(each)

    return check


def table(inner: Check, most: int) -> Check:
    """An object with any names, whose values each pass another check."""

    def check(value: Any) -> None:
        if not isinstance(value, dict):
            raise Invalid(f"{shown(value)} is not an object")
        many(inner, most)(list(value.values()))
        many(text(), most)(list(value))

    return check


def fields(required: Mapping[str, Check], also: Mapping[str, Check] | None = None) -> Check:
    """An object with fields that each pass a check of their own.

    Args:
        required: fields that must be there.
        also: those that may be there.

    Others are of a later version, perhaps: they may be anything that can be written again.
    """
    known = {**required, **(also or {})}

    def check(value: Any) -> None:
        if not isinstance(value, dict):
            raise Invalid(f"{shown(value)} is not an object")
        for name in required:
            if name not in value:
                raise Invalid("it is missing", name)
        for name, each in value.items():
            inner = known.get(name, writable)
            try:  # `within` would take a third of the time that a long journal takes
                inner(each)
            except Invalid:
                with within(name if name in known else shown(name)):
                    inner(each)

    return check


def writable(value: Any) -> None:
    """Anything but numbers that JSON cannot express."""
    if isinstance(value, float) and not isfinite(value):
        raise Invalid(f"{value} is not a finite number")
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            writable(each)


def config_of(value: Any) -> RunConfig:
    """A run's configuration.

    Raises:
        Invalid: if it is none.
    """
    if not isinstance(value, dict):
        raise Invalid(f"{shown(value)} is not an object")
    try:
        config = RunConfig.from_json(value)
    except ConfigError as error:
        reason = printable(str(error))
        more = "..." if len(reason) > 4 * SHOWN else ""
        raise Invalid(f"{reason[: 4 * SHOWN]}{more}", shown(error.option).strip("'")) from None
    with within("data"):
        text()(config.data)
    return config
