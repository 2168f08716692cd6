"""config.toml: the user's defaults for options, below the command line and the environment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from digit_tui.cli.options import META, OFF, RUN_FIELDS, OrOff, Widths
from digit_tui.config import SOURCES, ConfigError, RunConfig, absolute_data, flag_of
from digit_tui.storage.toml_file import TomlError, line_of, near, parse_toml, read_toml_text

INTERFACE = ("plain", "theme", "fps", "notify", "no_tips")
"""Options that can be in the file besides those of a run, as click names them."""


class ConfigFileError(click.ClickException):
    """What is wrong with the file, and where."""

    exit_code = 2
    see = "digit-tui manual config"


@dataclass(frozen=True)
class ConfigFile:
    """What the file says."""

    path: Path
    values: Mapping[str, Any] = field(default_factory=dict)
    """By the names of click's parameters."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """Where each is in the file, counted from 1."""
    trouble: ConfigFileError | None = None
    """Why it cannot be used."""

    def require(self) -> None:
        """Go on only if the file can be used.

        Raises:
            ConfigFileError: if not.
        """
        if self.trouble is not None:
            raise self.trouble


def use_config_file(context: click.Context, path: Path | None) -> None:
    """Have the options of a command line, and of its subcommands, begin with what the file says.

    A file that cannot be used is told where it is needed: `digit-tui manual config` needs none.

    Args:
        context: of the whole program.
        path: of the file, which need not be there; None for no file.
    """
    group = context.command
    assert isinstance(group, click.Group)
    if path is None:
        return
    try:
        file = read_config(path, group.params)
    except ConfigFileError as error:
        file = ConfigFile(path, trouble=error)
    context.meta[META] = file
    defaults: dict[str, Any] = {**file.values}
    for name, command in group.commands.items():
        shared = {each.name for each in command.params if isinstance(each, click.Option)}
        shared &= {*INTERFACE} & {*file.values}
        if shared:  # an option may have the name of a command: data
            defaults[name] = {each: file.values[each] for each in shared}
    context.default_map = defaults


def config_in_force(context: click.Context) -> ConfigFile | None:
    """The file that a command line uses; None with --no-config."""
    found: ConfigFile | None = context.meta.get(META)
    return found


def read_config(path: Path, parameters: list[click.Parameter]) -> ConfigFile:
    """What the file says; of a file that is not there, nothing.

    Args:
        path: of the file.
        parameters: of the program, among them those that can be in the file.

    Raises:
        ConfigFileError: if it cannot be read, or says what no option takes.
    """
    try:
        text = read_toml_text(path)
        named = {} if text is None else parse_toml(path, text)
    except TomlError as error:
        raise ConfigFileError(str(error)) from error
    if text is None:
        return ConfigFile(path)
    known = {
        flag_of(each.name): each for each in parameters if each.name in (*RUN_FIELDS, *INTERFACE)
    }
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for name, value in named.items():
        line = line_of(text, name)
        option = known.get(name)
        if option is None or option.name is None:
            raise ConfigFileError(f"{path}, line {line}: {_unknown(name, value, known)}")
        try:
            values[option.name] = _converted(option, value)
        except ValueError as error:
            raise ConfigFileError(f"{path}, line {line}: {name}: {error}") from None
        lines[option.name] = line
    _check_ranges(path, values, lines)
    return ConfigFile(path, values, lines)


def _unknown(name: str, value: object, known: Mapping[str, Any]) -> str:
    if isinstance(value, dict):
        return f"there is no table {name!r}: options stand alone, one a line"
    return f"there is no option {name!r}{near(name, known)}"


def _converted(option: click.Parameter, value: Any) -> Any:
    """A value as the option has it.

    Raises:
        ValueError: if it takes none like it.
    """
    kind = option.type
    if isinstance(kind, Widths) and not isinstance(value, str):
        widths = value if isinstance(value, list) else [value]
        if not all(type(width) is int for width in widths):
            raise ValueError(f"{_shown(value)} is not a list of widths such as [256, 128]")
        return tuple(widths)
    if isinstance(kind, click.types.BoolParamType):
        if not isinstance(value, bool):
            raise ValueError(f"{_shown(value)} is neither true nor false")
        return value
    if isinstance(kind, OrOff) and value == OFF:
        return kind.off
    if isinstance(kind, click.types.IntParamType | click.types.FloatParamType):
        whole = isinstance(kind, click.types.IntParamType)
        fits = type(value) is int or (not whole and type(value) is float and math.isfinite(value))
        if not fits:
            raise ValueError(f"{_shown(value)} is not a {'whole ' * whole}number")
    elif not isinstance(value, str):
        raise ValueError(f'{_shown(value)} is not text in quotes, such as "..."')
    try:
        converted = kind.convert(value, option, None)
    except click.BadParameter as error:
        raise ValueError(error.message.rstrip(".")) from None
    if option.name == "data" and not (
        converted in SOURCES or Path(converted).expanduser().is_absolute()
    ):
        raise ValueError(f"{_shown(value)}: write a folder in full, or from your home: ~/digits")
    return absolute_data(converted) if option.name == "data" else converted


def _shown(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _check_ranges(path: Path, values: Mapping[str, Any], lines: Mapping[str, int]) -> None:
    """See whether a run could have these values.

    Raises:
        ConfigFileError: if not.
    """
    options = {name: value for name, value in values.items() if name in RUN_FIELDS}
    try:
        RunConfig.from_preset(options.pop("preset", "standard"), **options)
    except ConfigError as error:
        line = f", line {lines[error.option]}" if error.option in lines else ""
        raise ConfigFileError(f"{path}{line}: {flag_of(error.option)}: {error}") from None
