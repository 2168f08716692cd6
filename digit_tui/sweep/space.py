"""What a sweep tries: names of options, each with some values or a range."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from itertools import islice, product
from typing import TYPE_CHECKING, Any

from digit_tui.config import CHOICES, LIMITS, ConfigError, RunConfig, parse_widths

if TYPE_CHECKING:
    from optuna.trial import Trial

Value = str | int | float | bool | None
"""What Optuna can keep as a choice; hidden layers are written as 256,128."""
Params = Mapping[str, Any]
"""The settings of a trial, by the names of the options."""

FIELDS = {
    "hidden": "hidden",
    "optimizer": "optimizer",
    "lr": "learning_rate",
    "schedule": "schedule",
    "batch-size": "batch_size",
    "epochs": "epochs",
    "weight-decay": "weight_decay",
    "clip-norm": "clip_norm",
    "clip-value": "clip_value",
    "augment": "augment",
    "average": "average",
    "side": "side",
}
"""What can be tried: the names of options, and the fields of RunConfig that they set."""

ELSEWHERE = {
    "seed": "trials are not chosen by their seed: average over several with --seeds N",
    "validation": "all trials are measured on the same held-out images: use --validation N",
    "threads": "the threads change no result but the last bits: use --threads N",
    "data": "all trials train on the same digits: use --data",
    "preset": "name the settings that differ; the others come from --preset",
}
"""Options that cannot be tried, and what to do instead."""

OFF = ("off", "none", "default")
"""The value of an option that is not given."""
SWITCH = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}
MOST_CHECKED = 2_000
"""So many combinations of values are checked before anything starts."""
WIDEST_GRID = 100_000


class SpaceError(ValueError):
    """What is to be tried cannot be: one line that says which part, and why."""


@dataclass(frozen=True)
class Choices:
    """A setting with some values."""

    name: str
    values: tuple[Value, ...]

    def suggest(self, trial: Trial) -> Any:
        """The value for a trial of Optuna's."""
        return trial.suggest_categorical(self.name, self.values)

    def checked(self) -> tuple[Value, ...]:
        """The values at which it is checked."""
        return self.values

    def grid(self) -> tuple[Value, ...]:
        """All values."""
        return self.values


@dataclass(frozen=True)
class Range:
    """A setting that is a number between two others."""

    name: str
    low: float
    high: float
    step: float | None = None
    log: bool = False
    """Whether each decade is as likely as the next."""
    whole: bool = False
    """Whether it is a whole number."""

    def suggest(self, trial: Trial) -> Any:
        """The value for a trial of Optuna's."""
        if self.whole:
            step = 1 if self.step is None else int(self.step)
            return trial.suggest_int(
                self.name, int(self.low), int(self.high), step=step, log=self.log
            )
        return trial.suggest_float(self.name, self.low, self.high, step=self.step, log=self.log)

    def checked(self) -> tuple[Value, ...]:
        """The values at which it is checked: its ends."""
        return (self.low, self.high)

    def grid(self) -> tuple[Value, ...]:
        """All values.

        Raises:
            SpaceError: if there is no end of them.
        """
        if self.log or (self.step is None and not self.whole):
            raise SpaceError(
                f"{self.name}: a grid needs a list of values, or a range with a step such as "
                f"{self.low:g}..{self.high:g}:{(self.high - self.low) / 4:g}"
            )
        step = self.step or 1
        count = int((self.high - self.low) / step + 1e-9) + 1
        if count > WIDEST_GRID:
            raise SpaceError(f"{self.name}: {count:,} values are too many for a grid; give a step")
        values = (self.low + index * step for index in range(count))
        return tuple(int(value) if self.whole else value for value in values)


Dimension = Choices | Range
Space = tuple[Dimension, ...]


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


