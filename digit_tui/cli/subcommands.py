"""The subcommands: on saved runs, on datasets, on this machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from digit_tui.cli.options import make_config, run_options

ORDERS = ("loss", "confidence", "index", "forgotten", "broken", "fixed")
"""Those of `insight.selection`, which --help does not import."""


@click.command()
@click.argument("run")
@click.option("--data", metavar="NAME|DIR", help="Dataset (the one that the run was trained on).")
@click.option("--best", is_flag=True, help="Use the best checkpoint instead of the last.")
@click.option("--corrupt", is_flag=True, help="On digits made worse in ten ways, five strengths.")
@click.option("--against", metavar="RUN", help="With --corrupt: compare with another run.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def evaluate(
    run: str, data: str | None, best: bool, corrupt: bool, against: str | None, as_json: bool
) -> None:
    """Measure the saved network of a RUN on the test set of a dataset."""
    if corrupt:
        from digit_tui.cli.evaluate_corrupted import evaluate_corrupted

        sys.exit(evaluate_corrupted(run, data, best, against, as_json))
    if against is not None:
        raise click.UsageError("--against is for --corrupt only")
    from digit_tui.cli.evaluate import evaluate_run

    sys.exit(evaluate_run(run, data, best, as_json))


@click.command()
@click.argument("run")
@click.option("--best", is_flag=True, help="Use the best checkpoint instead of the last.")
@click.option(
    "--folds",
    type=click.IntRange(1, 5),
    default=1,
    show_default=True,
    help="Copies to train, each without another fifth of the training set; for runs without "
    "--validation.",
)
@click.option("--remove", is_flag=True, help="Remove what was fitted; alone.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.pass_context
def calibrate(
    context: click.Context, /, run: str, best: bool, folds: int, remove: bool, as_json: bool
) -> None:
    """Fit how sure the network of a RUN may be, on digits that it was not trained on."""
    from digit_tui.cli import calibrate as command

    if remove:
        given = context.get_parameter_source("folds") is not ParameterSource.DEFAULT
        if best or as_json or given:
            raise click.UsageError("--remove goes without other options")
        sys.exit(command.remove(run))
    sys.exit(command.calibrate_run(run, best, folds, as_json))


@click.command()
@click.argument("run")
@click.option("--data", metavar="NAME|DIR", help="Dataset (the one that the run was trained on).")
@click.option("--best", is_flag=True, help="Use the best checkpoint instead of the last.")
@click.option(
    "--select",
    "selection",
    metavar="TEXT",
    default="wrong",
    show_default=True,
    help="Which digits, such as 'true=4 pred=9 conf>0.9'; '' for all of them.",
)
@click.option(
    "--sort",
    "order",
    type=click.Choice(ORDERS),
    default="loss",
    show_default=True,
    help="The order.",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="List at most N (all).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV, with a line of headings.")
@click.option(
    "--html",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="One page with pictures, to open in a browser; - is standard output.",
)
@click.option("--force", is_flag=True, help="Let --html replace a file that is no such page.")
def mistakes(
    run: str,
    data: str | None,
    best: bool,
    selection: str,
    order: str,
    limit: int | None,
    as_json: bool,
    as_csv: bool,
    html: Path | None,
    force: bool,
) -> None:
    """List the test digits that a RUN gets wrong, or other test digits."""
    if as_json + as_csv + (html is not None) > 1:
        raise click.UsageError("--json, --csv or --html: only one of them")
    if force and html is None:
        raise click.UsageError("--force is for --html only")
    from digit_tui.cli.mistakes import list_mistakes

    form = "json" if as_json else "csv" if as_csv else "text"
    sys.exit(list_mistakes(run, data, best, selection, order, limit, form, html, force))


@click.command()
@click.argument("run")
@click.option("--data", metavar="NAME|DIR", help="Dataset (the one that the run was trained on).")
@click.option("--best", is_flag=True, help="Use the best checkpoint instead of the last.")
@click.option(
    "--layer",
    type=click.IntRange(1),
    metavar="L",
    help="Also show the distributions in this layer, counted from 1.",
)
@click.option(
    "--unit",
    type=click.IntRange(0),
    metavar="N",
    help="With --layer: also show this unit of it, counted from 0.",
)
@click.option("--gradient-check", is_flag=True, help="Also check the gradient against differences.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def inspect(
    run: str,
    data: str | None,
    best: bool,
    layer: int | None,
    unit: int | None,
    gradient_check: bool,
    as_json: bool,
) -> None:
    """Show the network of a RUN layer by layer: weights, gradients, activations."""
    from digit_tui.cli.inspect_run import inspect_run

    sys.exit(inspect_run(run, data, best, layer, unit, gradient_check, as_json))


@click.command()
@click.argument("run")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--single", is_flag=True, help="Each picture is of one digit.")
@click.option("--draw", is_flag=True, help="Also draw each digit as the network saw it.")
@click.option("--always", is_flag=True, help='Always one digit, never "2 or 7" or "not a digit".')
@click.option("--best", is_flag=True, help="Use the best checkpoint instead of the last.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for each file.")
@click.option("--csv", "as_csv", is_flag=True, help="CSV, with a line of headings.")
def predict(
    run: str,
    files: tuple[str, ...],
    single: bool,
    draw: bool,
    always: bool,
    best: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Read the digits in picture FILEs with the network of a RUN; - is standard input."""
    if as_json + as_csv + draw > 1:
        raise click.UsageError("--json, --csv or --draw: only one of them")
    from digit_tui.cli.predict import predict_files

    form = "json" if as_json else "csv" if as_csv else "text"
    sys.exit(predict_files(run, files, single, best, draw, form, always))


