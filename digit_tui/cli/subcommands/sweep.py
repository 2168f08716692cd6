"""`digit-tui sweep`: many runs that look for good settings, on one machine or several."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from digit_tui.cli.completion_types import STUDY_NAME, TRIED, complete_studies
from digit_tui.cli.options import run_options
from digit_tui.cli.sections import OF_A_RUN, SectionedCommand, write_rows
from digit_tui.cli.usage_errors import name_in_errors

OTHER_HELP = {
    "threads": "Processors for each run (1; the workers share the rest).",
    "validation": "Training images held out, on which trials are measured (a sixth of them).",
    "seed": "Seed of the first run of each trial (0).",
}
"""What these options of a run mean in a sweep."""
COMMANDS = (
    ("digit-tui sweep join STUDY", "Work on a study, or go on with it."),
    ("digit-tui sweep show STUDY", "Its trials, the best, and what matters."),
    ("digit-tui sweep list", "The studies of this machine."),
    ("digit-tui sweep rm STUDY", "Remove a study with its runs."),
)
OPTIONS = {
    "What to try": ("tried", "file", "sampler", "pruner", "seeds"),
    "How long": ("trials", "minutes"),
    "Workers": ("workers", "storage", "runs", "patience"),
    "Scripts": ("batch", "as_json", "target"),
    "All runs": OF_A_RUN,
    "Other": ("help",),
}
"""The names of the parameters of a sweep, as click has them."""


class SweepCommand(SectionedCommand):
    """The command that begins a sweep; its help has the subcommands before the options."""

    sections = OPTIONS

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_rows(formatter, "Subcommands", COMMANDS, column=30)
        super().format_options(ctx, formatter)


class SweepGroup(click.Group):
    """Subcommands beside a command that takes a name itself: `sweep join X`, but `sweep X`."""

    begin: click.Command

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        if args and args[0] in self.commands:
            return super().make_context(info_name, args, parent, **extra)
        return self.begin.make_context(info_name, args, parent, **extra)


SAMPLERS = ("tpe", "random", "grid")
PRUNERS = ("median", "hyperband", "none")
STORAGE = click.option(
    "--storage",
    metavar="URL|DIR",
    help="Where the study is kept: sqlite:///FILE, postgresql://USER@HOST/DB, or a folder, such as "
    "one that many machines see (the state directory).",
)
WORKERS = click.option(
    "--workers",
    type=click.IntRange(1, 256),
    metavar="N",
    help="Runs at a time on this machine (as many as its processors allow).",
)
RUNS = click.option(
    "--runs",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="With a database: folder for the runs, such as one that all machines see.",
)
PATIENCE = click.option(
    "--patience",
    type=click.FloatRange(min=15, max=86_400),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="A worker that is silent for so long is lost: its trial goes on elsewhere.",
)
BATCH = click.option("--batch", is_flag=True, help="Without a screen, on a terminal too.")
JSON = click.option("--json", "as_json", is_flag=True, help="JSON Lines on stdout.")
TARGET = click.option(
    "--target",
    type=click.FloatRange(0, 1),
    metavar="ACCURACY",
    help="Exit status 5 if the best trial is less accurate on the held-out images.",
)


def complete_first(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Subcommands, where one can stand, and studies."""
    given = (context.get_parameter_source(name) for name in context.params)
    if ParameterSource.COMMANDLINE in given:
        return complete_studies(incomplete)
    found = [
        CompletionItem(name, help=command.get_short_help_str())
        for name, command in sweep.commands.items()
        if name.startswith(incomplete)
    ]
    studies = complete_studies(incomplete)
    return [*found, *(each for each in studies if not found or each.type == "plain")]


