"""The entry point: usage errors, terminals, hostile names."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from support.cli import ESCAPE, SMALL, VALUES, Program, run, the_error, unsafe

from digit_tui import __version__
from digit_tui.cli import terminal as terminal_module
from digit_tui.cli.terminal import no_terminal


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("--no-such", "(see digit-tui --help)"),
        ("--optimiser sgd", "Did you mean '--optimizer'? (see digit-tui --help)"),
        ("nonsense", "(see digit-tui --help)"),
        ("trian", "To train, write digit-tui or digit-tui --batch. (see digit-tui --help)"),
        ("help", "Did you mean '--help'? (see digit-tui --help)"),
        ("runs last", "To show a run, write digit-tui runs show last. (see digit-tui runs --help)"),
        ("runs remove x", "Did you mean 'rm'? (see digit-tui runs --help)"),
        ("--seed x", "'x' is not a whole number. (see digit-tui --help)"),
        ("--target-accuracy x", "'x' is not a number. (see digit-tui --help)"),
        ("evaluate", "(see digit-tui evaluate --help)"),
        ("report last --html", "requires an argument. (see digit-tui report --help)"),
        ("runs compare a --data", "requires an argument. (see digit-tui runs compare --help)"),
        ("runs --json=1", "(see digit-tui runs --help)"),
        ("sweep --trials", "(see digit-tui sweep --help)"),
        ("sweep show x --storage", "(see digit-tui sweep show --help)"),
        ("data mine --yes", "--yes is for --remove only (see digit-tui data mine --help)"),
        ("calibrate last --folds 9", "(see digit-tui calibrate --help)"),
        ("inspect last --unit abc", "'abc' is not a whole number. (see digit-tui inspect --help)"),
    ],
)
def test_what_is_not_understood_is_a_usage_error(line: str, told: str, program: Program) -> None:
    assert the_error(program(*line.split())).endswith(told)


def test_version_and_help() -> None:
    assert run("--version").stdout == f"digit-tui, version {__version__}\n"
    assert run("--help").stdout == run("-h").stdout
    assert all(flag in run("--help").stdout for flag in VALUES)


def test_without_a_terminal_one_line_names_batch() -> None:
    result = run()
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("digit-tui: ")
    assert result.stderr.count("\n") == 1
    assert "--batch" in result.stderr


class Stream:
    closed = False

    def __init__(self, terminal: bool) -> None:
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize(
    ("stdin", "stderr", "term", "trouble"),
    [
        (True, True, "xterm-256color", None),
        (False, True, "xterm-256color", "standard input"),
        (True, False, "xterm-256color", "standard error"),
        (None, True, "xterm-256color", "standard input"),
        (True, True, "dumb", "TERM=dumb"),
        (True, True, "", "TERM="),
        (True, True, None, "TERM="),
    ],
)
def test_what_counts_as_a_terminal(
    stdin: bool | None,
    stderr: bool,
    term: str | None,
    trouble: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(terminal_module.sys, "platform", "linux")
    monkeypatch.setattr(terminal_module.sys, "stdin", None if stdin is None else Stream(stdin))
    monkeypatch.setattr(terminal_module.sys, "stderr", Stream(stderr))
    if term is None:
        monkeypatch.delenv("TERM", raising=False)
    else:
        monkeypatch.setenv("TERM", term)
    found = no_terminal()
    assert found is None if trouble is None else trouble in str(found)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_control_characters_in_names_do_not_reach_the_terminal(
    tmp_path: Path, program: Program
) -> None:
    (tmp_path / ESCAPE).write_text("a file")
    folder = tmp_path / f"run{ESCAPE}"
    taken = tmp_path / f"taken{ESCAPE}"
    taken.mkdir()
    (taken / "run.json").write_text("{")
    bad_data = tmp_path / f"data{ESCAPE}"
    bad_data.mkdir()
    results = [
        (0, program(*SMALL, "--run", str(folder))),
        (2, program(*SMALL, "--run", str(taken))),
        (74, program(*SMALL, "--run", str(tmp_path / ESCAPE / "run"))),
        (2, program(*SMALL, "--run", str(tmp_path / ESCAPE))),
        (3, program("--batch", "--data", ESCAPE)),
        (3, program("--batch", "--data", str(bad_data))),
        (2, program("--batch", "--optimizer", ESCAPE)),
        (2, program("--batch", "--hidden", ESCAPE)),
        (2, program("--batch", "--lr", ESCAPE)),
        (3, program("evaluate", ESCAPE)),
        (3, program("evaluate", str(taken))),
        (3, program("evaluate", str(folder), "--data", ESCAPE)),
        (3, program("data", "show", "--data", ESCAPE)),
        (2, program(f"--{ESCAPE}")),
        (2, program(ESCAPE)),
    ]
    for status, result in results:
        assert result.exit_code == status, result.stderr
        assert unsafe(result.stdout) | unsafe(result.stderr) <= {"\n"}
    listed = json.loads(run("evaluate", str(folder), "--json").stdout)
    assert listed["test_total"] == 1000


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        ([], {}),
        (["--seed", "3", "--hidden", "8,4"], {"seed": 3, "hidden": (8, 4)}),
        (["--preset", "classic", "--no-average"], {"preset": "classic", "average": False}),
        (["--data", "digits"], {"data": os.path.abspath("digits")}),
        (["--fps", "3"], {}),
        (["--run", "somewhere"], None),
    ],
    ids=str,
)
def test_the_last_run_is_offered_where_it_has_what_was_asked_for(
    arguments: list[str],
    asked: dict[str, object] | None,
    program: Program,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it must have; see `last_interrupted`. None offers none."""
    got: list[object] = []

    def run_tui(request: object, asked: object, *options: object) -> int:
        got.append(asked)
        return 0

    monkeypatch.setattr("digit_tui.cli.main.require_terminal", lambda: None)
    monkeypatch.setattr("digit_tui.tui.run_tui", run_tui)
    monkeypatch.setenv("DIGIT_TUI_BATCH_SIZE", "64")  # does not matter
    assert program(*arguments).exit_code == 0
    assert got == [asked]
