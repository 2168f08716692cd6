"""What a sweep tries: names of options, each with some values or a range."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from itertools import islice, product
from math import inf
from typing import TYPE_CHECKING, Any

from digit_tui.config import ConfigError, RunConfig, parse_widths

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
    "sam": "sam",
    "augment": "augment",
    "elastic": "elastic",
    "average": "average",
    "side": "side",
}
"""What can be tried: the names of options, and the fields of RunConfig that they set."""

CAN_BE_OFF = ("clip-norm", "clip-value", "sam")
"""Options that are off unless they are given."""

ELSEWHERE = {
    "seed": "trials are not chosen by their seed: average over several with --seeds N",
    "validation": "all trials are measured on the same held-out images: use --validation N",
    "threads": "the threads change no result but the last bits: use --threads N",
    "data": "all trials train on the same digits: use --data",
    "preset": "name the settings that differ; the others come from --preset",
}
"""Options that cannot be tried, and what to do instead."""

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

    @property
    def count(self) -> int:
        """How many values there are."""
        return len(self.values)

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

    @property
    def count(self) -> float:
        """How many values there are; infinite if there is no end of them."""
        if not self.whole and (self.log or self.step is None):
            return inf
        return int((self.high - self.low) / (self.step or 1) + 1e-9) + 1

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
        step, count = self.step or 1, int(self.count)
        if count > WIDEST_GRID:
            raise SpaceError(f"{self.name}: {count:,} values are too many for a grid; give a step")
        values = (self.low + index * step for index in range(count))
        return tuple(int(value) if self.whole else value for value in values)


Dimension = Choices | Range
Space = tuple[Dimension, ...]


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
            shown = ", ".join(f"{key}={value_words(value, key)}" for key, value in params.items())
            others = "" if flag in params else f" (with {shown})"
            raise SpaceError(f"{flag or error.option}: {error}{others}") from error

    for dimension in space:
        for value in dimension.checked():
            check({dimension.name: value})
    combinations = product(*(dimension.checked() for dimension in space))
    for values in islice(combinations, MOST_CHECKED):
        check(dict(zip(names, values, strict=True)))


def value_words(value: object, name: str = "") -> str:
    """A value of a setting, perhaps of a known name, as it is typed."""
    if value is None or (name == "sam" and value == 0):
        return "off" if name in CAN_BE_OFF else "default"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


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