@click.command("sweep", cls=SweepCommand)
@click.argument("study", required=False, type=STUDY_NAME, shell_complete=complete_first)
@click.option(
    "--try",
    "tried",
    type=TRIED,
    multiple=True,
    metavar="NAME=VALUES",
    help="What to try, again for each setting: optimizer=sgd,adam or lr=1e-4..1e-1:log or "
    "hidden=64..512:64 or hidden=128|256,128.",
)
@click.option(
    "--file",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="What to try, and other options, from a TOML file.",
)
@click.option(
    "--sampler",
    type=click.Choice(SAMPLERS),
    metavar="NAME",
    help=f"How to choose: {', '.join(SAMPLERS)} (tpe).",
)
@click.option(
    "--pruner",
    type=click.Choice(PRUNERS),
    metavar="NAME",
    help=f"What gives up on a trial before its last epoch: {', '.join(PRUNERS)} (median).",
)
@click.option("--seeds", type=int, metavar="N", help="Runs of each trial, averaged (1).")
@click.option("--trials", type=int, metavar="N", help="Trials in all (50, if no time is given).")
@click.option("--minutes", type=float, metavar="M", help="Time for the sweep.")
@WORKERS
@STORAGE
@RUNS
@PATIENCE
@TARGET
@BATCH
@JSON
@run_options
@click.pass_context
def begin(
    context: click.Context,
    /,
    study: str | None,
    tried: tuple[str, ...],
    file: Path | None,
    storage: str | None,
    runs: Path | None,
    workers: int | None,
    patience: float,
    target: float | None,
    batch: bool,
    as_json: bool,
    sampler: str | None,
    pruner: str | None,
    seeds: int | None,
    trials: int | None,
    minutes: float | None,
    **options: Any,
) -> None:
    """Train many runs to find good settings, and measure the best on the test set at the end.

    Each trial is an ordinary run, measured on training images that are held out. A STUDY that is
    there goes on with what is left to do.
    """
    from digit_tui.cli.sweep.begin import Asked, begin_sweep

    source = context.get_parameter_source
    if source("preset") is ParameterSource.DEFAULT:
        options["preset"] = None
    asked = Asked(
        study=study,
        tried=tried,
        file=file,
        options=options,
        sweep={
            "sampler": sampler,
            "pruner": pruner,
            "seeds": seeds,
            "trials": trials,
            "minutes": minutes,
            "workers": workers,
            "target": target,
            "storage": storage,
        },
        runs=runs,
        patience_seconds=patience,
        batch=batch,
        as_json=as_json,
    )
    sys.exit(begin_sweep(asked))


for parameter in begin.params:
    if isinstance(parameter, click.Option) and parameter.name in OTHER_HELP:
        parameter.help = OTHER_HELP[parameter.name]


@click.group("sweep", cls=SweepGroup)
def sweep() -> None:
    """Train many runs to find good settings, on one machine or several."""


sweep.begin = begin
name_in_errors(begin)  # it is none of the group's commands


@sweep.command("join")
@click.argument("study", type=STUDY_NAME, metavar="STUDY|URL")
@WORKERS
@STORAGE
@RUNS
@PATIENCE
@TARGET
@BATCH
@JSON
def join(
    study: str,
    workers: int | None,
    storage: str | None,
    runs: Path | None,
    patience: float,
    target: float | None,
    batch: bool,
    as_json: bool,
) -> None:
    """Work on a STUDY that was begun elsewhere, or go on with one that was left.

    STUDY is a name, the folder of a study, or the URL of a database with one.
    """
    from digit_tui.cli.sweep.begin import join_sweep

    sys.exit(join_sweep(study, storage, runs, workers, patience, target, batch, as_json))


@sweep.command("show")
@click.argument("study", type=STUDY_NAME, metavar="STUDY|URL")
@STORAGE
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV, a line for each trial.")
def show(study: str, storage: str | None, as_json: bool, as_csv: bool) -> None:
    """Show the trials of a STUDY, the best of them, and which settings matter."""
    if as_json and as_csv:
        raise click.UsageError("--json or --csv, not both")
    from digit_tui.cli.sweep.show import show_study

    sys.exit(show_study(study, storage, as_json, as_csv))


@sweep.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_studies(as_json: bool) -> None:
    """List the studies of this machine."""
    from digit_tui.cli.sweep.show import print_studies

    sys.exit(print_studies(as_json))


@sweep.command("rm")
@click.argument("studies", metavar="STUDY...", nargs=-1, required=True, type=STUDY_NAME)
@STORAGE
@click.option("--yes", "sure", is_flag=True, help="Do not ask first.")
def remove(studies: tuple[str, ...], storage: str | None, sure: bool) -> None:
    """Remove a STUDY and its runs on this machine."""
    from digit_tui.cli.sweep.remove import remove_studies

    sys.exit(remove_studies(studies, storage, sure))
