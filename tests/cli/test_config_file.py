"""config.toml: what it may say, what wins over it, and what is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.cli import SMALL, Program, the_error

from digit_tui.cli.config_file import INTERFACE
from digit_tui.cli.main import cli
from digit_tui.cli.options import RUN_FIELDS
from digit_tui.config import flag_of
from digit_tui.storage.run_files import config_file

EVERYTHING: dict[str, tuple[str, Any]] = {
    "data": ('"sample"', "sample"),
    "preset": ('"classic"', "classic"),
    "hidden": ("[20, 10]", [20, 10]),
    "optimizer": ('"sgd"', "sgd"),
    "lr": ("0.25", 0.25),
    "schedule": ('"constant"', "constant"),
    "batch-size": ("64", 64),
    "epochs": ("3", 3),
    "weight-decay": ("0.5", 0.5),
    "clip-norm": ("1", 1.0),
    "sam": ("0.05", 0.05),
    "augment": ('"affine"', "affine"),
    "elastic": ("0.5", 0.5),
    "average": ("false", False),
    "validation": ("500", 500),
    "side": ("25", 25),
    "seed": ("7", 7),
    "threads": ("1", 1),
    "plain": ("true", True),
    "theme": ('"light"', "light"),
    "fps": ("4", 4.0),
    "notify": ('"bell"', "bell"),
    "no-tips": ("true", True),
}


@pytest.fixture
def file() -> Iterator[Path]:
    """The user's file, which is not there yet."""
    path = config_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    yield path
    path.unlink(missing_ok=True)


def in_force(program: Program, *arguments: str) -> dict[str, tuple[Any, str, str | None]]:
    told = json.loads(program(*arguments, "config", "--json").stdout)
    return {
        each["option"]: (each["value"], each["source"], each["where"]) for each in told["options"]
    }


def test_every_option_can_be_in_the_file(program: Program, file: Path) -> None:
    known = [flag_of(name) for name in (*RUN_FIELDS, *INTERFACE) if name != "clip_value"]
    assert set(known) == set(EVERYTHING)
    file.write_text("".join(f"{name} = {text}\n" for name, (text, _) in EVERYTHING.items()))
    found = in_force(program)
    for line, (name, (_, value)) in enumerate(EVERYTHING.items(), 1):
        assert found[name] == (value, "config.toml", f"{file}:{line}")
    for name in EVERYTHING:
        assert in_force(program, "--no-config")[name][1] in ("default", "preset")


def test_sam_can_be_off(program: Program, file: Path) -> None:
    file.write_text('sam = "off"\n')
    assert in_force(program)["sam"] == (0.0, "config.toml", f"{file}:1")
    assert re.search(r"^sam +off ", program("config").stdout, re.MULTILINE)


def test_clipping_can_be_off(program: Program, file: Path) -> None:
    file.write_text('clip-norm = "off"\n')
    assert in_force(program)["clip-norm"] == (None, "config.toml", f"{file}:1")
    file.write_text("clip-norm = 2\n")
    assert in_force(program, "--clip-norm", "off")["clip-norm"] == (None, "command line", None)
    assert in_force(program, "--clip-value", "off")["clip-norm"][0] == 2


