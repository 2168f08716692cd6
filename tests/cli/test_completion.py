"""What shells complete: click's protocol, and the shells themselves where they are installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import BashComplete
from support.cli import Program
from support.rarely import rarely
from support.terminal import POSIX, Terminal

from digit_tui.cli.completion import INSTALL, VARIABLE
from digit_tui.cli.completion_types import (
    FORK_CHANGES,
    STUDY_FILES,
    DataName,
    RunName,
    StudyName,
)
from digit_tui.cli.main import cli
from digit_tui.config import OPTIMIZERS, PRESETS, SOURCES
from digit_tui.run.settings import parse_changes
from digit_tui.storage.run_files import runs_folder, sweeps_folder
from digit_tui.sweep.finding import ABOUT
from digit_tui.sweep.space import FIELDS
from digit_tui.sweep.storages import JOURNAL


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of saved runs, the newest first; beside them a folder that is none."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    names = ["2026-01-02_b", "2026-01-01_a"]
    for age, name in enumerate(names):
        folder = runs_folder() / name
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(
            '{"config": {"preset": "classic", "optimizer": "adam", "seed": 3},'
            ' "results": {"test_accuracy": 0.975}}'
        )
        os.utime(folder / "run.json", (1e9 - age, 1e9 - age))
    (runs_folder() / "no-run").mkdir()
    (runs_folder() / names[1] / "run.json").write_text("{")
    os.utime(runs_folder() / names[1] / "run.json", (9e8, 9e8))
    return names


def completed(*words: str) -> list[str]:
    *before, incomplete = words
    done = BashComplete(cli, {}, "digit-tui", VARIABLE)
    return [each.value for each in done.get_completions(list(before), incomplete)]


def test_names_of_runs(runs: list[str]) -> None:
    assert completed("evaluate", "") == ["last", *runs]
    assert completed("evaluate", "2026-01-01") == runs[1:]
    assert completed("--resume", "l") == ["last"]
    assert completed("runs", "compare", runs[0], "") == ["last", *runs]
    (item,) = RunName().shell_complete(click.Context(cli), cli.params[0], runs[0])
    assert item.help == "classic, adam, seed 3, 97.50%"
    (broken,) = RunName().shell_complete(click.Context(cli), cli.params[0], runs[1])
    assert broken.help is None
    (path,) = RunName().shell_complete(click.Context(cli), cli.params[0], "./ru")
    assert (path.type, path.value) == ("dir", "./ru")


def test_choices_and_names() -> None:
    assert completed("--data", "") == list(SOURCES)
    assert completed("--preset", "") == list(PRESETS)
    assert completed("--optimizer", "ada") == ["adam", "adamw"]
    assert completed("--notify", "") == ["bell", "terminal", "none"]
    assert completed("manual", "conf") == ["config"]
    assert completed("completion", "") == ["bash", "zsh", "fish"]
    assert completed("--fork", "optimizer=sgd,l") == ["optimizer=sgd,lr="]
    assert completed("--fork", "optimizer=n") == ["optimizer=nesterov"]
    assert "--batch-size" in completed("--b")


def test_the_changes_of_a_fork_are_those_that_there_are() -> None:
    examples = {"lr": "0.1", "clip-norm": "1", "off": "1:2", "prune": "30%"}
    for name, values in FORK_CHANGES.items():
        if name != "teach":  # needs drawings
            parse_changes(
                f"{name}={examples.get(name, *values[:1])}"
                if values
                else f"{name}={examples[name]}"
            )
    assert FORK_CHANGES["optimizer"] == OPTIMIZERS


def test_every_run_and_dataset_is_completed() -> None:
    """A new subcommand says so by its types, RUN_NAME, STUDY_NAME and DATA_NAME."""

    def check(command: click.Command) -> None:
        for parameter in command.params:
            shown = (
                parameter.human_readable_name if parameter.metavar is None else parameter.metavar
            )
            if "RUN" in shown.split("...")[0].split():
                assert isinstance(parameter.type, RunName), (command.name, parameter.name)
            if shown.startswith("STUDY"):
                assert isinstance(parameter.type, StudyName), (command.name, parameter.name)
            if parameter.metavar == "NAME|DIR":
                assert isinstance(parameter.type, DataName), (command.name, parameter.name)
        if isinstance(command, click.Group):
            for each in command.commands.values():
                check(each)

    check(cli)


@pytest.mark.parametrize("shell", INSTALL)
def test_the_script_of_a_shell_and_how_to_install_it(
    program: Program, shell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = program("completion", shell)
    assert (told.exit_code, told.stderr) == (0, "")
    assert f"{VARIABLE}={shell}_complete" in told.stdout
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert program("completion", shell).stdout == f"{INSTALL[shell]}\n"


def test_a_bad_config_file_stops_no_completion(runs: list[str], tmp_path: Path) -> None:
    (tmp_path / "digit-tui").mkdir(exist_ok=True)
    (tmp_path / "digit-tui" / "config.toml").write_text("x")
    environment = os.environ | {
        "XDG_CONFIG_HOME": str(tmp_path),
        VARIABLE: "bash_complete",
        "COMP_WORDS": "digit-tui evaluate 2026",
        "COMP_CWORD": "2",
    }
    listing = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "
    code = f"{listing}from digit_tui.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == [f"plain,{name}" for name in runs]
    modules = set(done.stderr.split())
    assert "click" in modules
    assert modules.isdisjoint({"numpy", "textual", "rich", "plotext"})


SHELLS = {
    "bash": """
        eval "$(digit-tui completion bash)"
        COMP_LINE="digit-tui evaluate 2026"; COMP_POINT=${#COMP_LINE}
        COMP_WORDS=($COMP_LINE); COMP_CWORD=2
        _digit_tui_completion digit-tui 2026 evaluate
        printf '%s\\n' "${COMPREPLY[@]}"
    """,
    "zsh": """
        autoload -Uz compinit && compinit -u -d "$HOME/.zcompdump"
        eval "$(digit-tui completion zsh)"
        compadd() { while [[ $1 == -* ]]; do shift; [[ $1 == unsorted ]] && shift; done
                    print -l -- ${(P)1}; }
        _describe() { print -l -- ${(P)3%%:*} ${(P)4%%:*} }
        words=(digit-tui evaluate 2026); CURRENT=3
        _digit_tui_completion
    """,
    "fish": """
        digit-tui completion fish | source
        complete --do-complete 'digit-tui evaluate 2026'
    """,
}


@pytest.fixture
def at_home(tmp_path: Path) -> dict[str, str]:
    """Environment variables of a shell that finds the program, and no files of ours."""
    folder = tmp_path / "bin"
    folder.mkdir()
    starter = folder / "digit-tui"
    starter.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m digit_tui "$@"\n')
    starter.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(tmp_path)}


@pytest.mark.parametrize("shell", ["bash", *rarely("zsh", "fish")])
def test_a_real_shell(shell: str, runs: list[str], at_home: dict[str, str]) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run(
        [program, "-c", SHELLS[shell]],
        env=os.environ | at_home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    for name in runs:
        assert name in done.stdout, done.stderr
    assert "no-run" not in done.stdout


TYPED = {
    "--fork optimizer=sg": "--fork optimizer=sgd ",
    "--fork=optimizer=sgd,aug": "--fork=optimizer=sgd,augment=",  # more is to come: no blank
    "--data=sam": "--data=sample ",
    "sweep --try optimizer=sgd,mom": "sweep --try optimizer=sgd,momentum ",
    "sweep --try hid": "sweep --try hidden=",
    'sweep --try "optimizer=n': 'sweep --try "optimizer=nesterov" ',
}


@pytest.mark.skipif(not POSIX or shutil.which("bash") is None, reason="needs bash and a terminal")
def test_bash_where_words_have_an_equals_sign(at_home: dict[str, str], tmp_path: Path) -> None:
    """Bash cuts words there; only an interactive one shows what becomes of the line."""
    begin = tmp_path / "begin"
    begin.write_text("PS1='$ '\neval \"$(digit-tui completion bash)\"\n")
    shell = Terminal(program=("bash", "--noprofile", "--rcfile", str(begin), "-i"), **at_home)
    try:
        for typed, line in TYPED.items():
            shell.until(lambda: "$" in shell.rows)  # nothing is typed
            shell.send(f"digit-tui {typed}\t.")
            shell.until(rf"^\$ digit-tui {re.escape(line)}\.$")
            shell.send("\x15")
    finally:
        shell.close()


def test_studies_and_what_to_try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert completed("sweep", "") == ["join", "show", "list", "rm"]
    assert completed("sweep", "show", "n") == ["n"]  # a folder that begins like this
    for name, file in (("night", STUDY_FILES[0]), ("noon", STUDY_FILES[1]), ("none", "other")):
        (sweeps_folder() / name).mkdir(parents=True)
        (sweeps_folder() / name / file).touch()
    assert completed("sweep", "") == ["join", "show", "list", "rm", "night", "noon"]
    assert completed("sweep", "--trials", "3", "") == ["night", "noon"]
    assert completed("sweep", "join", "") == ["night", "noon"]
    assert completed("sweep", "show", "noo") == ["noon"]
    assert (JOURNAL, ABOUT) == STUDY_FILES
    assert completed("sweep", "--try", "") == [f"{name}=" for name in FIELDS]
    assert completed("sweep", "--try", "optimizer=sgd,n") == ["optimizer=sgd,nesterov"]
    assert completed("sweep", "--try", "average=on|o") == ["average=on|on", "average=on|off"]
    assert completed("sweep", "--try", "lr=1") == completed("sweep", "--try", "x=") == []
