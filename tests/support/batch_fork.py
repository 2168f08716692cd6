"""The headless front end with forks and replays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from support.command_script import CommandScript

from digit_tui.cli.main import cli
from digit_tui.run.commands import (
    Command,
    Stop,
)

SMALL = [
    *["--batch", "--data", "sample", "--preset", "classic", "--hidden", "8"],
    *["--optimizer", "adam", "--batch-size", "125", "--threads", "1"],
]


def batch(*arguments: Any) -> Result:
    result = CliRunner().invoke(cli, ["--batch", *map(str, arguments)], prog_name="digit-tui")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def lines_of(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def complaints_of(result: Result) -> list[str]:
    return [line for line in result.stderr.splitlines() if line.startswith("digit-tui: ")]


def start_run(folder: Path, steps: int, script: list[tuple[int, Command]] | None = None) -> None:
    """A run with the options SMALL and two epochs, stopped after some steps."""
    from digit_tui.config import RunConfig
    from digit_tui.training.run_request import RunRequest

    config = RunConfig.from_preset(
        "classic", data="sample", hidden=(8,), optimizer="adam", batch_size=125, threads=1, epochs=2
    )
    opening = RunRequest(config, folder)
    source = CommandScript([*(script or []), (steps, Stop())])
    list(opening.trainer(opening.load_dataset(), source, interactive=False).run())
