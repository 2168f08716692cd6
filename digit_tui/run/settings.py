"""The settings that can change while a run trains, and what each command changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from digit_tui.config import NEWER, RunConfig
from digit_tui.data import DataError
from digit_tui.data.drawings import FEWEST_DRAWINGS, Drawings
from digit_tui.data.own_digits import read_own_digits
from digit_tui.nn import RULES, SCHEDULES
from digit_tui.run.commands import (
    AddEpochs,
    Command,
    Prune,
    ScaleLearningRate,
    SetAugmentation,
    SetBatchSize,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    SetSam,
    Setting,
    SwitchOff,
    SwitchOn,
    Teach,
)

OWN_DIGITS = "mine"
"""The name of the drawings that a person keeps, as a source of data has it."""


@dataclass(frozen=True)
class Settings:
    """The settings that can change while a run trains."""

    optimizer: str
    learning_rate: float
    """Base rate, before the schedule's factor."""
    weight_decay: float
    clip_norm: float | None
    clip_value: float | None
    augment: str
    batch_size: int
    epochs: int
    """Length of the whole run."""
    switched_off: tuple[tuple[int, int], ...] = ()
    """Units that are off: (layer, unit) pairs in their order, layers from 1 and units from 0."""
    pruned: float = 0.0
    """Share of the weights that is pruned."""
    taught: tuple[tuple[str, int], ...] = ()
    """What it was taught, in this order: hex SHA-256 of a file of drawings, and their number."""
    sam: float = 0.0
    """Radius of sharpness-aware minimisation; 0 is none."""

    @classmethod
    def of(cls, config: RunConfig) -> Settings:
        """The settings that a run starts with."""
        rate = config.learning_rate
        return cls(
            optimizer=config.optimizer,
            learning_rate=RULES[config.optimizer].learning_rate if rate is None else rate,
            weight_decay=config.weight_decay,
            clip_norm=config.clip_norm,
            clip_value=config.clip_value,
            sam=config.sam,
            augment=config.augment,
            batch_size=config.batch_size,
            epochs=config.epochs or 0,
        )

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Settings:
        """The inverse of `to_json`."""
        pairs = {
            name: tuple((first, second) for first, second in values.get(name, ()))
            for name in ("switched_off", "taught")
        }
        return cls(**{**values, **pairs})

    def to_json(self) -> dict[str, Any]:
        """The fields as plain values; if empty, not those that earlier versions do not know."""
        values, newer = asdict(self), (*OPTIONLESS, *NEWER)
        return {name: value for name, value in values.items() if name not in newer or value}


OPTIONLESS = ("switched_off", "pruned", "taught")
"""The fields of Settings that no option sets: only commands do."""


def changes_of(command: Command, settings: Settings, config: RunConfig) -> dict[str, Any]:
    """The fields of Settings that a command changes, with their new values, not yet validated.

    Args:
        command: the command.
        settings: the settings in force.
        config: the run's.

    Raises:
        TypeError: for a command that changes no setting.
    """
    match command:
        case SetOptimizer(name, rate):
            return _change_optimizer(name, rate, config)
        case SetLearningRate(value):
            return {"learning_rate": value}
        case ScaleLearningRate(factor):
            return {"learning_rate": settings.learning_rate * factor}
        case SetClipping(norm, value):
            return {"clip_norm": norm, "clip_value": value}
        case SetSam(rho):
            return {"sam": rho}
        case SetAugmentation(name):
            return {"augment": name}
        case SetBatchSize(size):
            return {"batch_size": size}
        case AddEpochs(count):
            return {"epochs": settings.epochs + count}
        case SwitchOff(layer, units):
            pairs = {*settings.switched_off, *((layer, unit) for unit in units)}
            return {"switched_off": tuple(sorted(pairs))}
        case SwitchOn(layer, units):
            pairs = {*settings.switched_off}.difference((layer, unit) for unit in units)
            return {"switched_off": tuple(sorted(pairs))}
        case Prune(share):
            return {"pruned": share}
        case Teach(drawings, count):
            return {"taught": (*settings.taught, (drawings, count))}
        case _:
            raise TypeError(f"{command!r} changes no setting")


def parse_changes(text: str) -> tuple[Setting, ...]:
    """Parse changes of settings such as "optimizer=sgd,lr=0.1" into commands.

    Raises:
        ValueError: if the text is not of this form; the message says what is wrong.
    """
    return commands_of(named_values(text.split(",")))


def named_values(words: Iterable[str], names: Collection[str] | None = None) -> dict[str, str]:
    """Words such as "optimizer=sgd" as names and values.

    Args:
        words: of that form.
        names: the possible ones; None takes any.

    Raises:
        ValueError: if a word is not of this form, or a name is unknown or given twice.
    """
    wanted: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        name = name.strip()
        if not equals:
            raise ValueError(f"{word!r} is not NAME=VALUE")
        if name in wanted:
            raise ValueError(f"{name} is given twice")
        if names is not None and name not in names:
            raise ValueError(f"{name!r} is none of {', '.join(names)}")
        wanted[name] = value.strip()
    return wanted


