"""The command line, called in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import click
from click.testing import CliRunner, Result

from digit_tui.cli.main import cli
from digit_tui.run.commands import SetClipping, SetOptimizer

SMALL = ["--batch", "--data", "sample", "--preset", "classic", "--hidden", "4", "--epochs", "1"]


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, arguments, prog_name="digit-tui")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


class Ended(NamedTuple):
    exit_code: int
    stdout: str
    stderr: str


Program = Callable[..., Ended]


def long_flag(option: click.Parameter) -> str:
    return max(option.opts, key=len)


VALUES = {
    "--data": ("sample", "sample"),
    "--preset": ("record", "record"),
    "--hidden": ("20,10", (20, 10)),
    "--optimizer": ("nesterov", "nesterov"),
    "--lr": ("0.25", 0.25),
    "--schedule": ("onecycle", "onecycle"),
    "--batch-size": ("17", 17),
    "--epochs": ("3", 3),
    "--weight-decay": ("0.5", 0.5),
    "--clip-norm": ("1.5", 1.5),
    "--clip-value": ("2.5", 2.5),
    "--sam": ("0.05", 0.05),
    "--augment": ("affine", "affine"),
    "--elastic": ("0.5", 0.5),
    "--average": ("false", False),
    "--validation": ("500", 500),
    "--side": ("25", 25),
    "--seed": ("7", 7),
    "--threads": ("2", 2),
    "--teacher": ("one two", ("one", "two")),
    "--distill-temperature": ("2", 2.0),
    "--distill-weight": ("0.5", 0.5),
    "--run": ("somewhere", Path("somewhere")),
    "--resume": ("a run", "a run"),
    "--replay": ("a run", "a run"),
    "--fork-at": ("12", 12),
    "--fork": (
        "optimizer=sgd, lr=0.1, clip-value=off",
        (SetOptimizer("sgd", 0.1), SetClipping()),
    ),
    "--json": ("1", True),
    "--target-accuracy": ("0.5", 0.5),
}
ESCAPE = "x\x1b]0;owned\x07\x9b31m"


def unsafe(text: str) -> set[str]:
    return {character for character in text if ord(character) < 32 or 127 <= ord(character) < 160}


def the_error(ended: Ended) -> str:
    """The one line that says what is wrong."""
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("digit-tui: ")
    assert ended.stderr.endswith("\n")
    (line,) = ended.stderr.splitlines()
    return line
