"""`digit-tui evaluate`: how well a saved network does."""

from __future__ import annotations

import sys

import click

from digit_tui.cli.completion_types import RUN_NAME
from digit_tui.cli.saved_run_options import BEST, DATA, JSON, RUN


@click.command()
@RUN
@DATA
@BEST
@click.option("--corrupt", is_flag=True, help="On digits made worse in ten ways, five strengths.")
@click.option(
    "--against", type=RUN_NAME, metavar="RUN", help="With --corrupt: compare with another run."
)
@JSON
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
