"""What a sweep is to do: its space, the settings that all trials have, and its budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

import digit_tui
from digit_tui.config import ConfigError, RunConfig
from digit_tui.sweep import space as spaces
from digit_tui.sweep.space import Params, Space, SpaceError

SAMPLERS = ("tpe", "random", "grid")
PRUNERS = ("median", "hyperband", "none")
DEFAULT_TRIALS = 50
"""Where neither trials nor minutes are given."""
MAX_TRIALS = 100_000
MAX_SEEDS = 100
HELD_OUT_SHARE = 6
"""One training image in so many is held out, as 10,000 of the 60,000 of MNIST..."""
LEAST_HELD_OUT = 1_000
"""... but so many, where that is at most half of them: with few, chance would choose."""


@dataclass(frozen=True)
class Plan:
    """A sweep, as the storage keeps it. It does not change but for its budget.

    Raises:
        SpaceError: if it makes no sense.
    """

    space: Space
    preset: str
    options: Mapping[str, Any] = field(default_factory=dict)
    """Fields of RunConfig that all trials have: data, validation, threads and seed among them."""
    sampler: str = "tpe"
    pruner: str = "median"
    seeds: int = 1
    """Runs of a trial, with the seeds seed, seed + 1, ..."""
    data_sha256: str = ""
    """Of the dataset that a trial with these options has, its held-out set split off."""
    epochs: int = 1
    """Of a trial with these options."""
    trials: int | None = None
    """Most trials in all."""
    minutes: float | None = None
    """Since the sweep was started, or started again."""

    def __post_init__(self) -> None:
        if not self.space:
            raise SpaceError("nothing to try: give --try NAME=VALUES or --file space.toml")
        for what, name, names in (
            ("sampler", self.sampler, SAMPLERS),
            ("pruner", self.pruner, PRUNERS),
        ):
            if name not in names:
                raise SpaceError(f"{what}: {name!r} is none of {', '.join(names)}")
        for what, count, most in (
            ("seeds", self.seeds, MAX_SEEDS),
            ("trials", self.trials, MAX_TRIALS),
        ):
            if count is None:
                continue
            if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= most:
                raise SpaceError(f"{what}: {count!r} is not a whole number from 1 to {most:,}")
        if self.minutes is not None and (
            isinstance(self.minutes, bool) or not 0 < self.minutes < 1e7
        ):
            raise SpaceError(f"minutes: {self.minutes} is no time")
        spaces.check_space(self.space, self.preset, self.options)
        if self.sampler == "grid":
            self.grid_size()

    @property
    def most_trials(self) -> int | None:
        """How many trials there can be in all; None without a bound."""
        if self.sampler != "grid":
            return self.trials
        size = self.grid_size()
        return size if self.trials is None else min(self.trials, size)

    @property
    def points(self) -> float:
        """How many different points there are to try; infinite, where a range has no steps."""
        return prod(dimension.count for dimension in self.space)

    def grid_size(self) -> int:
        """The number of points of the grid.

        Raises:
            SpaceError: if a dimension has no end, or there are too many.
        """
        size = 1
        for dimension in self.space:
            size *= len(dimension.grid())
        if size > MAX_TRIALS:
            raise SpaceError(f"a grid of {size:,} points is too large; the most are {MAX_TRIALS:,}")
        return size

    def grid_point(self, number: int) -> dict[str, Any]:
        """The settings of a trial of the grid, in an order in which any beginning covers it."""
        grids = [dimension.grid() for dimension in self.space]
        shape = tuple(map(len, grids))
        size = self.grid_size()
        index = np.random.default_rng(0).permutation(size)[number % size]
        places = np.unravel_index(index, shape)
        names = [dimension.name for dimension in self.space]
        values = [grid[int(place)] for grid, place in zip(grids, places, strict=True)]
        return dict(zip(names, values, strict=True))

    def config(self, params: Params, seed_index: int = 0) -> RunConfig:
        """The configuration of a run of a trial, exactly as the command line would make it.

        Args:
            params: of the trial.
            seed_index: which of its runs, from 0.

        Raises:
            ConfigError: if the parameters are none that the plan allows.
        """
        try:
            options = {**self.options, **spaces.options_of(params)}
        except KeyError as error:
            raise ConfigError("space", f"unknown setting {error}") from error
        options["seed"] = int(self.options.get("seed") or 0) + seed_index
        return RunConfig.from_preset(self.preset, **options)

    def differs(self, other: Plan) -> str | None:
        """Which part of another plan is another one, the budget left out; None if none is."""
        for name in ("space", "preset", "options", "sampler", "pruner", "seeds"):
            mine, its = getattr(self, name), getattr(other, name)
            if mine == its:
                continue
            if name != "options":
                return name
            keys: list[str] = sorted(key for key in {*mine, *its} if mine.get(key) != its.get(key))
            return keys[0].replace("learning_rate", "lr").replace("_", "-")
        return None

    def with_budget(self, trials: int | None, minutes: float | None) -> Plan:
        """The same plan with another budget."""
        return replace(self, trials=trials, minutes=minutes)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "version": digit_tui.__version__,
            "space": spaces.to_json(self.space),
            "preset": self.preset,
            "options": dict(self.options),
            "sampler": self.sampler,
            "pruner": self.pruner,
            "seeds": self.seeds,
            "data_sha256": self.data_sha256,
            "epochs": self.epochs,
            "budget": {
                "trials": self.most_trials,
                "seconds": None if self.minutes is None else 60 * self.minutes,
            },
        }

    @classmethod
    def from_json(cls, values: Any) -> Plan:
        """The inverse of `to_json`.

        Raises:
            SpaceError: if it is not what that wrote.
        """
        try:
            options = dict(values["options"])
            if options.get("hidden") is not None:
                options["hidden"] = tuple(options["hidden"])
            seconds = values["budget"]["seconds"]
            return cls(
                spaces.from_json(values["space"]),
                values["preset"],
                options,
                values["sampler"],
                values["pruner"],
                values["seeds"],
                values["data_sha256"],
                values["epochs"],
                values["budget"]["trials"],
                None if seconds is None else seconds / 60,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SpaceError(f"the study is of another version, or damaged ({error})") from error


def held_out_count(images: int) -> int:
    """How many of the training images are held out where nobody says."""
    return max(images // HELD_OUT_SHARE, min(LEAST_HELD_OUT, images // 2))
