"""`digit-tui config`: the value of each option, and where it comes from."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import click
from click.core import ParameterSource

from digit_tui.cli.config_file import INTERFACE, ConfigFile, config_in_force
from digit_tui.cli.config_source import stronger
from digit_tui.cli.options import RUN_FIELDS, make_config
from digit_tui.config import PRESETS, RunConfig, flag_of
from digit_tui.session.exit_status import ExitStatus
from digit_tui.storage.run_files import config_file, keys_file

LEFT_TO = {
    "lr": "the optimizer's own",
    "epochs": "by the number of images",
    "clip-norm": "off",
    "clip-value": "off",
    "elastic": "by the side of the images",
    "theme": "the last chosen",
    "fps": "2, or less",
    "notify": "none",
}
"""What it means that an option has no value."""


class InForce(NamedTuple):
    """An option with its value."""

    option: str
    value: Any
    source: str
    """command line, environment, config.toml, preset or default"""
    where: str | None
    """The variable, the file with its line, or the preset."""


def print_config(context: click.Context, as_json: bool) -> int:
    """Print the options in force; returns the exit status.

    Args:
        context: of `digit-tui config`, whose parent has the options of the program.
        as_json: as one object.

    Raises:
        ConfigFileError: if config.toml cannot be used.
        click.UsageError: if an option is out of its range.
    """
    file = config_in_force(context)
    if file is not None:
        file.require()
    found = options_in_force(context.find_root(), file)
    paths = {"config": config_file(), "keys": keys_file()}
    used = file is not None
    if as_json:
        told: dict[str, Any] = {
            name: {"path": str(path), "exists": path.exists(), "used": used}
            for name, path in paths.items()
        }
        click.echo(json.dumps({**told, "options": [each._asdict() for each in found]}))
        return ExitStatus.DONE
    rows = [(each.option, option_words(each.option, each.value), _from(each)) for each in found]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for option, value, source in rows:
        click.echo(f"{option:<{widths[0]}}  {value:<{widths[1]}}  {source}".rstrip())
    click.echo()
    for path in paths.values():
        note = "" if path.exists() else " (not there)"
        click.echo(f"{path}{note if used else ' (left out)'}")
    return ExitStatus.DONE


def options_in_force(program: click.Context, file: ConfigFile | None) -> list[InForce]:
    """All options that can be in config.toml, with their values.

    Args:
        program: the context of `digit-tui` itself.
        file: config.toml; None if it is left out.

    Raises:
        click.UsageError: if an option is out of its range.
    """
    values = {name: program.params[name] for name in RUN_FIELDS}
    preset = values.pop("preset")
    config = make_config(preset, stronger(program, values))
    return [
        *(_in_force(program, file, name, getattr(config, name), config) for name in RUN_FIELDS),
        *(_in_force(program, file, name, program.params[name], config) for name in INTERFACE),
    ]


def _in_force(
    program: click.Context, file: ConfigFile | None, name: str, value: Any, config: RunConfig
) -> InForce:
    source = program.get_parameter_source(name)
    option = next(each for each in program.command.params if each.name == name)
    told, where = "default", None
    given = program.params.get(name)
    if name in RUN_FIELDS and given is not None and getattr(config, name) != given:
        source = None  # a stronger one stands against it
        if name == "data":  # a folder in full
            source = program.get_parameter_source(name)
    if source is ParameterSource.COMMANDLINE:
        told = "command line"
    elif source is ParameterSource.ENVIRONMENT:
        variable = option.envvar or f"DIGIT_TUI_{(name or '').upper()}"
        told, where = "environment", str(variable)
    elif source is ParameterSource.DEFAULT_MAP and file is not None:
        told, where = "config.toml", f"{file.path}:{file.lines[name]}"
    elif PRESETS[config.preset].get(name, _NOTHING) == value:
        told, where = "preset", config.preset
    if name not in RUN_FIELDS and value is not None and not isinstance(value, bool | float):
        value = str(value)
    return InForce(flag_of(name), value, told, where)


_NOTHING = object()


def option_words(option: str, value: Any) -> str:
    """The value of an option for people, or what it means that it has none."""
    if value is None:
        return LEFT_TO[option]
    if option == "sam" and not value:
        return "off"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _from(each: InForce) -> str:
    if each.source == "preset":
        return f"preset {each.where}"
    return each.source if each.where is None else f"{each.source}, {each.where}"
