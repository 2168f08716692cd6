"""`digit-tui config`: the options in force, and the user's keys."""

from __future__ import annotations

import sys

import click


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def config(context: click.Context, /, as_json: bool) -> None:
    """Show which options are in force, and from where; or where the files are, or all keys."""
    if context.invoked_subcommand is None:
        from digit_tui.cli.config_report import print_config

        sys.exit(print_config(context, as_json))
    if as_json:
        raise click.UsageError("--json is for digit-tui config alone")


@config.command("path")
@click.option("--keys", is_flag=True, help="Of keys.toml instead.")
def show_path(keys: bool) -> None:
    """Print where config.toml is, or would be."""
    from digit_tui.storage.run_files import config_file, keys_file

    click.echo(keys_file() if keys else config_file())


@config.command("keys")
@click.pass_context
def show_keys(context: click.Context, /) -> None:
    """Print all keys in force, as a keys.toml to begin with."""
    from digit_tui.cli.config_source import keys_path
    from digit_tui.tui.keys_template import print_keys

    sys.exit(print_keys(keys_path(context)))
