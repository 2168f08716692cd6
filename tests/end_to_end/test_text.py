"""Text from outside: what files and folders are called never reaches the terminal as a command."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such file names")

HOSTILE = [
    "\x1b]0;title\x07",
    "\x1b[2J",
    "\x1b[6n",
    "\x1bc",
    "\x1b]52;c;aGk=\x07",
    "\x1b[?1049l",
    "\x1bPq\x1b\\",
    "\x9b31m",
    "\x9d0;title\x9c",
    "\u202e",
    "\u2066",
    "\u200f",
    "\u2028",
    "\x08",
    "\x7f",
    "\r",
    "\n",
    "\x0e",
    "\udcff",  # a byte that is no UTF-8
    "[bold red]x[/] [@click=app.quit()]",
]
NAMES = ["".join(f"a{each}z" for each in HOSTILE[start : start + 10]) for start in (0, 10)]
"""Ten of them in each."""

SEQUENCE = re.compile(r"\x1b\][^\x07\x1b]*(\x07|\x1b\\)|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[=>78c]")
CONTROL = re.compile(
    "[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)
"""All but line ends, which the program writes itself."""

SAMPLE = Path(__file__).parents[2] / "assets" / "sample"


def assert_harmless(output: bytes, sequences: bool = False) -> None:
    """Nothing of the hostile strings is in it.

    Args:
        output: what the program wrote.
        sequences: whether it draws, and so writes control sequences of its own.
    """
    text = output.decode(errors="surrogateescape")
    for each in HOSTILE:
        if not each.isascii() or not each.isprintable():
            assert f"a{each}z" not in text
            assert f"{each}z" not in text
    if sequences:
        text = SEQUENCE.sub("", text)
    found = CONTROL.search(text)
    assert found is None, repr(text[max(found.start() - 40, 0) : found.end() + 40])


@pytest.fixture(
    params=[
        pytest.param(NAMES[0], id="sequences"),
        pytest.param(NAMES[1], id="characters", marks=pytest.mark.long),
    ]
)
def hostile(request: Any, tmp_path: Path) -> Path:
    """A folder of digits with a hostile name."""
    folder = tmp_path / "digits" / request.param
    try:
        folder.mkdir(parents=True)
    except OSError:
        pytest.skip("the file system does not take such names")
    for file in SAMPLE.glob("*ubyte*"):
        shutil.copyfile(file, folder / file.name)
    return folder


def command(home: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "digit_tui", *arguments],
        env={**os.environ, "XDG_STATE_HOME": str(home), "PYTHONUTF8": "1"},
        capture_output=True,
        check=False,
        timeout=60,
    )


@pytest.mark.long
def test_names_of_folders(terminal: Callable[..., Any], hostile: Path, tmp_path: Path) -> None:
    run = tmp_path / "digit-tui" / "runs" / hostile.name
    quick = ["--preset", "classic", "--hidden", "4", "--threads", "1", "--data", str(hostile)]
    program = terminal(
        *quick,
        "--epochs",
        "100000",
        "--run",
        str(run),
        XDG_STATE_HOME=str(tmp_path),
        size=(200, 40),
    )
    program.until(r"▶ training .* step [1-9]")
    if "[bold" in hostile.name:
        assert "[bold red]x[/]" in program.output.decode(errors="replace")
    program.send("q")
    assert program.status() == 0
    assert_harmless(program.output, sequences=True)

    # Nobody trains it: it is offered.
    program = terminal(XDG_STATE_HOME=str(tmp_path))
    program.until("The last run has not finished")
    program.send("\r")
    program.until(r"▶ training .* step [1-9]")
    program.send("q")
    assert program.status() == 0
    assert_harmless(program.output, sequences=True)

    path = str(run)
    for arguments in (
        ["runs"],
        ["runs", "show", path],
        ["runs", "compare", path, path],
        ["evaluate", path],
        ["data", "show", "--data", str(hostile), "--count", "1"],
        ["--batch", *quick, "--epochs", "1", "--run", path],  # it is there already
        ["--batch", *quick, "--epochs", "1", "--run", f"{path}-2"],
        ["--batch", "--resume", f"{path}-3"],  # no such run
        ["evaluate", f"{path}-3"],
        ["runs", "rm", "--yes", f"{path}-2"],
    ):
        done = command(tmp_path, *arguments)
        assert b"Traceback" not in done.stderr
        assert_harmless(done.stdout + done.stderr)


@pytest.mark.long
def test_names_in_errors(terminal: Callable[..., Any], hostile: Path, tmp_path: Path) -> None:
    for file in hostile.iterdir():
        file.unlink()
    (hostile / "train-images-idx3-ubyte").write_bytes(b"no digits")
    program = terminal("--data", str(hostile), XDG_STATE_HOME=str(tmp_path))
    assert program.status() == 3
    assert_harmless(program.output, sequences=True)
    for arguments in (["--batch"], ["data", "show"], ["--plain"]):
        done = command(tmp_path, *arguments, "--data", str(hostile))
        assert done.returncode
        assert b"Traceback" not in done.stderr
        assert_harmless(done.stdout + done.stderr)


@pytest.mark.long
def test_options_are_told_harmlessly(tmp_path: Path) -> None:
    for name in NAMES:
        name = name.replace("\udcff", "")
        for arguments in (["--optimizer", name], ["--fork", name, "--fork-at", "1"], [name]):
            done = command(tmp_path, "--batch", *arguments)
            assert done.returncode == 2
            assert_harmless(done.stderr)