@click.command()
@run_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def bench(preset: str, as_json: bool, **options: Any) -> None:
    """Measure in ten seconds how fast training is on this machine, and the best --threads."""
    from digit_tui.cli.bench import run_bench

    sys.exit(run_bench(make_config(preset, options), as_json))


@click.group(invoke_without_command=True)
@click.pass_context
def data(context: click.Context) -> None:
    """List the available datasets, fetch full MNIST, keep your own digits, or draw some."""
    if context.invoked_subcommand is None:
        from digit_tui.cli.data import list_data

        sys.exit(list_data())


@data.command()
@click.option(
    "--mirror",
    "mirrors",
    multiple=True,
    metavar="URL",
    help="Fetch from there instead; repeatable.",
)
@click.option("--timeout", type=click.FloatRange(0.1), default=20.0, show_default=True)
def fetch(mirrors: tuple[str, ...], timeout: float) -> None:
    """Download full MNIST (11 MB) into the cache and check it."""
    from digit_tui.cli.data import fetch_data

    sys.exit(fetch_data(mirrors, timeout))


@data.command()
@click.option("--data", "name", default="auto", metavar="NAME|DIR", show_default=True)
@click.option("--count", type=click.IntRange(1, 1000), default=8, show_default=True)
@click.option(
    "--index", type=click.IntRange(0), default=0, show_default=True, help="The first digit."
)
@click.option(
    "--set",
    "part",
    type=click.Choice(["train", "test"]),
    help="Which of them (train; of your own drawings all).",
)
def show(name: str, count: int, index: int, part: str | None) -> None:
    """Draw digits with their labels."""
    from digit_tui.cli.data import show_data

    sys.exit(show_data(name, count, index, part))


@data.command()
@click.option(
    "--add",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Keep the digit in this picture; repeatable.",
)
@click.option("--label", type=click.IntRange(0, 46), help="What the digit of --add is.")
@click.option("--single", is_flag=True, help="With --add: each picture is of one digit.")
@click.option("--remove", "numbers", metavar="LIST", help="Remove drawings, such as 3,5-7.")
@click.option("--yes", is_flag=True, help="With --remove: do not ask first.")
def mine(
    files: tuple[Path, ...], label: int | None, single: bool, numbers: str | None, yes: bool
) -> None:
    """List your own drawings, add pictures to them, or remove some.

    data show --data mine draws them, with the numbers for --remove.
    """
    if bool(files) != (label is not None):
        raise click.UsageError("--add and --label need each other")
    if files and numbers is not None:
        raise click.UsageError("--add or --remove, not both")
    if yes and numbers is None:
        raise click.UsageError("--yes is for --remove only")
    if single and not files:
        raise click.UsageError("--single is for --add only")
    from digit_tui.cli.mine import add_pictures, list_mine, remove_drawings

    if label is not None:
        sys.exit(add_pictures(files, label, single))
    sys.exit(list_mine() if numbers is None else remove_drawings(numbers, yes))


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
@click.argument("run")
def show_saved(run: str) -> None:
    """Show a RUN: its settings, commands, results and curves."""
    from digit_tui.cli.runs.show import show_run

    sys.exit(show_run(run))


@runs.command("compare")
@click.argument("names", metavar="RUN RUN...", nargs=-1, required=True)
@click.option("--data", metavar="NAME|DIR", help="Test all on this dataset (each on its own).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for each run.")
def compare_saved(names: tuple[str, ...], data: str | None, as_json: bool) -> None:
    """Compare RUNs: settings, curves, and whether the difference is significant."""
    from digit_tui.cli.runs.compare import compare_runs

    sys.exit(compare_runs(names, data, as_json))


@runs.command("rm")
@click.argument("names", metavar="RUN...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask first.")
def remove_saved(names: tuple[str, ...], yes: bool) -> None:
    """Remove RUNs from the disk."""
    from digit_tui.cli.runs.remove import remove_runs

    sys.exit(remove_runs(names, yes))


@click.command()
@click.argument("topic", required=False)
def manual(topic: str | None) -> None:
    """List the topics of the manual, or show one."""
    from digit_tui.cli.manual import show_manual

    sys.exit(show_manual(topic))