def check_name(name: str) -> None:
    """Check that an option of this name can be tried.

    Raises:
        SpaceError: if not.
    """
    if name in FIELDS:
        return
    if name in ELSEWHERE:
        raise SpaceError(f"{name}: {ELSEWHERE[name]}")
    raise SpaceError(f"{name!r} is no option that can be tried{near(name, FIELDS)}")


def near(name: str, names: Iterable[str]) -> str:
    """What to say after a name that is not known."""
    names = list(names)
    aliases = {"learning-rate": "lr", "learning_rate": "lr", "rate": "lr", "batch": "batch-size"}
    found = aliases.get(name) or next(iter(get_close_matches(name.replace("_", "-"), names, 1)), "")
    return f"; did you mean {found}?" if found in names else f"; there are {', '.join(names)}"


def options_of(params: Params) -> dict[str, Any]:
    """The fields of RunConfig that the settings of a trial set; None is the default.

    Raises:
        ConfigError: if hidden layers are no list of widths.
    """
    options: dict[str, Any] = {}
    for name, value in params.items():
        if name == "hidden" and value is not None:
            value = parse_widths(str(value))
        options[FIELDS[name]] = value
    return options


def check_space(space: Space, preset: str, options: Mapping[str, Any]) -> None:
    """Check each value, and combinations of them, before anything starts.

    Args:
        space: what is tried.
        preset: what the other settings start from.
        options: fields of RunConfig that all trials have.

    Raises:
        SpaceError: if a trial would be refused.
    """
    names = [dimension.name for dimension in space]
    for name in names:
        if names.count(name) > 1:
            raise SpaceError(f"{name} is given twice")

    def check(params: Params) -> None:
        try:
            RunConfig.from_preset(preset, **{**options, **options_of(params)})
        except ConfigError as error:
            flag = next((key for key, field in FIELDS.items() if field == error.option), "")
            shown = ", ".join(f"{key}={value_words(value)}" for key, value in params.items())
            others = "" if flag in params else f" (with {shown})"
            raise SpaceError(f"{flag or error.option}: {error}{others}") from error

    for dimension in space:
        for value in dimension.checked():
            check({dimension.name: value})
    combinations = product(*(dimension.checked() for dimension in space))
    for values in islice(combinations, MOST_CHECKED):
        check(dict(zip(names, values, strict=True)))


def value_words(value: object) -> str:
    """A value of a setting as it is typed."""
    if value is None:
        return "default"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def dimension_words(dimension: Dimension) -> str:
    """A dimension as it is typed."""
    if isinstance(dimension, Choices):
        words = [value_words(value) for value in dimension.values]
        separator = "|" if any("," in each for each in words) else ","
        return f"{dimension.name}={separator.join(words)}"
    how = ":log" if dimension.log else f":{dimension.step:g}" if dimension.step else ""
    ends = (str(int(end)) if dimension.whole else f"{end:g}" for end in _ends(dimension))
    return f"{dimension.name}={'..'.join(ends)}{how}"


def to_json(space: Space) -> list[dict[str, Any]]:
    """As plain values."""
    return [asdict(dimension) for dimension in space]


def from_json(values: Iterable[Mapping[str, Any]]) -> Space:
    """The inverse of `to_json`.

    Raises:
        SpaceError: if it is not what that wrote.
    """
    try:
        return tuple(
            Choices(each["name"], tuple(each["values"])) if "values" in each else Range(**each)
            for each in values
        )
    except (TypeError, KeyError) as error:
        raise SpaceError(f"what is tried cannot be read ({error})") from error


def _ends(dimension: Range) -> tuple[float, float]:
    return dimension.low, dimension.high


def _text(value: object) -> str:
    """A value of a file as it would be typed."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def _choices(name: str, texts: list[str]) -> Choices:
    values = tuple(_value(name, text) for text in texts)
    for value in values:
        if values.count(value) > 1:
            raise SpaceError(f"{name}: {value_words(value)} is given twice")
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
    return _number(name, text)


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
