"""The run that follows another one, from what a user typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from digit_tui.config import MAX_SEED, ConfigError, RunConfig, absolute_data, parse_widths
from digit_tui.data import Dataset
from digit_tui.run.settings import OPTIONLESS, Settings

NAMES = ("preset", "data", "hidden", "batch-size", "seed")
"""What can be chosen for it, by the names of the options."""

NOW = "now"
"""In place of a preset: the settings in force in the run before."""


class NextRun(NamedTuple):
    """What is to be trained next."""

    config: RunConfig
    dataset: Dataset | None
    """None if it is still being read, for the run before."""


def fresh_seed(config: RunConfig) -> int:
    """A seed for the run after this one."""
    return (config.seed + 1) % (MAX_SEED + 1)


def same_images(one: RunConfig, other: RunConfig) -> bool:
    """Whether two runs read the same images."""
    return (one.data, one.side) == (other.data, other.side)


def next_config(config: RunConfig, wanted: Mapping[str, str], now: Settings) -> RunConfig:
    """The configuration of the next run; what is not named is as in the run before.

    A preset brings all its settings: of the run before there remain then the data, how it is
    divided, the number of threads, and the side of the images if that was not its preset's.

    Args:
        config: of the run before.
        wanted: some of NAMES to what was typed.
        now: the settings in force in the run before, which NOW asks for.

    Raises:
        ConfigError: if a value is none, or out of its range.
    """
    given: dict[str, Any] = {"seed": fresh_seed(config)}
    for name, text in wanted.items():
        match name:
            case "data":
                given["data"] = absolute_data(text)
            case "hidden":
                given["hidden"] = parse_widths(text)
            case "batch-size" | "seed":
                given[name.replace("-", "_")] = _whole(text)
            case "preset":
                pass
            case _:
                raise ConfigError(name, f"none of {', '.join(NAMES)}")
    if wanted.get("preset") == NOW:
        changed = asdict(now)
        for name in (*OPTIONLESS, "epochs"):  # it has epochs of its own
            del changed[name]
        return config.with_(**changed | given)
    if "preset" not in wanted:
        return config.with_(**given)
    kept = ["data", "validation", "threads"]
    if config.side != RunConfig.from_preset(config.preset).side:
        kept.append("side")
    given = {name: getattr(config, name) for name in kept} | given
    return RunConfig.from_preset(wanted["preset"], **given)


def _whole(text: str) -> Any:
    """A whole number; or the text itself, which RunConfig refuses."""
    try:
        return int(text)
    except ValueError:
        return text
