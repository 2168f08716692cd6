"""Names that are hostile or no text, and the names of the commands."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click
import pytest
from support.saved_runs import MakeRun, edit, runs, succeed

from digit_tui.cli.main import cli


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_hostile_names_do_not_reach_the_terminal(make_run: MakeRun, runs_folder: Path) -> None:
    name = "a\x1b[31m\nb\x9b\u202e"
    path = make_run(name)
    record = json.loads((path / "run.json").read_text())
    record["data"]["name"] = record["versions"]["numpy"] = "x\x1b]0;title\x07"
    edit(path, data=record["data"], versions=record["versions"] | {"\x1b": "\x1b"})
    shown = "a?[31m?b??"
    assert shown in succeed()
    assert shown in succeed("show", path)
    assert json.loads(succeed("--json"))["name"] == name
    result = runs("compare", path, path)
    assert shown in result.stdout
    (path / "run.json").write_text("{")
    for result in (runs(), runs("show", path), runs("compare", path, path)):
        assert result.exit_code == 3
        assert shown in result.stderr
        assert result.stderr.count("\n") == 1
    (path / "mine\x1b").write_text("mine")
    assert "mine?" in succeed("rm", path, "--yes")
    assert runs("rm", name, "--yes").exit_code == 3


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that are no text")
def test_names_that_are_no_text(make_run: MakeRun) -> None:
    path = make_run(os.fsdecode(b"\xffrun"))
    assert "?run" in succeed()
    assert json.loads(succeed("--json"))["name"] == os.fsdecode(b"\xffrun")
    assert "?run" in succeed("show", path)
    assert "?run" in succeed("rm", path, "--yes")


def test_help_names_the_commands() -> None:
    group = cli.commands["runs"]
    assert isinstance(group, click.Group)
    assert set(group.commands) == {"show", "compare", "rm"}
    assert all(word in succeed("--help") for word in group.commands)
