"""`digit-tui runs`: the saved runs."""

from __future__ import annotations

import sys

import click

from digit_tui.cli.completion_types import DATA_NAME, RUN_NAME
from digit_tui.cli.saved_run_options import RUN


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def runs(context: click.Context, /, as_json: bool) -> None:
    """List the saved runs, show one, compare some, or remove some.

    A RUN is a folder, the name of a run in the list, the beginning of such a name, or last.
    """
    if context.invoked_subcommand is None:
        from digit_tui.cli.runs.listing import print_runs

        sys.exit(print_runs(as_json))
    if as_json:
        raise click.UsageError("--json goes after the subcommand")


@runs.command("show")
@RUN
def show_saved(run: str) -> None:
    """Show a RUN: its settings, commands, results and curves."""
    from digit_tui.cli.runs.show import show_run

    sys.exit(show_run(run))


@runs.command("compare")
@click.argument("names", type=RUN_NAME, metavar="RUN RUN...", nargs=-1, required=True)
@click.option(
    "--data", type=DATA_NAME, metavar="NAME|DIR", help="Test all on this dataset (each on its own)."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for each run.")
def compare_saved(names: tuple[str, ...], data: str | None, as_json: bool) -> None:
    """Compare RUNs: settings, curves, and whether they really differ."""
    from digit_tui.cli.runs.compare import compare_runs

    sys.exit(compare_runs(names, data, as_json))


@runs.command("rm")
@click.argument("names", type=RUN_NAME, metavar="RUN...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask first.")
def remove_saved(names: tuple[str, ...], yes: bool) -> None:
    """Remove RUNs from the disk."""
    from digit_tui.cli.runs.remove import remove_runs

    sys.exit(remove_runs(names, yes))
