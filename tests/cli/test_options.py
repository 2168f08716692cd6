"""The options of a run: their variables, values and combinations."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.core import ParameterSource
from support.cli import VALUES, Program, long_flag, the_error
from support.rarely import rarely
from support.workers import needs_workers

from digit_tui.cli.main import cli
from digit_tui.cli.options import RUN_OPTIONS, make_config


def test_the_documented_options_are_those_that_are_here() -> None:
    options = {long_flag(option) for option in cli.params}
    here = {
        "--version",
        "--help",
        "--batch",
        "--plain",
        "--fps",
        "--theme",
        "--no-tips",
        "--notify",
        "--no-config",
    }  # no options of a run
    assert options - here == set(VALUES)


@pytest.mark.parametrize("flag", VALUES)
def test_every_option_has_its_variable(flag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, value = VALUES[flag]
    name = "DIGIT_TUI_" + flag.removeprefix("--").replace("-", "_").upper()
    monkeypatch.setenv(name, text)
    context = cli.make_context("digit-tui", ["--batch"])
    (option,) = (option for option in cli.params if long_flag(option) == flag)
    assert option.name is not None
    assert context.get_parameter_source(option.name) is ParameterSource.ENVIRONMENT
    assert context.params[option.name] == value


def test_an_option_wins_over_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGIT_TUI_LR", "0.25")
    assert cli.make_context("digit-tui", ["--lr", "0.5"]).params["learning_rate"] == 0.5


OF_THE_PROGRAM = {"--run", "--resume", "--replay", "--fork-at", "--fork", "--json"}
DISTILLATION = {"--teacher", "--distill-temperature", "--distill-weight"}
NO_CONFIG = OF_THE_PROGRAM | DISTILLATION | {"--target-accuracy"}
CONFIG_FLAGS = [flag for flag in VALUES if flag not in NO_CONFIG]


@pytest.mark.parametrize("flag", CONFIG_FLAGS)
def test_every_option_of_the_run_reaches_it(flag: str) -> None:
    text, value = VALUES[flag]
    arguments = ["--no-average"] if flag == "--average" else [flag, text]
    context = cli.make_context("digit-tui", arguments)
    names = [option(lambda: None).__click_params__[0].name for option in RUN_OPTIONS]
    options = {name: context.params[name] for name in names}
    preset = options.pop("preset")
    config = make_config(preset, options)
    (option,) = (option for option in cli.params if long_flag(option) == flag)
    assert getattr(config, str(option.name)) == value


BAD = [
    ("--preset", "fast"),
    ("--hidden", "a,b"),
    ("--hidden", "8,,4"),
    ("--hidden", "0"),
    ("--optimizer", "tiger"),
    ("--lr", "fast"),
    ("--lr", "0"),
    ("--lr", "nan"),
    ("--schedule", "steps"),
    ("--batch-size", "0"),
    ("--batch-size", "1.5"),
    ("--epochs", "-1"),
    ("--weight-decay", "-1"),
    ("--clip-norm", "0"),
    ("--clip-value", "inf"),
    ("--augment", "flip"),
    ("--side", "1"),
    ("--seed", "-1"),
    ("--threads", "0"),
    ("--target-accuracy", "98"),
    ("--fork-at", "-1"),
    ("--fork", "sgd"),
    ("--fork", "lion=1"),
    ("--fork", "lr=fast"),
]


@pytest.mark.parametrize(("flag", "value"), BAD)
def test_a_bad_option_is_named(flag: str, value: str, program: Program) -> None:
    assert flag in the_error(program("--batch", flag, value))


@pytest.mark.parametrize(("flag", "value"), BAD)
def test_a_bad_variable_is_an_option_that_is_bad(
    flag: str, value: str, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGIT_TUI_" + flag[2:].replace("-", "_").upper(), value)
    assert flag in the_error(program("--batch"))


def test_two_ways_of_clipping_are_one_too_many(program: Program) -> None:
    error = the_error(program("--batch", "--clip-norm", "1", "--clip-value", "1"))
    assert "--clip-value: clip by norm or by value" in error


@pytest.mark.parametrize("arguments", [["--json"], ["--target-accuracy", "0.5"]], ids=str)
def test_batch_options_need_batch(arguments: list[str], program: Program) -> None:
    assert "--batch" in the_error(program(*arguments))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--replay", "x"], "--replay needs --batch; to watch, use digit-tui replay"),
        (["--fork-at", "3", "--fork", "lr=1"], "--fork needs --batch"),
        (["--batch", "--fork", "lr=1"], "--fork-at and --fork need each other"),
        (["--batch", "--fork-at", "3"], "--fork-at and --fork need each other"),
        (["--batch", "--fork-at", "3", "--fork", ""], "--fork.* '' is not NAME=VALUE"),
        (["--batch", "--resume", "x", "--replay", "x"], "--resume .* without --replay"),
        (["--batch", "--resume", "x", "--run", "y"], "--resume .* without --run"),
    ],
    ids=str,
)
def test_options_that_do_not_go_together(
    arguments: list[str], words: str, program: Program
) -> None:
    assert re.search(words, the_error(program(*arguments)))


@pytest.mark.parametrize("flag", ["--resume", "--replay"])
def test_a_saved_run_keeps_its_settings(
    flag: str, finished: tuple[Path, dict[str, Any]], program: Program, tmp_path: Path
) -> None:
    run = ["--batch", flag, str(finished[0])]
    others = {"--seed": "1", "--hidden": "5", "--epochs": "3", "--preset": "record", "--lr": "0.1"}
    for other, value in others.items():
        error = the_error(program(*run, other, value))
        assert f"{flag}: the run has {other} " in error
        live = flag == "--resume" and other in ("--epochs", "--lr")
        assert ("leave it out: set it when the run is open" in error) == live
        assert "leave it out" in error
    assert "the run has --sam off, not 0.05" in the_error(program(*run, "--sam", "0.05"))


TWO_PROCESSES = ["--batch", "--json", "--data", "sample", "--side", "8", "--hidden", "8"]
TWO_PROCESSES += ["--threads", "2"]


@needs_workers
@pytest.mark.parametrize("flag", ["--resume", *rarely("--replay")])
def test_a_saved_run_takes_another_number_of_threads(
    flag: str, program: Program, tmp_path: Path
) -> None:
    """As processes: the results are those of the number that it was begun with."""
    begin = [*TWO_PROCESSES, "--seed", "3", "--epochs"]
    whole = program(*begin, "2", "--run", str(tmp_path / "whole"))
    first = ["--batch", "--replay", str(tmp_path / "whole")]
    if flag == "--resume":
        ended = program(*begin, "2", "--run", str(tmp_path / "part"))
        (tmp_path / "part" / "checkpoint.npz").unlink()  # all is trained again
        first = ["--batch", "--resume", str(tmp_path / "part")]
    for threads, words in ("1", ""), ("3", "are divided among 2, and cannot use more"):
        ended = program(*first, "--json", "--threads", threads)
        assert ended.exit_code == 0, ended.stderr
        assert words in ended.stderr
        assert sum_of(ended.stdout) == sum_of(whole.stdout)
    assert "--threads: 0 is not" in the_error(program(*first, "--threads", "0"))


def sum_of(lines: str) -> str:
    return str(json.loads(lines.splitlines()[-1])["weights_sha256"])


@pytest.mark.parametrize("flag", ["--resume", "--replay"])
def test_a_run_that_is_none_is_no_run(flag: str, program: Program, tmp_path: Path) -> None:
    ended = program("--batch", flag, str(tmp_path))
    assert (ended.exit_code, ended.stdout) == (3, "")
    assert ended.stderr == f"digit-tui: {tmp_path} is no run of digit-tui: it has no run.json\n"


@needs_workers
def test_few_threads_are_not_said_to_be_slow(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those are meant that a saved run is resumed with, not those that it was begun with."""
    begin = [*TWO_PROCESSES, "--epochs", "1"]
    program(*begin, "--run", str(tmp_path / "run"))
    monkeypatch.setattr("digit_tui.cli.options.available_processors", lambda: 1)
    replay = ["--batch", "--json", "--replay", str(tmp_path / "run"), "--threads"]
    assert "slower" not in program(*replay, "1").stderr
    assert "slower" in program(*replay, "2").stderr
