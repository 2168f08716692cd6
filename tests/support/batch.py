"""The headless front end, in this process and in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from digit_tui.cli.main import cli
from digit_tui.storage.saved_run import SavedRun

SMALL = [
    *["--batch", "--data", "sample", "--preset", "classic", "--hidden", "8"],
    *["--optimizer", "adam", "--batch-size", "125", "--threads", "1"],
]
EPOCH_ENDED = [
    "event",
    "epoch",
    "step",
    "learning_rate",
    "optimizer",
    "train_loss",
    "train_accuracy",
    "test_loss",
    "test_accuracy",
    "gradient_norm",
    "clip_rate",
    "seconds",
    "images_per_second",
]
RUN_ENDED = [
    "event",
    "reason",
    "epochs",
    "steps",
    "test_accuracy",
    "test_correct",
    "test_total",
    "weights_sha256",
    "seconds",
    "run",
]


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, [*SMALL, *arguments], prog_name="digit-tui")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def run_saved(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, ["--batch", *arguments], prog_name="digit-tui")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def record_of(folder: Path) -> dict[str, Any]:
    """run.json"""
    return SavedRun.read(folder).record


def events_of(stdout: str) -> list[dict[str, Any]]:
    """Every line, which must be an object in strict JSON."""
    assert stdout.endswith("\n")

    def refuse(word: str) -> None:
        pytest.fail(f"{word} is no JSON")

    events = [json.loads(line, parse_constant=refuse) for line in stdout.splitlines()]
    assert all(isinstance(event["event"], str) for event in events)
    return events


posix = pytest.mark.skipif(os.name != "posix", reason="signals and pipes of POSIX")
LAUNCH = """
import signal, sys
for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # whatever the tests were started with
    ignored = name in sys.argv[1].split(",")
    default = signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
    signal.signal(getattr(signal, name), signal.SIG_IGN if ignored else default)
del sys.argv[1]
from digit_tui.cli.main import main
main()
"""


def start(
    folder: Path, *arguments: str, ignored: str = "", stdout: Any = subprocess.PIPE
) -> subprocess.Popen[str]:
    """A run of its own process that would take hours, in the folder `run`."""
    run_options = [*SMALL, "--epochs", "1000000", "--schedule", "constant"]
    return subprocess.Popen(
        [sys.executable, "-c", LAUNCH, ignored, *run_options, "--run", "run", *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def wait_for_an_epoch(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(2)]
    assert json.loads(lines[1])["event"] == "epoch_ended"
    return lines
