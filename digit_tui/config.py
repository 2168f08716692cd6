"""The configuration of a run: its options, their limits, and the presets.

Imports nothing heavy, so that the command line starts quickly.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from math import sqrt
from numbers import Real
from typing import Any

OPTIMIZERS = (
    *("sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"),
    *("lion", "schedulefree", "prodigy", "muon"),
)
SOURCES = ("auto", "sample", "mnist", "mine")
"""Datasets by name; any other value is a folder."""
SCHEDULES = ("constant", "cosine", "onecycle")
AUGMENTATIONS = ("none", "shift", "affine", "elastic")

MAX_SIDE = 128
MAX_IMAGES = 2**32 - 1
"""The largest count that the header of an IDX file can hold."""
MAX_LAYERS = 20
"""Hidden ones."""
MAX_WIDTH = 16_384
MAX_REAL = 1e30
"""Well inside the range of float32, the type of the parameters."""
MAX_THREADS = 256
MAX_BATCH = 65_536
MAX_EPOCHS = 1_000_000
MAX_SEED = 2**63 - 1

NEWER = ("sam",)
"""Fields of RunConfig that a file does not have where they are off."""
POSITIVE = {
    "learning_rate": MAX_REAL,
    "clip_norm": MAX_REAL,
    "clip_value": MAX_REAL,
    "elastic": MAX_SIDE,
}
"""The highest value of those that are numbers above 0, or None."""
CHOICES = {"optimizer": OPTIMIZERS, "schedule": SCHEDULES, "augment": AUGMENTATIONS}
"""Values of the fields of RunConfig that have a name."""
LIMITS = {
    "batch_size": (1, MAX_BATCH),
    "epochs": (0, MAX_EPOCHS),
    "validation": (0, MAX_IMAGES),
    "side": (2, MAX_SIDE),
    "seed": (0, MAX_SEED),
    "threads": (1, MAX_THREADS),
}
"""The lowest and the highest value of those that are whole numbers."""


class ConfigError(ValueError):
    """A value is out of range. `option` is the field of RunConfig."""

    def __init__(self, option: str, message: str) -> None:
        super().__init__(message)
        self.option = option


def available_processors() -> int:
    """The number of processors that this process may use."""
    try:
        # On systems without this function mypy reports that it is missing.
        return len(os.sched_getaffinity(0))  # type: ignore[attr-defined, unused-ignore]
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def default_threads() -> int:
    """The number of threads for a run: one a processor, but at most four.

    Networks as small as these gain nothing from more.
    """
    return min(available_processors(), 4)


@dataclass(frozen=True)
class RunConfig:
    """All that determines a run, besides the dataset and the commands given while it trains.

    Raises:
        ConfigError: if a value is out of range.
    """

    data: str = "auto"
    """auto, sample, mnist, or a folder of IDX files."""
    preset: str = "standard"
    """The preset that the other values started from."""
    hidden: tuple[int, ...] = (512, 256)
    """Widths of the hidden layers."""
    optimizer: str = "adam"
    learning_rate: float | None = None
    """Base rate before the schedule; None is the optimizer's own default."""
    schedule: str = "cosine"
    batch_size: int = 128
    epochs: int | None = None
    """Length of the run; None lets it depend on the amount of data, see `for_images`."""
    weight_decay: float = 0.0
    clip_norm: float | None = None
    """Clip gradients to this global norm; None is no clipping."""
    clip_value: float | None = None
    """Clip each element of a gradient to this magnitude; None is no clipping."""
    sam: float = 0.0
    """Radius of sharpness-aware minimisation; 0 is none."""
    augment: str = "elastic"
    average: bool = True
    """Evaluate an exponential average of the weights instead of the latest weights."""
    validation: int = 0
    """Training images to hold out; the run is then monitored on these instead of the test set."""
    side: int = 28
    """Side of the images in pixels; images of another size are resampled."""
    elastic: float | None = None
    """How far elastic deformation moves the points of an image, in its pixels; None is 1 pixel of
    28, and in proportion of other sides."""
    seed: int = 0
    threads: int = 1
    """How many processors to train on: as processes on Linux, by the threads of the BLAS elsewhere.

    Results are bit-identical only for the same number, as it decides the order of summation.
    """

    def __post_init__(self) -> None:
        if not isinstance(self.data, str):
            raise ConfigError("data", f"{self.data!r} is not a name or a folder")
        if not isinstance(self.average, bool):
            raise ConfigError("average", f"{self.average!r} is neither true nor false")
        _one_of("preset", self.preset, PRESETS)
        for option, choices in CHOICES.items():
            _one_of(option, getattr(self, option), choices)
        if not isinstance(self.hidden, (tuple, list)):
            raise ConfigError("hidden", f"{self.hidden!r} is not a list of widths such as 256,128")
        if not self.hidden or len(self.hidden) > MAX_LAYERS:
            raise ConfigError("hidden", f"there must be 1 to {MAX_LAYERS} hidden layers")
        for width in self.hidden:
            _between("hidden", width, 1, MAX_WIDTH)
        for option, limits in LIMITS.items():
            value = getattr(self, option)
            if option != "epochs" or value is not None:
                _between(option, value, *limits)
        for option, most in POSITIVE.items():
            value = getattr(self, option)
            if value is None:
                continue
            _number(option, value)
            if not 0 < value <= most:
                raise ConfigError(option, f"{value} is not a positive number up to {most:g}")
        for option in ("weight_decay", "sam"):
            value = getattr(self, option)
            _number(option, value)
            if not 0 <= value <= MAX_REAL:
                raise ConfigError(option, f"{value} is not a number from 0 to {MAX_REAL:g}")
        if self.clip_norm is not None and self.clip_value is not None:
            raise ConfigError("clip_value", "clip by norm or by value, not by both")

    @classmethod
    def from_preset(cls, preset: str, **options: Any) -> RunConfig:
        """A preset with some of its values replaced; options that are None are ignored.

        A preset's learning rate and weight decay belong to its optimizer: with another optimizer
        they fall back to the defaults.
        """
        _one_of("preset", preset, PRESETS)
        given = {name: value for name, value in options.items() if value is not None}
        values = dict(PRESETS[preset])
        if given.get("optimizer", values["optimizer"]) != values["optimizer"]:
            values.pop("learning_rate", None)
            values.pop("weight_decay", None)
        return cls(**{"preset": preset, "threads": default_threads(), **values, **given})

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RunConfig:
        """The inverse of `to_json`.

        Raises:
            ConfigError: if a value is missing, unknown or out of range.
        """
        names = {field.name for field in fields(cls)}
        for name in names.symmetric_difference(values) - {*NEWER, "elastic"}:
            raise ConfigError(name, f"{'missing' if name in names else 'unknown'} setting {name!r}")
        elastic = values.get("elastic", _elastic_left_out(values["side"]))
        try:
            return cls(**{**values, "hidden": tuple(values["hidden"]), "elastic": elastic})
        except TypeError as error:
            raise ConfigError("config", f"a setting has the wrong type ({error})") from error

    def for_images(self, count: int) -> RunConfig:
        """The configuration with the number of epochs filled in for this many training images.

        The default is 40 on full MNIST. With fewer images more epochs help, as augmentation
        deforms each image anew in every epoch: the number grows as the inverse square root of the
        number of images.
        """
        if self.epochs is not None:
            return self
        return self.with_(epochs=min(round(40 * sqrt(60_000 / count)), 1_000))

    @property
    def elastic_pixels(self) -> float:
        """How far elastic deformation moves the points of an image, in its pixels."""
        return self.side / 28 if self.elastic is None else self.elastic

    @property
    def monitored_split(self) -> str:
        """The split that the run is monitored on: validation, if images are held out, else test."""
        return "validation" if self.validation else "test"

    def to_json(self) -> dict[str, Any]:
        """The fields as plain values, for run.json; earlier versions read it if they can."""
        values = asdict(self)
        if self.elastic == _elastic_left_out(self.side):
            del values["elastic"]
        return {name: value for name, value in values.items() if name not in NEWER or value}

    def with_(self, **options: Any) -> RunConfig:
        """The same configuration with some values replaced."""
        return replace(self, **options)


