"""Headless runs that are resumed and replayed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support.batch import events_of, record_of, run, run_saved, start, wait_for_an_epoch
from support.command_script import CommandScript

from digit_tui.config import RunConfig
from digit_tui.run.commands import Save, SetLearningRate, Stop
from digit_tui.run.events import EpochEnded
from digit_tui.training.run_request import RunRequest, resume_request


def test_a_run_goes_on_and_is_repeated_to_the_bit(tmp_path: Path) -> None:
    expected = events_of(run("--epochs", "3", "--schedule", "constant", "--json").stdout)[-1]
    folder = tmp_path / "run"
    with start(tmp_path, "--epochs", "3", "--json") as process:
        wait_for_an_epoch(process)
        process.kill()
        process.communicate(timeout=60)
    result = run_saved("--resume", str(folder), "--json")
    assert result.exit_code == 0
    started, restored, *_, ended = events_of(result.stdout)
    assert (started["event"], restored["event"]) == ("run_started", "restored")
    assert ended["run"] == str(folder)
    assert ended["weights_sha256"] == expected["weights_sha256"]
    result = run_saved("--replay", str(folder), "--json", "--run", str(tmp_path / "again"))
    assert result.exit_code == 0
    assert events_of(result.stdout)[-1]["weights_sha256"] == ended["weights_sha256"]


def test_a_repetition_that_differs_is_a_failure(tmp_path: Path) -> None:
    assert run("--epochs", "1", "--run", str(tmp_path / "run")).exit_code == 0
    record = record_of(tmp_path / "run")
    record["results"]["weights_sha256"] = "0" * 64
    (tmp_path / "run" / "run.json").write_text(json.dumps(record))
    result = run_saved("--replay", str(tmp_path / "run"))
    assert result.exit_code == 1
    assert "the weights are not those of" in result.stderr


def test_a_run_that_was_left_before_it_had_caught_up_is_repeated(
    sample: Any, tmp_path: Path
) -> None:
    config = RunConfig(data="sample", hidden=(8,), augment="none", epochs=2)
    folder = tmp_path / "run"
    script = CommandScript([(2, Save()), (10, SetLearningRate(0.5))])
    events = RunRequest(config, folder).trainer(sample, script, interactive=False).run()
    while not isinstance(next(events), EpochEnded):
        pass
    events.close()  # it is killed, and goes on from step 2
    list(
        resume_request(folder)
        .trainer(sample, CommandScript([(5, Stop())]), interactive=False)
        .run()
    )
    assert record_of(folder)["results"]["steps"] == 5
    assert run_saved("--replay", str(folder)).exit_code == 0
