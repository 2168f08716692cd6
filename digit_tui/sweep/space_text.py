"""What a sweep tries, as people write it: on the command line and in a file."""

from __future__ import annotations

import math
from collections.abc import Mapping

from digit_tui.config import CHOICES, LIMITS, ConfigError, parse_widths
from digit_tui.sweep.space import (
    FIELDS,
    Choices,
    Dimension,
    Range,
    SpaceError,
    Value,
    check_name,
    near,
    value_words,
)

OFF = ("off", "none", "default")
"""The value of an option that is not given."""
SWITCH = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}


def parse_dimension(text: str) -> Dimension:
    """One dimension as it is typed: lr=1e-4..1e-1:log, hidden=64..512:64, optimizer=sgd,adam.

    A | between values lets a value have commas: hidden=128|256,128.

    Raises:
        SpaceError: if it makes no sense.
    """
    name, equals, values = text.partition("=")
    name, values = name.strip(), values.strip()
    if not equals or not name or not values:
        raise SpaceError(f"{text!r}: write NAME=VALUES, such as lr=1e-4..1e-1:log")
    check_name(name)
    if ".." in values:
        return _typed_range(name, values)
    separator = "|" if "|" in values else ","
    return _choices(name, [each.strip() for each in values.split(separator)])


def read_dimension(name: str, value: object) -> Dimension:
    """One dimension as it is in a file: a list, a table with low and high, or text as it is typed.

    Raises:
        SpaceError: if it makes no sense.
    """
    check_name(name)
    match value:
        case str():
            return parse_dimension(f"{name}={value}")
        case dict():
            return _table_range(name, value)
        case list():
            return _choices(name, [_text(each) for each in value])
        case _:
            return _choices(name, [_text(value)])


def dimension_words(dimension: Dimension) -> str:
    """A dimension as it is typed."""
    if isinstance(dimension, Choices):
        words = [value_words(value, dimension.name) for value in dimension.values]
        separator = "|" if any("," in each for each in words) else ","
        return f"{dimension.name}={separator.join(words)}"
    how = ":log" if dimension.log else f":{dimension.step:g}" if dimension.step else ""
    ends = (str(int(end)) if dimension.whole else f"{end:g}" for end in _ends(dimension))
    return f"{dimension.name}={'..'.join(ends)}{how}"


def _ends(dimension: Range) -> tuple[float, float]:
    return dimension.low, dimension.high


def _text(value: object) -> str:
    """A value of a file as it would be typed."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return "true" if value else "off"
    return str(value)


def _choices(name: str, texts: list[str]) -> Choices:
    values = tuple(_value(name, text) for text in texts)
    for value in values:
        if values.count(value) > 1:
            raise SpaceError(f"{name}: {value_words(value, name)} is given twice")
    if not values:
        raise SpaceError(f"{name}: the list is empty")
    return Choices(name, values)


def _value(name: str, text: str) -> Value:
    field = FIELDS[name]
    if field == "average":
        if text.lower() not in SWITCH:
            raise SpaceError(f"{name}: {text!r} is neither on nor off")
        return SWITCH[text.lower()]
    if text.lower() in OFF and field not in CHOICES:
        return None
    if field == "hidden":
        try:
            return ",".join(map(str, parse_widths(text)))
        except ConfigError as error:
            raise SpaceError(f"{name}: {error}") from error
    if field in CHOICES:
        if text not in CHOICES[field]:
            raise SpaceError(f"{name}: {text!r} is no {field}{near(text, CHOICES[field])}")
        return text
    number = _number(name, text)
    return None if field == "sam" and number == 0 else number


def _number(name: str, text: str) -> int | float:
    whole = FIELDS[name] in LIMITS or FIELDS[name] == "hidden"
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        what = "a whole number" if whole else "a number"
        raise SpaceError(f"{name}: {text!r} is not {what}") from None
    if not math.isfinite(value):
        raise SpaceError(f"{name}: {text!r} is not a number")
    return value


def _typed_range(name: str, text: str) -> Range:
    if "..." in text:
        raise SpaceError(f"{name}: {text!r} has more than two dots between its ends")
    ends, *hows = text.split(":")
    low, _, high = ends.partition("..")
    log, step = False, None
    for how in hows:
        if how.strip() == "log":
            log = True
        else:
            step = how.strip()
    return _range(name, low.strip(), high.strip(), step, log)


def _table_range(name: str, table: Mapping[str, object]) -> Range:
    known = ("low", "high", "step", "log")
    for key in table:
        if key not in known:
            raise SpaceError(f"{name}: {key!r} is not known{near(key, known)}")
    if "low" not in table or "high" not in table:
        raise SpaceError(f"{name}: a range has a low and a high end")
    step, log = table.get("step"), table.get("log", False)
    if not isinstance(log, bool):
        raise SpaceError(f"{name}: log is true or false")
    low, high = str(table["low"]), str(table["high"])
    return _range(name, low, high, None if step is None else str(step), log)


def _range(name: str, low_text: str, high_text: str, step_text: str | None, log: bool) -> Range:
    field = FIELDS[name]
    if field in CHOICES or field == "average":
        raise SpaceError(f"{name} is no number: give a list of values")
    low, high = _number(name, low_text), _number(name, high_text)
    step = None if step_text is None else _number(name, step_text)
    if not low < high:
        raise SpaceError(f"{name}: {low_text} is not less than {high_text}")
    if log and low <= 0:
        raise SpaceError(f"{name}: a logarithmic range begins above 0, not at {low_text}")
    if log and step is not None:
        raise SpaceError(f"{name}: a range has a step or is logarithmic, not both")
    if step is not None:
        if step <= 0 or step > high - low:
            raise SpaceError(f"{name}: {step_text} is no step from {low_text} to {high_text}")
        high = low + int((high - low) / step + 1e-9) * step  # the last that is reached
    return Range(name, low, high, step, log, isinstance(low, int))
