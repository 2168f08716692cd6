"""`digit-tui bench`: how fast training is on this machine."""

from __future__ import annotations

import sys
from typing import Any

import click

from digit_tui.cli.options import make_config, run_options
from digit_tui.cli.saved_run_options import JSON


@click.command()
@run_options
@JSON
def bench(preset: str, as_json: bool, **options: Any) -> None:
    """Measure how fast training is on this machine, and the best --threads, or with those given."""
    from digit_tui.cli.bench import run_bench, thread_counts

    config = make_config(preset, options)
    given = options["threads"]
    sys.exit(run_bench(config, [given] if given else thread_counts(), as_json))
