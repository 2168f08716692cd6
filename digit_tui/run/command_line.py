"""The command that begins a run like another one."""

from __future__ import annotations

from typing import Any

from digit_tui.config import RunConfig, flag_of

ALWAYS = ("data", "preset", "seed", "threads")
"""Options that are said also where they have their defaults: those may be others elsewhere."""


def command_line(config: RunConfig) -> list[str]:
    """The words of a command that begins a run of this configuration, without a screen.

    Options with the values that the preset gives them are left out.
    """
    usual = RunConfig.from_preset(config.preset, optimizer=config.optimizer)
    preset = RunConfig.from_preset(config.preset)
    words = ["digit-tui", "--batch"]
    for name, value in config.to_json().items():
        # Another optimizer changes what the preset gives; itself it differs from the preset.
        known = getattr(preset if name == "optimizer" else usual, name)
        if value is not None and (name in ALWAYS or value != known):
            words += _option(name, value)
    return words


def _option(name: str, value: Any) -> list[str]:
    flag = flag_of(name)
    if isinstance(value, bool):
        return [f"--{flag}" if value else f"--no-{flag}"]
    text = ",".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
    return [f"--{flag}", text]