def commands_of(wanted: Mapping[str, str]) -> tuple[Setting, ...]:
    """The commands that change settings, given by the names and values that users type.

    Args:
        wanted: names (see the end) to values; clipping or sam that is "off" is none, units are
            given as LAYER:UNIT+UNIT, and what is taught is "mine".

    Raises:
        ValueError: for an unknown name or a wrong value; the message says which.
    """
    left = dict(wanted)
    commands: list[Setting] = []
    rate = number("lr", left.pop("lr", None))
    if "optimizer" in left:
        commands.append(SetOptimizer(left.pop("optimizer"), rate))
    elif rate is not None:
        commands.append(SetLearningRate(rate))
    if "clip-norm" in left or "clip-value" in left:
        norm, value = left.pop("clip-norm", None), left.pop("clip-value", None)
        commands.append(SetClipping(number("clip-norm", norm), number("clip-value", value)))
    if "sam" in left:
        commands.append(SetSam(number("sam", left.pop("sam")) or 0.0))
    if "augment" in left:
        commands.append(SetAugmentation(left.pop("augment")))
    if "off" in left:
        commands.append(SwitchOff(*_units("off", left.pop("off"))))
    if "on" in left:
        commands.append(SwitchOn(*_units("on", left.pop("on"))))
    if "prune" in left:
        commands.append(Prune(share("prune", left.pop("prune"))))
    if "teach" in left:
        commands.append(_teach(left.pop("teach")))
    if left:
        names = "optimizer, lr, clip-norm, clip-value, sam, augment, off, on, prune, teach"
        raise ValueError(f"{next(iter(left))!r} is none of {names}")
    return tuple(commands)


def number(name: str, word: str | None) -> float | None:
    """A number that a user typed; None for None, and for "off" where there is such a thing.

    Raises:
        ValueError: if it is none; the message begins with the name.
    """
    if word is None or (word == "off" and name.startswith(("clip", "sam"))):
        return None
    try:
        return float(word)
    except ValueError:
        raise ValueError(f"{name}: {word!r} is not a number") from None


def share(name: str, word: str) -> float:
    """A share that a user typed, such as 0.3 or 30%.

    Raises:
        ValueError: if it is none; the message begins with the name.
    """
    value = number(name, word.removesuffix("%"))
    assert value is not None
    if 1 <= value < 100 and not word.endswith("%"):
        raise ValueError(f"{name}: write {value:g}% or {value / 100:g}")
    return value / 100 if word.endswith("%") else value


def teach_own_digits(
    way: str = "keep {} more with digit-tui data mine --add FILE --label N",
) -> Teach:
    """The command that teaches a network the drawings that a person keeps.

    Args:
        way: how the person comes by so many more, if they are too few.

    Raises:
        DataError: if they are too few or too many, or cannot be read.
    """
    images, labels = read_own_digits()
    count = len(labels)
    if count < FEWEST_DRAWINGS:
        needed = f"{FEWEST_DRAWINGS} drawings are needed to teach it, you have {count or 'none'}"
        raise DataError(f"{needed}: {way.format(FEWEST_DRAWINGS - count)}")
    drawings = Drawings(images, labels)
    return Teach(drawings.sha256, len(drawings))


def _teach(word: str) -> Teach:
    if word != OWN_DIGITS:
        raise ValueError(f"teach: {word!r} is not {OWN_DIGITS}, the digits that you drew")
    try:
        return teach_own_digits()
    except DataError as error:
        raise ValueError(f"teach: {error}") from error


def _units(name: str, word: str) -> tuple[int, tuple[int, ...]]:
    """A layer and units of it, typed as 1:17 or 1:17+23."""
    layer, _, units = word.partition(":")
    try:
        return int(layer), tuple(int(unit) for unit in units.split("+"))
    except ValueError:
        raise ValueError(f"{name}: {word!r} is not LAYER:UNIT or LAYER:UNIT+UNIT") from None


def scheduled_rate(settings: Settings, schedule: str, epoch: float) -> float:
    """The learning rate of a step at a position in the run.

    Args:
        settings: those in force.
        schedule: of the run, see `nn.SCHEDULES`.
        epoch: the position.
    """
    progress = min(epoch / settings.epochs, 1.0) if settings.epochs else 0.0
    return float(settings.learning_rate * SCHEDULES[schedule](progress))


def _change_optimizer(name: str, rate: float | None, config: RunConfig) -> dict[str, Any]:
    """The changes for another optimizer: its name, its learning rate and its weight decay.

    Both numbers are the run's configured ones if they were meant for this optimizer. Decay that is
    added to the gradient is often a hundred times smaller than decoupled decay: neither carries
    over to a rule of the other kind.
    """
    if name not in RULES:
        return {"optimizer": name}  # check_changes and the trainer refuse it
    if rate is None and name == config.optimizer:
        rate = config.learning_rate
    same_kind = RULES[name].decoupled_decay == RULES[config.optimizer].decoupled_decay
    return {
        "optimizer": name,
        "learning_rate": RULES[name].learning_rate if rate is None else rate,
        "weight_decay": config.weight_decay if same_kind else 0.0,
    }