PRESETS: dict[str, dict[str, Any]] = {
    "classic": {
        "hidden": (128,),
        "optimizer": "adamw",
        "learning_rate": 0.005,
        "weight_decay": 0.1,
        "augment": "none",
        "epochs": 25,
    },
    "sprint": {
        "hidden": (512, 128),
        "optimizer": "adam",
        "learning_rate": 0.008,
        "schedule": "onecycle",
        "batch_size": 512,
        "augment": "elastic",
        "elastic": 0.375,
        "average": False,
        "side": 14,
        "epochs": 28,
    },
    "standard": {
        "hidden": (512, 256),
        "optimizer": "adamw",
        "learning_rate": 0.002,
        "weight_decay": 0.05,
        "augment": "elastic",
    },
    "record": {
        "hidden": (1024, 512),
        "optimizer": "adamw",
        "learning_rate": 0.002,
        "weight_decay": 0.05,
        "augment": "elastic",
        "epochs": 100,
    },
}
"""Named settings; values that a preset leaves out are the defaults of RunConfig."""


def parse_widths(text: str) -> tuple[int, ...]:
    """The widths of hidden layers as they are typed, such as 256,128.

    Raises:
        ConfigError: if it is no list of numbers.
    """
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        message = f"{text!r} is not a list of widths such as 256,128"
        raise ConfigError("hidden", message) from None


def flag_of(option: str) -> str:
    """The command-line name of a RunConfig field."""
    return {"learning_rate": "lr"}.get(option, option).replace("_", "-")


def absolute_data(data: str) -> str:
    """The name of a dataset, or the absolute path of a folder: run.json records it.

    Raises:
        ConfigError: if it is empty.
    """
    if not data:
        raise ConfigError("data", "an empty name; give sample, mnist, mine or a folder")
    return data if data in SOURCES else os.path.abspath(os.path.expanduser(data))


def _number(option: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ConfigError(option, f"{value!r} is no number")


def _elastic_left_out(side: Any) -> float | None:
    """`elastic` of a file that has none: 1 pixel, as for any side before 0.13.0."""
    return None if side == 28 else 1.0


def _one_of(option: str, value: str, choices: Any) -> None:
    if not isinstance(value, str) or value not in choices:
        raise ConfigError(option, f"{value!r} is none of {', '.join(choices)}")


def _between(option: str, value: int, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ConfigError(option, f"{value!r} is not a whole number from {low} to {high}")
