from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import pytest
from click.core import ParameterSource
from click.testing import CliRunner, Result

from digit_tui import __version__
from digit_tui.cli import terminal as terminal_module
from digit_tui.cli.main import cli, main
from digit_tui.cli.options import RUN_OPTIONS, make_config
from digit_tui.cli.terminal import no_terminal
from digit_tui.data import write_idx
from digit_tui.run.commands import SetClipping, SetOptimizer
from digit_tui.training import saving

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


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    """The whole program, from the entry point on."""

    def start(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["digit-tui", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        return Ended(int(caught.value.code or 0), *capsys.readouterr())

    return start


def long_flag(option: click.Parameter) -> str:
    return max(option.opts, key=len)


# Options

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
    "--augment": ("affine", "affine"),
    "--average": ("false", False),
    "--validation": ("500", 500),
    "--side": ("25", 25),
    "--seed": ("7", 7),
    "--threads": ("2", 2),
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


def test_the_documented_options_are_those_that_are_here() -> None:
    options = {long_flag(option) for option in cli.params}
    here = {"--version", "--help", "--batch", "--plain", "--fps"}  # no options of a run
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
CONFIG_FLAGS = [flag for flag in VALUES if flag not in OF_THE_PROGRAM | {"--target-accuracy"}]


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
    ("--optimizer", "lion"),
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


def the_error(ended: Ended) -> str:
    """The one line that says what is wrong."""
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("digit-tui: ")
    assert ended.stderr.endswith("\n")
    (line,) = ended.stderr.splitlines()
    return line


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
        assert "leave it out" in error


@pytest.mark.parametrize("flag", ["--resume", "--replay"])
def test_a_run_that_is_none_is_no_run(flag: str, program: Program, tmp_path: Path) -> None:
    ended = program("--batch", flag, str(tmp_path))
    assert (ended.exit_code, ended.stdout) == (3, "")
    assert ended.stderr == f"digit-tui: {tmp_path} is no run of digit-tui: it has no run.json\n"


@pytest.mark.parametrize("arguments", [["--no-such"], ["nonsense"], ["evaluate"]], ids=str)
def test_what_is_not_understood_is_a_usage_error(arguments: list[str], program: Program) -> None:
    the_error(program(*arguments))


def test_an_interrupted_evaluation_is_ended_by_its_signal(
    finished: tuple[Path, dict[str, Any]], program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("digit_tui.storage.saved_run.SavedRun.read", interrupted)
    ended = program("evaluate", str(finished[0]))
    assert (ended.exit_code, ended.stdout) == (130, "")
    assert "Traceback" not in ended.stderr


def test_version_and_help() -> None:
    assert run("--version").stdout == f"digit-tui, version {__version__}\n"
    assert run("--help").stdout == run("-h").stdout
    assert all(flag in run("--help").stdout for flag in VALUES)


# The terminal


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


# Text from outside

ESCAPE = "x\x1b]0;owned\x07\x9b31m"


def unsafe(text: str) -> set[str]:
    return {character for character in text if ord(character) < 32 or 127 <= ord(character) < 160}


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


# Data


def test_data_lists_what_is_here() -> None:
    result = run("data")
    assert result.exit_code == 0
    here, absent = result.stdout.splitlines()
    assert here.startswith("sample")
    assert "4,000 training and 1,000 test" in here
    assert absent.startswith("mnist")
    assert "digit-tui data fetch" in absent


def test_data_show_draws_digits_with_their_labels(
    sample: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    arguments = ["data", "show", "--data", "sample", "--count", "3", "--index", "5"]
    result = run(*arguments, "--set", "test")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert len(lines) == 2 * (1 + 14 + 1)  # two beside each other, then the third
    assert max(map(len, lines)) <= 80
    captions = [lines[0].split("  "), lines[16].split("  ")]
    found = [[word.strip() for word in caption if word.strip()] for caption in captions]
    labels = [int(label) for label in sample.test_labels[5:8]]
    assert found == [
        ["#5", f"label {labels[0]}", "#6", f"label {labels[1]}"],
        ["#7", f"label {labels[2]}"],
    ]
    for drawing in (lines[1:15], lines[17:31]):
        assert sum(bool(line.strip()) for line in drawing) >= 7  # a digit is 20 of 28 pixels high
    assert run(*arguments).stdout != result.stdout  # the training images


def test_data_show_stops_at_the_last_digit() -> None:
    result = run("data", "show", "--data", "sample", "--index", "3999", "--count", "5")
    assert result.exit_code == 0
    assert result.stdout.count("label") == 1


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        (["--data", "sample", "--index", "4000"], 2, "--index"),
        (["--data", "sample", "--count", "0"], 2, "--count"),
        (["--data", "no-such-folder"], 3, "no-such-folder"),
        (["--data", "mnist"], 3, "data fetch"),
    ],
)
def test_data_show_says_why_it_cannot(arguments: list[str], status: int, word: str) -> None:
    result = run("data", "show", *arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert word in result.stderr


# Evaluate


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A run of two epochs, the first of which was saved too, and its last event."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(saving, "SAVE_SHARE", 0.0)  # only what has cost nothing so far
        result = run(*SMALL, "--epochs", "2", "--json", "--run", str(folder))
    assert result.exit_code == 0
    return folder, json.loads(result.stdout.splitlines()[-1])


def other_digits(folder: Path, classes: int) -> Path:
    """Four IDX files of noise."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for split, count in (("train", 50), ("t10k", 30)):
        images = generator.integers(0, 256, (count, 28, 28), np.uint8)
        write_idx(folder / f"{split}-images-idx3-ubyte.gz", images)
        labels = np.arange(count, dtype=np.uint8) % classes
        write_idx(folder / f"{split}-labels-idx1-ubyte.gz", labels)
    return folder


def test_evaluate_finds_what_the_run_found(finished: tuple[Path, dict[str, Any]]) -> None:
    folder, ended = finished
    result = run("evaluate", str(folder), "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    found = json.loads(result.stdout)
    assert list(found) == [
        "step",
        "test_accuracy",
        "test_correct",
        "test_total",
        "test_loss",
        "confusion",
    ]
    assert found["step"] == ended["steps"]
    for name in ("test_accuracy", "test_correct", "test_total"):
        assert found[name] == ended[name]
    confusion = np.array(found["confusion"])
    assert confusion.sum(axis=1).tolist() == [100] * 10
    assert confusion.trace() == ended["test_correct"]


def test_evaluate_for_people(finished: tuple[Path, dict[str, Any]]) -> None:
    folder, ended = finished
    result = run("evaluate", str(folder))
    assert result.exit_code == 0
    assert f"{ended['test_accuracy']:.2%}" in result.stdout
    assert "Confusion" in result.stdout
    assert "sample" in result.stdout


def test_evaluate_on_other_digits(finished: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    few = other_digits(tmp_path / "few", classes=3)
    found = json.loads(run("evaluate", str(finished[0]), "--data", str(few), "--json").stdout)
    assert found["test_total"] == 30
    assert np.array(found["confusion"]).shape == (10, 10)
    many = other_digits(tmp_path / "many", classes=11)
    result = run("evaluate", str(finished[0]), "--data", str(many))
    assert result.exit_code == 3
    assert "11 classes" in result.stderr


def test_evaluate_measures_on_the_digits_the_run_was_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # `auto` was the sample then; meanwhile full MNIST was fetched.
    monkeypatch.setattr("digit_tui.data.sources.user_cache_path", lambda *_, **__: tmp_path)
    auto = ["auto" if word == "sample" else word for word in SMALL]
    ran = run(*auto, "--json", "--run", str(tmp_path / "run"))
    ended = json.loads(ran.stdout.splitlines()[-1])
    assert ended["test_total"] == 1000
    other_digits(tmp_path / "mnist", classes=10)
    found = json.loads(run("evaluate", str(tmp_path / "run"), "--json").stdout)
    assert (found["test_total"], found["test_correct"]) == (1000, ended["test_correct"])


@pytest.mark.parametrize("damage", ["run.json", "checkpoint.npz", "both", "folder", "truncated"])
def test_evaluate_refuses_what_is_damaged(
    damage: str, finished: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    if damage != "folder":
        folder.mkdir()
        checkpoint = (finished[0] / "checkpoint.npz").read_bytes()
        if damage in ("run.json", "truncated"):
            cut = len(checkpoint) // 2 if damage == "truncated" else len(checkpoint)
            (folder / "checkpoint.npz").write_bytes(checkpoint[:cut])
        if damage in ("checkpoint.npz", "truncated"):
            (folder / "run.json").write_bytes((finished[0] / "run.json").read_bytes())
    result = run("evaluate", str(folder), "--json")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("digit-tui: ")
    assert result.stderr.count("\n") == 1
    assert str(folder) in result.stderr


def test_evaluate_takes_the_checkpoint_before_a_damaged_one(
    finished: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished[0], folder)
    (folder / "checkpoint.npz").write_bytes(b"damaged")
    result = run("evaluate", str(folder), "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["step"] > 0
    assert result.stderr == (
        f"digit-tui: {folder / 'checkpoint.npz'} is damaged: its checksum is wrong\n"
    )


def test_evaluate_takes_the_best_checkpoint_if_asked(
    finished: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished[0], folder)
    shutil.copy(folder / "previous.npz", folder / "best.npz")
    last, best = (
        json.loads(run("evaluate", str(folder), "--json", *option).stdout)
        for option in ([], ["--best"])
    )
    assert (last["step"], best["step"]) == (finished[1]["steps"], finished[1]["steps"] // 2)
    (folder / "best.npz").unlink()
    result = run("evaluate", str(folder), "--best")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.count("\n") == 1
    assert "best.npz" in result.stderr


def test_evaluate_says_nothing_that_is_no_json(tmp_path: Path) -> None:
    # The weights of a run that diverged are finite; what they make of digits may not be.
    folder = tmp_path / "run"
    assert run(*SMALL, "--optimizer", "sgd", "--lr", "1e30", "--run", str(folder)).exit_code == 4
    result = run("evaluate", str(folder), "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))
    assert found["test_total"] == 1000


# What the disk says while data is fetched is tests/data's; here only the statuses.


def test_fetch_reports_the_disk_as_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), ESCAPE)

    monkeypatch.setattr("digit_tui.cli.data.fetch_mnist", full)
    result = run("data", "fetch")
    assert (result.exit_code, result.stdout) == (74, "")
    assert os.strerror(errno.ENOSPC) in result.stderr
    assert unsafe(result.stderr) == {"\n"}


def test_an_interrupted_fetch_is_ended_by_its_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(progress: Any, **_: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        while True:
            progress("digits", 0, 1)

    monkeypatch.setattr("digit_tui.cli.data.fetch_mnist", endless)
    # Who starts the tests in the background of a script has them ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        result = run("data", "fetch")
    finally:
        signal.signal(signal.SIGINT, before)
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr.startswith("digit-tui: interrupted")
