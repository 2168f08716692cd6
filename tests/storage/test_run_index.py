"""The runs that are saved: their sizes, and finding one."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.command_script import CommandScript
from support.saved_runs import MakeRun, edit, runs

from digit_tui.cli.main import cli
from digit_tui.config import RunConfig
from digit_tui.data.sources import sample_dir
from digit_tui.run.commands import SetLearningRate, Stop
from digit_tui.storage.errors import RunError
from digit_tui.storage.run_files import LEFT
from digit_tui.storage.run_index import find_run, last_interrupted, list_runs, size_of
from digit_tui.storage.run_summary import RunSummary
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.run_request import RunRequest


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("run.json", '"classes": 4', '"classes": "many"'),
        ("run.json", '"test_images": 60', '"test_images": 0'),
        ("run.json", '"test_correct"', '"correct"'),
        ("run.json", '"started": "', '"started": "0001-01-01T00:00:00+14:00", "": "'),
        ("journal.jsonl", '"test_accuracy": ', '"test_accuracy": "x", "": '),
        ("journal.jsonl", '"epoch": 1', '"epoch": null'),
        ("journal.jsonl", '"value": 0.02', '"value": -1'),
        ("journal.jsonl", '"value": 0.02', '"value": "fast"'),
    ],
)
def test_values_that_cannot_be_are_damage(
    file: str, before: str, after: str, make_run: MakeRun
) -> None:
    path = make_run(script=[(3, SetLearningRate(0.02))])
    text = (path / file).read_text()
    assert before in text
    (path / file).write_text(text.replace(before, after, 1))
    with pytest.raises(RunError, match=file):
        RunSummary.of(SavedRun.read(path))
    assert runs("show", path).exit_code == 3


def test_a_file_with_two_names_counts_once(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(bytes(1000))
    os.link(tmp_path / "one", tmp_path / "two")
    (tmp_path / "three").write_bytes(bytes(500))
    assert size_of(tmp_path) == 1500
    assert size_of(tmp_path / "missing") == 0


def test_a_run_is_found_by_path_name_or_beginning(
    make_run: MakeRun, runs_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, fork, other = (
        make_run(name) for name in ("2026-01-01", "2026-01-01-fork-9", "2026-02-03")
    )
    assert find_run(str(other)) == find_run("2026-02-03") == find_run("2026-02") == other
    assert find_run("2026-01-01") == first  # though another begins like it
    assert find_run("2026-01-01-") == fork
    assert find_run("2026-01") == first  # not ambiguous: the other one is its fork
    assert find_run("2026…fork-9") == fork  # as a list may show it
    assert find_run("2026-01…01") == first
    for name, message in {
        "2026": "may be 2026-01-01, 2026-01-01-fork-9, 2026-02-03: write more",
        "2027": "no folder '2027'",
        "": "no folder ''",
        "2026-02-03/..": "no folder",
    }.items():
        with pytest.raises(RunError, match=message):
            find_run(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "2026-02-03").mkdir()  # a path goes before a name
    assert find_run("2026-02-03") == tmp_path / "2026-02-03"
    assert runs("show", "2026-02-03").exit_code == 3


def test_the_last_run_is_offered_for_the_same_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digit_tui.storage.run_index.runs_folder", lambda: tmp_path / "runs")
    monkeypatch.setattr("digit_tui.data.sources.cache_dir", lambda: tmp_path / "cache")
    digits = tmp_path / "digits"
    shutil.copytree(sample_dir(), digits)
    (tmp_path / "link").symlink_to(digits)

    def offered(trained: str, asked: str) -> bool:
        shutil.rmtree(tmp_path / "runs", ignore_errors=True)
        config = RunConfig(data=trained, hidden=(4,), epochs=2)
        request = RunRequest(config, tmp_path / "runs" / "one")
        script = CommandScript([(5, Stop())])
        for _ in request.trainer(request.load_dataset(), script, interactive=False).run():
            pass
        return last_interrupted({"data": asked}) is not None

    assert offered(str(digits), str(digits))
    assert offered(str(digits), str(tmp_path / "link"))
    assert offered("auto", "sample")  # that is what it was
    assert offered("sample", "auto")
    assert not offered(str(digits), "sample")
    assert not offered("sample", str(digits))
    assert not offered("sample", "mnist")  # which is not here
    assert not offered("sample", str(tmp_path / "nowhere"))


def test_the_newest_run_is_called_last(
    make_run: MakeRun, runs_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RunError, match="there is no last run: none is saved in "):
        find_run("last")
    for name, day in (("one", 1), ("two", 3), ("three", 2)):
        edit(make_run(name), started=f"2026-01-0{day}T12:00:00+00:00")
    edit(make_run("left"), started="2026-01-04T12:00:00+00:00", state=LEFT)  # a fork's branch
    (make_run("damaged") / "run.json").write_text("{")
    (runs_folder / "empty").mkdir()
    assert find_run("last").name == "two"
    assert list_runs()[0][-1].saved.path.name == "two"
    # One that is older, and was resumed since, is what a person worked with.
    edit(runs_folder / "one", resumed="2026-01-05T12:00:00+00:00")
    assert find_run("last").name == "one"
    assert [run.saved.path.name for run in list_runs()[0]] == ["three", "two", "left", "one"]
    edit(runs_folder / "one", resumed=None)

    def digit_tui(*arguments: str) -> str:
        result = CliRunner().invoke(cli, arguments, prog_name="digit-tui")
        assert result.exit_code == 0, result.output
        return result.stdout + result.stderr

    two = str(find_run("last"))
    for command in ("runs show", "runs compare one", "evaluate", "mistakes --csv", "inspect"):
        told, wanted = (digit_tui(*command.split(), name) for name in ("last", two))
        assert told != wanted
        assert told.replace("digit-tui: last is two\n", "", 1) == wanted
    assert f"Run            {two}\n" in digit_tui("--batch", "--resume", "last")
    again = tmp_path / "again"
    assert f"Run            {again}\n" in digit_tui(
        "--batch", "--replay", "last", "--run", str(again)
    )
    assert digit_tui("evaluate", str(again)) == digit_tui("evaluate", two)
    digit_tui("runs", "rm", "last", "--yes")
    assert find_run("last").name == "three"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "last").mkdir()  # a path goes before a name
    assert find_run("last") == tmp_path / "last"


@pytest.mark.usefixtures("saved_when_asked")
def test_the_last_run_is_offered_if_it_has_something_left_to_do(
    train: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digit_tui.storage.run_index.runs_folder", lambda: tmp_path / "runs")
    assert last_interrupted() is None  # there is no such folder yet
    # By the time that it was, not by what the clocks showed; without a zone it is that of here.
    started = ["2026-03-01T12:00:00+02:00", "2026-03-01T11:00:00+00:00", "2025-12-31T00:00:00"]
    for name, time in zip("abc", started, strict=True):
        train([(5, Stop())], folder=tmp_path / "runs" / name)
        record = tmp_path / "runs" / name / "run.json"
        record.write_text(json.dumps(json.loads(record.read_text()) | {"started": time}))
    (tmp_path / "runs" / "damaged").mkdir()
    (tmp_path / "runs" / "damaged" / "run.json").write_text("{")
    (tmp_path / "runs" / "empty").mkdir()
    last = last_interrupted()
    assert last is not None
    assert last.path.name == "b"
    config = last.config.to_json()
    for name in ("preset", "hidden", "optimizer", "learning_rate", "seed", "epochs", "average"):
        assert last_interrupted({name: getattr(last.config, name)}) is not None
    assert last_interrupted({"seed": config["seed"], "batch_size": config["batch_size"]})
    for other in (
        {"preset": "record"},
        {"hidden": (9, 9)},
        {"seed": config["seed"] + 1},
        {"seed": config["seed"], "epochs": config["epochs"] + 1},
        {"learning_rate": 0.123},
    ):
        assert last_interrupted(other) is None
    record = json.loads((last.path / "run.json").read_text())
    (last.path / "run.json").write_text(json.dumps(record | {"state": "finished"}))
    assert last_interrupted() is None  # those before it are not what somebody wants to go on with
