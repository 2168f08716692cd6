"""A run's folder: what a run leaves there, where it must not go, and a disk that refuses."""

from __future__ import annotations

import errno
import os
import shutil
from datetime import datetime, tzinfo
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command_script import CommandScript

from digit_tui.config import RunConfig
from digit_tui.run.commands import GoBack, Pause, Resume, Save, Stop
from digit_tui.run.events import CheckpointSaved, EpochEnded, SaveFailed, WentBack
from digit_tui.storage import run_writer
from digit_tui.storage.atomic import write_whole
from digit_tui.storage.errors import RunError, RunTaken
from digit_tui.storage.run_files import runs_folder
from digit_tui.storage.run_writer import RunWriter
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("saved_when_asked")

ONE_SAVE = ["best.npz", "checkpoint.npz", "journal.jsonl", "metrics.csv", "run.json"]
"""The files of a run that was saved once; saved again it has a previous.npz too."""


def files(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize("average", [True, False])
def test_a_saved_run_is_read_as_it_was(average: bool, train: Any, tmp_path: Path) -> None:
    ran = train(folder=tmp_path / "run", average=average, clip_norm=1.5)
    assert files(tmp_path / "run") == ONE_SAVE
    run = SavedRun.read(tmp_path / "run")
    network, record = run.checkpoint().network, run.record
    assert run.config.to_json() == {**ran.events[0].config, "hidden": (8,)}
    assert network.sizes == (36, 8, 4)
    state = ran.trainer.state
    expected = state.average if average else state.parameters
    np.testing.assert_array_equal(network.parameters, expected)
    assert network.parameters.dtype == np.float32
    assert run.state() == record["state"] == "finished"
    assert record["data"] == ran.events[0].data
    assert record["versions"] == ran.events[0].versions
    results = record["results"]
    for name in ("epochs", "steps", "test_accuracy", "test_correct", "test_total"):
        assert results[name] == getattr(ran.ended, name)
    assert results["weights_sha256"] == ran.sha256
    assert ran.ended.run == str(tmp_path / "run")


def test_a_run_is_on_record_before_its_first_step(digits: Any, config: Any, tmp_path: Path) -> None:
    trainer = Trainer(config, digits, CommandScript([]), RunWriter(tmp_path / "run"))
    events = trainer.run()
    next(events)
    run = SavedRun.read(tmp_path / "run")
    assert (run.record["state"], run.record["results"]) == ("running", None)
    assert run.state() == "running"
    with pytest.raises(RunError, match="no weights"):
        run.checkpoint()
    with pytest.raises(RunError, match="no epoch was saved"):
        run.checkpoint(best=True)
    events.close()
    assert run.state() == "interrupted"  # whatever run.json says: nobody has it any more


def test_a_save_on_the_way_is_replaced_by_the_last_one(train: Any, tmp_path: Path) -> None:
    script = [(3, Save()), (5, Pause()), (5, Save()), (5, Resume())]
    ran = train(script, folder=tmp_path / "run")
    assert [event.step for event in ran.all(CheckpointSaved)] == [3, 5, 16]
    run = SavedRun.read(tmp_path / "run")
    assert run.record["results"]["steps"] == run.checkpoint().state.step == 16
    assert files(tmp_path / "run") == sorted([*ONE_SAVE, "previous.npz"])
    (tmp_path / "run" / "checkpoint.npz").unlink()
    assert run.checkpoint().state.step == 5  # the one before


def test_a_run_that_was_stopped_says_so(train: Any, tmp_path: Path) -> None:
    train([(5, Stop(reason="interrupted"))], folder=tmp_path / "run")
    run = SavedRun.read(tmp_path / "run")
    assert run.state() == run.record["state"] == "interrupted"
    assert run.record["results"]["steps"] == 5
    expected = train([(5, Stop())]).trainer.state.average
    np.testing.assert_array_equal(run.checkpoint().network.parameters, expected)


# Where a run must not go, and what it leaves


def test_a_folder_that_holds_a_run_is_refused(saved: Path, train: Any) -> None:
    before = {name: (saved / name).read_bytes() for name in files(saved)}
    with pytest.raises(RunError, match=r"holds a run already.*--run"):
        train(folder=saved)
    assert {name: (saved / name).read_bytes() for name in files(saved)} == before
    for name in files(saved):  # any of them is reason enough, as long as it is there
        with pytest.raises(RunTaken, match="holds a run already"):
            train(folder=saved)
        assert (saved / name).read_bytes() == before[name]
        (saved / name).unlink()
    train(folder=saved)


def test_a_folder_that_holds_other_things_keeps_them(train: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    train(folder=tmp_path)
    assert files(tmp_path) == sorted([*ONE_SAVE, "notes.txt"])


def test_a_run_that_ends_before_its_first_step_leaves_nothing(train: Any, tmp_path: Path) -> None:
    ran = train([(0, Stop())], folder=tmp_path / "a" / "b" / "run")
    assert files(tmp_path) == []
    assert ran.ended.run is None
    assert not ran.all(CheckpointSaved)


def test_ending_before_the_first_step_removes_nothing_else(train: Any, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    train([(0, Stop())], folder=tmp_path / "mine")
    assert files(tmp_path / "mine") == ["notes.txt"]


@pytest.mark.parametrize("step", [1, 2])
def test_a_run_that_made_a_step_is_kept(step: int, train: Any, tmp_path: Path) -> None:
    ran = train([(step, Stop())], folder=tmp_path / "run")
    assert SavedRun.read(tmp_path / "run").checkpoint().state.step == step
    assert ran.ended.run == str(tmp_path / "run")


def test_a_run_that_is_finished_without_a_step_is_kept(train: Any, tmp_path: Path) -> None:
    train(folder=tmp_path / "run", epochs=0)
    assert SavedRun.read(tmp_path / "run").state() == "finished"


def test_what_was_saved_on_purpose_before_the_first_step_is_kept(
    train: Any, tmp_path: Path
) -> None:
    train([(0, Save()), (0, Stop())], folder=tmp_path / "run")
    assert SavedRun.read(tmp_path / "run").checkpoint().state.step == 0


def test_a_run_that_went_back_to_its_beginning_is_kept(train: Any, tmp_path: Path) -> None:
    # What it had learned is undone, not forgotten: the journal tells how to learn it again.
    script = [(9, Pause()), (9, GoBack(0, ())), (9, Stop())]
    ran = train(script, folder=tmp_path / "run", interactive=True)
    assert ran.ended.steps == 0
    assert len(ran.all(WentBack)) == 1
    run = SavedRun.read(tmp_path / "run")
    assert [line["step"] for line in run.lines() if line.get("event") == "epoch_ended"] == [8]


def test_fresh_folders_are_in_the_state_directory_and_all_different(no_home: Path) -> None:
    config = RunConfig(preset="classic")
    paths = {RunWriter.fresh(config).path for _ in range(50)}
    assert len(paths) == 50
    assert {path.parent for path in paths} == {runs_folder()}
    assert runs_folder().is_relative_to(no_home)
    assert all("classic" in path.name for path in paths)


# A disk that refuses


def full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_spoils_neither_the_run_nor_what_was_saved(
    digits: Any, config: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    trainer = Trainer(config, digits, CommandScript([(3, Save()), (9, Save())]), RunWriter(folder))
    failed, before = [], {}
    for event in trainer.run():
        if isinstance(event, CheckpointSaved):
            assert not before
            before = {name: (folder / name).read_bytes() for name in ("checkpoint.npz", "run.json")}
            monkeypatch.setattr(os, "replace", full_disk)
        elif isinstance(event, SaveFailed):
            failed.append(event)
    assert [event.step for event in failed] == [9, 16, 16]  # the last checkpoint, and run.json
    assert os.strerror(errno.ENOSPC) in failed[0].message
    assert str(folder) in failed[0].message
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert files(folder) == ["checkpoint.npz", "journal.jsonl", "metrics.csv", "run.json"]
    assert SavedRun.read(folder).checkpoint().state.step == 3


def test_a_disk_that_is_full_while_writing_leaves_no_half_file(saved: Path) -> None:
    path = saved / "checkpoint.npz"
    before = path.read_bytes()

    def write_half(file: Any) -> None:
        file.write(before[:100])
        full_disk()

    with pytest.raises(OSError, match="space"):
        write_whole(path, write_half, previous=saved / "previous.npz")
    assert path.read_bytes() == before
    assert files(saved) == ONE_SAVE


def test_a_folder_that_vanished_is_a_failed_save(digits: Any, config: Any, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    trainer = Trainer(config, digits, CommandScript([]), RunWriter(folder))
    events = []
    for event in trainer.run():
        events.append(event)
        if isinstance(event, EpochEnded) and event.epoch == 1:
            shutil.rmtree(folder)
    failed = [event for event in events if isinstance(event, SaveFailed)]
    # metrics.csv after the second epoch, then the checkpoint and run.json.
    assert [event.step for event in failed] == [16, 16, 16]
    assert all(str(folder) in event.message for event in failed)
    assert events[-1].epochs == 2
    assert not folder.exists()


def test_a_folder_that_cannot_be_made_is_an_error_before_training(
    train: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match="file"):
        train(folder=tmp_path / "file" / "run")


def test_a_clock_that_jumps_disturbs_nothing(
    train: Any, go_on: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = train()
    years = cycle([2099, 1970, 2026])

    class JumpingDatetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> JumpingDatetime:
            return cls(next(years), 3, 29, 2, 30, tzinfo=tz)

    monkeypatch.setattr(run_writer, "datetime", JumpingDatetime)
    folder = tmp_path / "run"
    train([(20, Stop())], folder=folder)
    resumed = go_on(folder)
    assert resumed.sha256 == undisturbed.sha256
    run = SavedRun.read(folder)
    assert (run.state(), run.complaints) == ("finished", [])
