"""--notify in each front end."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from support.cli import SMALL
from support.cli import run as call


def writes(path: Path, status: int = 0) -> str:
    """A command that adds the name of the event to a file."""
    code = (
        f"import os, sys; open({str(path)!r}, 'a').write(os.environ['DIGIT_TUI_EVENT'] + ' '); "
        f"sys.exit({status})"
    )
    return f'"{sys.executable}" -c "{code}"'


def test_batch_runs_the_command_and_goes_by_its_own_status(tmp_path: Path) -> None:
    out, run = tmp_path / "out", ["--run", str(tmp_path / "run")]
    done = call(*SMALL, *run, "--json", "--notify", writes(out, 3), "--target-accuracy", "0.01")
    assert done.exit_code == 0
    assert sorted(out.read_text().split()) == ["ended", "target"]
    assert done.stderr.count(f"--notify: {sys.executable} ended with status 3\n") == 2
    assert json.loads(done.stdout.splitlines()[-1])["event"] == "run_ended"
    assert "\a" not in done.stdout + done.stderr


def test_batch_tells_that_a_run_cannot_go_on(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = call("--batch", "--data", str(tmp_path), "--notify", writes(out))
    assert done.exit_code == 3
    assert out.read_text() == "failed "


def test_a_diverged_run_is_told(tmp_path: Path) -> None:
    out, run = tmp_path / "out", ["--run", str(tmp_path / "run")]
    wild = ["--optimizer", "sgd", "--lr", "1e30"]
    done = call(*SMALL, *run, *wild, "--notify", writes(out))
    assert done.exit_code == 4
    assert out.read_text() == "diverged "
