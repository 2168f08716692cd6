"""The line-by-line mode on a simple terminal."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.plain_program import LONG, OPTIONS, state_of

from digit_tui.storage.saved_run import SavedRun

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")


@pytest.fixture
def dumb(terminal: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Starts it on a terminal that can do nothing but write lines."""

    def start(*arguments: str, **settings: Any) -> Any:
        run = ["--run", str(tmp_path / "run")]
        return terminal(*OPTIONS, *run, *arguments, TERM="dumb", **settings)

    return start


def said(program: Any) -> str:
    """All that was written since the last line was typed."""
    return str(program.output[program.mark :].decode().replace("\r\n", "\n"))


def expect(program: Any, pattern: str) -> None:
    program.until(lambda: re.search(pattern, said(program), re.MULTILINE))


def type_in(program: Any, line: str) -> None:
    program.mark = program.bytes_read
    program.send(line)


@pytest.fixture
def talking(dumb: Callable[..., Any]) -> Any:
    program = dumb(*LONG)
    program.mark = 0
    expect(program, "^type help for the commands, quit to save and leave$")
    expect(program, r"^(> \n)?epoch 1: test \d\d\.\d\d%, loss \d\.\d{4}\n> $")
    return program


def test_a_conversation_on_a_simple_terminal(talking: Any, tmp_path: Path) -> None:
    program = talking
    type_in(program, "pause\n")
    expect(program, r"^paused at epoch [\d.]+ of 1000000, step [\d,]+: test .*\n> $")
    type_in(program, "step 2\n")
    expect(program, r"^paused after 2 batches at epoch .*\n( .*\n)?> $")
    type_in(program, "opt mom 0.05\n")
    expect(program, "optimizer adam → momentum\n(.*\n)*> $")
    type_in(program, "rate up\n")
    expect(program, "^rate: 'up' is not a positive number .*\n> $")
    type_in(program, "go\n")
    expect(program, "^training resumed\n(.*\n)*> ")
    type_in(program, "verbose on\n")
    expect(program, r"^epoch (\d+): .*\n(> \n)?epoch \d+: ")
    type_in(program, "verbose off\n")
    # What is typed while an epoch is told is echoed within its line, and a prompt comes after.
    expect(program, "^(> )?reporting an epoch every 5 seconds$")
    type_in(program, "wait\n")
    type_in(program, "status\n")  # nobody who types waits
    expect(program, r"^training at epoch .*\nsample, 784-8-10, momentum, rate 0\.05, shift$")
    type_in(program, "quit\n")
    assert program.status() == 0
    assert program.attributes() == program.attributes_before
    assert b"\x1b" not in program.output
    folder = tmp_path / "run"
    assert f"Resume it with: digit-tui --plain --resume {folder}\n" in said(program)
    assert SavedRun.read(folder).checkpoint().state.settings.optimizer == "momentum"


@pytest.mark.long
def test_ctrl_c_on_a_terminal(talking: Any, tmp_path: Path) -> None:
    program = talking
    type_in(program, "wait\n")
    type_in(program, "\x03")  # which may be noticed before the line is
    expect(program, r"^ctrl[+]c again saves and leaves, go continues training\n(.*\n)*> $")
    assert re.search("^paused at epoch ", said(program), re.MULTILINE)
    type_in(program, "go\n")  # it counts anew
    expect(program, "^training resumed\n(.*\n)*> ")
    type_in(program, "\x03")
    expect(program, "^ctrl[+]c again saves and leaves, go continues training\n> $")
    type_in(program, "\x03")
    assert program.status() == 130
    assert "Saved step " in said(program)
    assert state_of(tmp_path / "run") == "interrupted"


def test_ctrl_d_on_a_terminal(talking: Any, tmp_path: Path) -> None:
    type_in(talking, "\x04")
    assert talking.status() == 0
    assert re.match(r"\nSaved step [\d,]+ in .*\nResume it with: ", said(talking))
    assert state_of(tmp_path / "run") == "stopped"


@pytest.mark.long
def test_a_run_that_is_done_stays_at_the_prompt(dumb: Callable[..., Any]) -> None:
    program = dumb("--epochs", "1")
    program.mark = 0
    expect(program, "^all epochs are done: epochs 10 adds ten, quit leaves\n> $")
    type_in(program, "epochs 1\n")
    expect(program, "epochs 1 → 2 .*\ntraining resumed\n(.*\n)*all epochs are done: .*\n> $")
    type_in(program, "quit\n")
    assert program.status() == 0
    assert "Go on" not in said(program)


def test_a_dropped_connection_saves_and_ends_the_program(talking: Any, tmp_path: Path) -> None:
    talking.hang_up()
    talking.process.wait(timeout=15)
    assert state_of(tmp_path / "run") == "interrupted"
    assert SavedRun.read(tmp_path / "run").checkpoint().state.step > 0


@pytest.mark.long
def test_lines_from_a_terminal_into_a_pipe_have_no_prompt(
    dumb: Callable[..., Any], tmp_path: Path
) -> None:
    with open(tmp_path / "out", "wb") as out:
        program = dumb(*LONG, stdout=out)
    program.until(lambda: b"epoch 1:" in (tmp_path / "out").read_bytes())
    program.send("quit\n")
    assert program.status() == 0
    assert ">" not in (tmp_path / "out").read_text()
