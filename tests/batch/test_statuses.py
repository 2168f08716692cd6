"""How a headless run ends."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.batch import events_of, record_of, run, run_saved

from digit_tui.engine.worker_processes import WORKER_PROCESSES
from digit_tui.storage.run_writer import RunWriter
from digit_tui.storage.saved_run import SavedRun


@pytest.mark.parametrize(("target", "status"), [("0", 0), ("0.1", 0), ("1", 5)])
def test_the_target_decides_the_status_not_the_result(
    target: str, status: int, tmp_path: Path
) -> None:
    options = ["--epochs", "1", "--json", "--run", str(tmp_path / "run")]
    result = run(*options, "--target-accuracy", target)
    assert result.exit_code == status
    ended = events_of(result.stdout)[-1]
    assert ended["reason"] == "finished"
    complaints = [line for line in result.stderr.splitlines() if line.startswith("digit-tui: ")]
    assert len(complaints) == (status == 5)
    assert all(str(ended["test_accuracy"]) in line for line in complaints)


def test_a_target_that_is_just_reached_is_not_missed(tmp_path: Path) -> None:
    options = ["--epochs", "1", "--json"]
    ended = events_of(run(*options).stdout)[-1]
    assert run(*options, "--target-accuracy", repr(ended["test_accuracy"])).exit_code == 0


def test_a_run_that_diverges_says_so_and_keeps_its_weights(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    options = ["--optimizer", "sgd", "--lr", "1e30", "--json", "--run", str(folder)]
    result = run(*options, "--target-accuracy", "1")
    assert result.exit_code == 4
    events = events_of(result.stdout)
    names = [event["event"] for event in events]
    assert names == ["run_started", "diverged", "checkpoint_saved", "run_ended"]
    assert list(events[1]) == ["event", "step", "epoch", "what", "value", "message"]
    assert events[-1]["reason"] == "diverged"
    assert "; try a lower --lr\n" in result.stderr  # of such a rate that alone helps
    assert record_of(folder)["state"] == "diverged"
    again = run_saved("--resume", str(folder))  # with that rate
    assert again.exit_code == 4
    assert "; try a new run with a lower --lr\n" in again.stderr
    network = SavedRun.read(folder).checkpoint().network
    assert np.isfinite(network.parameters).all()


@pytest.mark.parametrize("data", ["no-such-folder", "mnist", "empty"])
def test_bad_data_ends_before_anything_is_made(
    data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    result = run("--data", data, "--json", "--run", str(tmp_path / "run"))
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("digit-tui: ")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(not WORKER_PROCESSES, reason="threads are left to the BLAS here")
def test_no_workers_process_is_a_failure_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    result = run("--json", "--threads", "2", "--run", str(tmp_path / "run"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "--threads 1" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_folder_that_holds_a_run_is_a_wrong_option(tmp_path: Path) -> None:
    options = ["--epochs", "1", "--json", "--run", str(tmp_path)]
    assert run(*options).exit_code == 0
    before = (tmp_path / "checkpoint.npz").read_bytes()
    result = run(*options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--run" in result.stderr
    assert result.stderr.count("\n") == 1
    assert (tmp_path / "checkpoint.npz").read_bytes() == before


def test_a_folder_that_cannot_be_made_is_a_disk_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    result = run("--json", "--run", str(tmp_path / "file" / "run"))
    assert (result.exit_code, result.stdout) == (74, "")
    assert str(tmp_path / "file") in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_full_disk_is_a_disk_error_that_names_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    result = run("--json", "--run", str(tmp_path / "run"))
    assert (result.exit_code, result.stdout) == (74, "")
    assert f"{tmp_path / 'run'}: {os.strerror(errno.ENOSPC)}" in result.stderr


def test_weights_that_cannot_be_saved_are_a_disk_error_with_a_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RunWriter, "save", refuse)
    result = run("--epochs", "1", "--json", "--run", str(tmp_path / "run"))
    assert result.exit_code == 74
    names = [event["event"] for event in events_of(result.stdout)]
    assert names == ["run_started", "epoch_ended", "run_ended"]
    assert "cannot save: No space left on device" in result.stderr
