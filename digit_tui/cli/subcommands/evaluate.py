"""`digit-tui evaluate`: how well a saved network does."""

from __future__ import annotations

import sys

import click

from digit_tui.cli.completion_types import DATA_NAME, RUN_NAME


@click.command()
@click.argument("run", type=RUN_NAME)
@click.option(
    "--data",
    type=DATA_NAME,
    metavar="NAME|DIR",
    help="Dataset (the one that the run was trained on).",
)
@click.option("--best", is_flag=True, help="Use the best checkpoint instead of the last.")
@click.option("--corrupt", is_flag=True, help="On digits made worse in ten ways, five strengths.")
@click.option(
    "--against", type=RUN_NAME, metavar="RUN", help="With --corrupt: compare with another run."
)
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
