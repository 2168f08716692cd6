"""Whether what commands set is in range, and fits the network of a run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from digit_tui.config import ConfigError, RunConfig
from digit_tui.data.drawings import FEWEST_DRAWINGS, MOST_DRAWINGS
from digit_tui.run.commands import Setting, SwitchOff, SwitchOn
from digit_tui.run.settings import OPTIONLESS, Settings, changes_of

SHA256 = re.compile("[0-9a-f]{64}")
MAX_PRUNED = 0.99
"""The largest share of the weights that can be pruned."""


def check_changes(commands: Iterable[Setting], config: RunConfig) -> None:
    """Check that the values of commands are in range.

    Raises:
        ConfigError: if one is not.
    """
    for command in commands:
        checked_changes(command, Settings.of(config), config)


def checked_changes(command: Setting, settings: Settings, config: RunConfig) -> dict[str, Any]:
    """What `changes_of` gives, if its values are in range.

    Raises:
        ConfigError: if one is not, or a unit does not exist; `option` is the field of Settings.
    """
    if isinstance(command, SwitchOff | SwitchOn):
        _check_units(((command.layer, unit) for unit in command.units), config.hidden)
    changes = changes_of(command, settings, config)
    check_values(changes, config)
    return changes


def check_values(values: Mapping[str, Any], config: RunConfig) -> None:
    """Check that fields of Settings are in range, and fit the network of a run.

    Raises:
        ConfigError: if one is not; `option` is the field.
    """
    config.with_(**{name: value for name, value in values.items() if name not in OPTIONLESS})
    for sha256, count in values.get("taught", ()):
        if not SHA256.fullmatch(sha256):
            raise ConfigError("taught", f"{sha256[:70]!r} is no SHA-256")
        if not FEWEST_DRAWINGS <= count <= MOST_DRAWINGS:
            reason = f"{count} drawings are not {FEWEST_DRAWINGS} to {MOST_DRAWINGS:,}"
            raise ConfigError("taught", reason)
    pairs, share = values.get("switched_off", ()), values.get("pruned", 0.0)
    _check_units(pairs, config.hidden)
    for layer, width in enumerate(config.hidden, start=1):
        if sum(each == layer for each, _ in pairs) == width:
            reason = f"all units of layer {layer} would be off, and nothing would get through"
            raise ConfigError("switched_off", reason)
    if not 0 <= share <= MAX_PRUNED:
        raise ConfigError("pruned", f"{share} is not a share from 0 to {MAX_PRUNED}")


def _check_units(pairs: Iterable[tuple[int, int]], hidden: tuple[int, ...]) -> None:
    for layer, unit in pairs:
        if not 1 <= layer <= len(hidden):
            layers = "layer 1 alone" if len(hidden) == 1 else f"layers 1 to {len(hidden)}"
            raise ConfigError("switched_off", f"layer {layer} is none of the hidden ones, {layers}")
        if not 0 <= unit < hidden[layer - 1]:
            last = hidden[layer - 1] - 1
            reason = f"layer {layer} has no unit {unit}, only 0 to {last}"
            raise ConfigError("switched_off", reason)
