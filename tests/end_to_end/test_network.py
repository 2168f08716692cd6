"""Who uses the network: `data fetch`, and nobody else.

Python itself reports each use (sys.addaudithook), in the program and in its worker processes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")

WATCH = """
import os, sys
def note(event, values):
    if event.partition(".")[0] in ("socket", "urllib", "http", "ftplib", "smtplib"):
        here = event == "socket.__new__" and values[1] == 1  # AF_UNIX: asyncio's own pair
        if not here:
            with open(os.environ["NETWORK_LOG"], "a") as log:
                print(event, sys.argv[1:], file=log)
sys.addaudithook(note)
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where each use of the network is noted, of whatever is started from now on."""
    (tmp_path / "watch").mkdir()
    (tmp_path / "watch" / "sitecustomize.py").write_text(WATCH)
    path = [str(tmp_path / "watch"), str(Path(__file__).parents[2])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))
    monkeypatch.setenv("NETWORK_LOG", str(tmp_path / "network"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "network"


def used(log: Path) -> str:
    return log.read_text() if log.exists() else ""


def run(*arguments: str, status: int = 0) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "digit_tui", *arguments],
        input="mistakes 1\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == status, done.stderr


@pytest.mark.long
def test_nothing_but_a_fetch_uses_it(log: Path, tmp_path: Path) -> None:
    folder, other = str(tmp_path / "run"), str(tmp_path / "other")
    quick = ["--data", "sample", "--preset", "classic", "--hidden", "8", "--epochs", "1"]
    run("--batch", *quick, "--threads", "2", "--run", folder)
    run("--plain", *quick, "--run", other)
    run("--batch", "--replay", folder, "--run", f"{folder}-again")
    run("evaluate", folder)
    run("mistakes", folder, "--html", str(tmp_path / "page.html"))
    run("runs")
    run("runs", "compare", folder, other)
    run("data")
    run("data", "show", "--count", "1")
    run("--batch", "--data", "mnist", status=3)  # which is not here
    assert used(log) == ""
    run("data", "fetch", "--mirror", "http://127.0.0.1:9/", status=1)
    assert "socket.connect" in used(log)


@pytest.mark.long
def test_the_interface_does_not(log: Path, training: Callable[..., Any]) -> None:
    program, _ = training()
    for keys, shown in (
        ("\t", "mistakes by loss"),
        ("\t", "columns: predicted"),
        ("?", "esc Close"),
    ):
        program.send(keys)
        program.until(shown)
    program.send("\x1b")
    program.until(lambda: "esc Close" not in program.text)
    program.send("q")
    assert program.status() == 0
    assert used(log) == ""