def test_what_is_nearer_wins(program: Program, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("lr = 0.5\nseed = 1\nepochs = 9\nclip-value = 2\n")
    monkeypatch.setenv("DIGIT_TUI_SEED", "2")
    monkeypatch.setenv("DIGIT_TUI_LR", "0.25")
    found = in_force(program, "--lr", "0.125", "--clip-norm", "1")
    assert found["lr"] == (0.125, "command line", None)
    assert found["seed"] == (2, "environment", "DIGIT_TUI_SEED")
    assert found["epochs"] == (9, "config.toml", f"{file}:3")
    assert found["hidden"] == ([512, 256], "preset", "standard")
    assert found["batch-size"] == (128, "default", None)
    # The weaker of two that exclude each other is left out.
    assert found["clip-norm"] == (1.0, "command line", None)
    assert found["clip-value"] == (None, "default", None)
    told = program("--clip-norm", "1", "--clip-value", "1", "config")
    assert "not by both" in the_error(told)


def test_the_variable_leaves_it_out(
    program: Program, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("seed = 5\n")
    assert in_force(program)["seed"][0] == 5
    monkeypatch.setenv("DIGIT_TUI_NO_CONFIG", "1")
    assert in_force(program)["seed"][0] == 0


def test_a_run_is_trained_so_and_a_repeated_one_as_it_was(
    program: Program, file: Path, tmp_path: Path
) -> None:
    file.write_text('seed = 5\nnotify = "bell"\n')
    run = [*SMALL, "--json"]
    first = program(*run, "--run", str(tmp_path / "a")).stdout
    assert json.loads(first.splitlines()[0])["config"]["seed"] == 5
    file.write_text("seed = 6\nlr = 0.5\nthreads = 3\n")
    again = ["--replay", str(tmp_path / "a"), "--run", str(tmp_path / "b")]
    repeated = program("--batch", "--json", *again).stdout
    last = [json.loads(told.splitlines()[-1]) for told in (first, repeated)]
    assert last[0]["weights_sha256"] == last[1]["weights_sha256"]


WRONG = [
    ("lr = ", ", line 1, column 6: no TOML: "),
    ("seed = 1\nseed = 2", "no TOML: cannot overwrite a value"),
    ('lr = "x"', ", line 1: lr: 'x' is not a number"),
    ("seed = 1\nepoch = 3", ", line 2: there is no option 'epoch'; did you mean epochs?"),
    ("batch_size = 3", "there is no option 'batch_size'; did you mean batch-size?"),
    ("zzz = 3", "there is no option 'zzz' ("),
    ("resume = 'last'", "there is no option 'resume'"),
    ("\n\n[run]\nlr = 1", ", line 3: there is no table 'run': options stand alone, one a line"),
    ("epochs = -1", ", line 1: epochs: -1 is not a whole number from 0 to 1000000"),
    ("epochs = 2.5", "epochs: 2.5 is not a whole number"),
    ("epochs = true", "epochs: true is not a whole number"),
    ("lr = nan", "lr: nan is not a number"),
    ("average = 1", "average: 1 is neither true nor false"),
    ("data = 'digits'", "write a folder in full, or from your home"),
    ("hidden = ['a']", "is not a list of widths such as [256, 128]"),
    ("clip-norm = 1\nclip-value = 2", ", line 2: clip-value: clip by norm or by value"),
    ("theme = 'blue'", ", line 1: theme: 'blue' is not one of 'dark', 'light'"),
    ("fps = 100", "fps: 100.0 is not in the range 0.1<=x<=30"),
    ("notify = 'no-such-program x'", "is none of bell, terminal, none, nor a program here"),
    ('notify = "sh -c \'x"', "is not a command: no closing quotation"),
    ("lr = \x80", ", line 1: not in UTF-8"),
    ("seed = " + "[" * 5_000, "too deeply nested"),
]


@pytest.mark.parametrize(("text", "message"), WRONG, ids=[text[:20] for text, _ in WRONG])
def test_what_is_wrong_is_told_in_a_line(
    program: Program, file: Path, text: str, message: str
) -> None:
    file.write_bytes(text.encode("latin-1") + b"\n")
    told = the_error(program("config"))
    assert f"{file}" in told
    assert message in told
    assert "digit-tui manual config)" in told
    assert the_error(program(*SMALL)) == told
    assert the_error(program("replay", "last")) == told


def test_what_needs_no_file_works_with_a_bad_one(program: Program, file: Path) -> None:
    file.write_text("x")
    for arguments in (
        ["--help"],
        ["replay", "--help"],
        ["config", "path"],
        ["manual"],
        ["data"],
        ["--no-config", "config"],
    ):
        assert program(*arguments).exit_code == 0, arguments
    file.unlink()
    file.mkdir()
    assert "is not a file" in the_error(program("config"))
    file.rmdir()


def test_the_paths(program: Program, file: Path) -> None:
    assert program("config", "path").stdout == f"{file}\n"
    assert program("config", "path", "--keys").stdout == f"{file.with_name('keys.toml')}\n"
    rows = program("config").stdout.splitlines()
    assert rows[-2:] == [f"{file} (not there)", f"{file.with_name('keys.toml')} (not there)"]
    assert all(len(row.split()) >= 3 for row in rows[:-3])
    assert len(rows) - 3 == len(EVERYTHING) + 1


def test_options_of_the_file_reach_the_commands_that_have_them(file: Path) -> None:
    file.write_text('theme = "light"\nfps = 3\n')
    context = cli.make_context("digit-tui", ["replay", "RUN"])
    command = cli.commands["replay"]
    inner = command.make_context("replay", ["RUN"], parent=context)
    assert (inner.params["theme"], inner.params["fps"]) == ("light", 3.0)
