"""Where the value of an option comes from: command line, environment, config.toml, or nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from digit_tui.cli.config_file import config_in_force, use_config_file
from digit_tui.storage.run_files import config_file, keys_file

STRENGTH = (
    ParameterSource.COMMANDLINE,
    ParameterSource.ENVIRONMENT,
    ParameterSource.DEFAULT_MAP,
)
"""The strongest first; click's DEFAULT_MAP is config.toml here."""
EITHER = ("clip_norm", "clip_value")
"""A run takes one of them."""


def _use_config(context: click.Context, parameter: click.Parameter, left_out: bool) -> bool:
    if not context.resilient_parsing:  # a shell completes: whatever the file says
        use_config_file(context, None if left_out else config_file())
    return left_out


NO_CONFIG = click.option(
    "--no-config",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_use_config,
    envvar="DIGIT_TUI_NO_CONFIG",
    help="Leave out config.toml and keys.toml.",
)


def leaves_out(context: click.Context) -> bool:
    """Whether --no-config was given to the program."""
    return config_in_force(context) is None


def keys_path(context: click.Context) -> Path | None:
    """The user's keys; None with --no-config."""
    return None if leaves_out(context) else keys_file()


def stronger(context: click.Context, options: dict[str, Any]) -> dict[str, Any]:
    """The options without one that another, which was given more explicitly, stands against.

    --clip-norm on the command line has clip-value of config.toml left out.
    """
    if any(options[name] is None for name in EITHER):  # one is off
        return options
    sources = {name: context.get_parameter_source(name) for name in EITHER}
    if all(source in STRENGTH for source in sources.values()):
        first, second = (STRENGTH.index(source) for source in sources.values() if source)
        if first != second:
            weaker = EITHER[first < second]
            return {name: value for name, value in options.items() if name != weaker}
    return options
