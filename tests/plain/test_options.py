"""The command line of the line-by-line mode."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from digit_tui import plain as plain_package
from digit_tui.cli.main import cli
from digit_tui.config import RunConfig
from digit_tui.plain import run_plain as run_plain_function
from digit_tui.storage.run_files import runs_folder
from digit_tui.training.run_request import RunRequest


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, arguments, prog_name="digit-tui")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, RunRequest]]:
    """What would be started, instead of starting it."""
    started: list[tuple[str, RunRequest]] = []

    def plain(request: RunRequest, *_: Any) -> int:
        started.append(("plain", request))
        return 0

    def batch(request: RunRequest, *_: Any) -> int:
        started.append(("batch", request))
        return 0

    monkeypatch.setattr("digit_tui.plain.run_plain", plain)
    monkeypatch.setattr("digit_tui.batch.run_batch", batch)
    return started


def test_the_options_of_a_run_are_for_this_mode_too(
    opened: list[tuple[str, RunRequest]], tmp_path: Path
) -> None:
    assert run("--plain", "--seed", "7", "--run", str(tmp_path / "x")).exit_code == 0
    ((mode, request),) = opened
    assert (mode, request.config.seed, request.folder) == ("plain", 7, tmp_path / "x")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--plain", "--batch"], "--batch or --plain, not both"),
        (["--plain", "--json"], "--json needs --batch"),
        (["--plain", "--replay", "x"], "--replay needs --batch"),
        (["--plain", "--target-accuracy", "0.5"], "--target-accuracy needs --batch"),
    ],
    ids=str,
)
def test_what_does_not_go_together(
    arguments: list[str], words: str, opened: list[tuple[str, RunRequest]]
) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert opened == []


def test_somebody_may_want_lines_always(
    opened: list[tuple[str, RunRequest]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGIT_TUI_PLAIN", "1")
    assert run().exit_code == 0
    assert run("--batch").exit_code == 0  # what is written wins
    monkeypatch.setenv("DIGIT_TUI_BATCH", "1")
    assert run("--plain").exit_code == 0
    assert run().exit_code == 2
    assert [mode for mode, _ in opened] == ["plain", "batch", "plain"]


def test_without_a_terminal_this_mode_is_named() -> None:
    result = run()
    assert result.exit_code == 2
    assert "--batch, or --plain" in result.stderr


def test_it_is_the_front_end_that_the_command_line_starts() -> None:
    from digit_tui import plain

    assert plain.run_plain is run_plain_function


@pytest.mark.parametrize("typed", [True, False])
@pytest.mark.parametrize("asked", [{"seed": 3}, None])
def test_a_person_is_told_how_to_go_on_with_the_last_run(
    typed: bool,
    asked: dict[str, object] | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A script gets what it asks for, without a word."""

    def session(*_: Any, **__: Any) -> Any:
        return SimpleNamespace(signals=nullcontext(), converse=lambda: None, close=lambda: 0)

    def last(options: dict[str, object]) -> Any:
        assert options == asked
        return SimpleNamespace(path=runs_folder() / "one run")

    monkeypatch.setattr(plain_package, "Session", session)
    monkeypatch.setattr(plain_package, "is_terminal", lambda _: typed)
    monkeypatch.setattr(plain_package, "last_interrupted", last)
    assert plain_package.run_plain(RunRequest(RunConfig()), asked) == 0
    told = "the last run has not finished: digit-tui --plain --resume 'one run' goes on with it\n"
    assert capsys.readouterr().out == told * (typed and asked is not None)
