"""Forks and replays of headless runs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.batch_fork import SMALL, batch, complaints_of, lines_of, start_run
from support.teaching import Keep as KeepDrawings
from support.teaching import drawings_of

from digit_tui.run.commands import (
    AppliedCommand,
    Save,
    SetLearningRate,
    Teach,
)
from digit_tui.storage.saved_run import SavedRun


def test_a_fork_headless_as_json(tmp_path: Path) -> None:
    options = [*SMALL, "--epochs", 2, "--json"]
    changes = ["--fork-at", 40, "--fork", "optimizer=sgd,lr=0.2,clip-norm=1,augment=none"]
    result = batch(*options, *changes, "--run", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    lines = lines_of(result)
    branches = [(line["event"], line.get("arm", "run")) for line in lines]
    # How many checkpoints there are on the way is decided by the clock.
    assert [
        name for name, branch in branches if branch == "run" and name != "checkpoint_saved"
    ] == [
        *("run_started", "epoch_ended", "forked", "epoch_ended", "run_ended"),
    ]
    assert ("checkpoint_saved", "run") in branches
    assert {name for name, branch in branches if branch == "fork"} == {
        *("setting_changed", "epoch_ended", "checkpoint_saved", "run_ended"),
    }
    assert {branch for _, branch in branches} == {"run", "fork"}
    assert branches[-1] == ("run_ended", "run")
    forked = next(line for line in lines if line["event"] == "forked")
    assert forked["step"] == 40
    assert "optimizer sgd at rate 0.2" in forked["changes"]
    assert {line["setting"] for line in lines if line["event"] == "setting_changed"} >= {
        *("optimizer", "learning_rate", "clip_norm")
    }
    fork_ended, ended = (line for line in lines if line["event"] == "run_ended")
    assert fork_ended["arm"] == "fork"
    assert fork_ended["run"] == forked["run"]
    assert ended["run"] == str(tmp_path / "run")
    plain = lines_of(batch(*options, "--run", tmp_path / "plain"))[-1]
    assert ended["weights_sha256"] == plain["weights_sha256"]
    assert fork_ended["weights_sha256"] != plain["weights_sha256"]
    # The fork's folder repeats and measures as any run's.
    again = batch("--replay", forked["run"], "--json", "--run", tmp_path / "again")
    assert again.exit_code == 0, again.stderr
    assert lines_of(again)[-1]["weights_sha256"] == fork_ended["weights_sha256"]


def test_a_fork_without_some_units_as_json(tmp_path: Path) -> None:
    changes = ["--fork-at", 20, "--fork", "off=1:2+5,prune=30%"]
    result = batch(*SMALL, "--epochs", 1, "--json", *changes, "--run", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    off, pruned = (each for each in lines_of(result) if each["event"] == "setting_changed")
    assert (off["arm"], off["setting"]) == ("fork", "switched_off")
    assert (off["old"], off["new"]) == ([], [[1, 2], [1, 5]])
    assert (pruned["setting"], pruned["old"], pruned["new"]) == ("pruned", 0, 0.3)
    effect = off["effect"]
    assert effect["split"] == "test"
    assert effect["after"] == pruned["effect"]["before"]
    assert set(effect["comparison"]) == {"total", "gained", "lost"}
    wrong = batch(*SMALL, "--fork-at", 20, "--fork", "off=1:8", "--run", tmp_path / "other")
    assert wrong.exit_code == 2
    assert "layer 1 has no unit 8, only 0 to 7" in wrong.stderr


def test_a_fork_headless_reports_the_gap(tmp_path: Path) -> None:
    changes = ["--fork-at", 32, "--fork", "optimizer=sgd,lr=0.5"]
    result = batch(*SMALL, "--epochs", 2, *changes, "--run", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    found = re.search(
        r"\nFork +at step 32: optimizer sgd at rate 0\.5\n"
        r"Test accuracy +(\d+\.\d+)% \(95% interval \d+\.\d to \d+\.\d\)\n"
        r" +([+-]\d+\.\d\d) points "
        r"\(95% interval ([+-]\d+\.\d\d) to ([+-]\d+\.\d\d)\)\n"
        r" +fixed (\d+), broke (\d+): .*p [<=] 0\.\d+",
        result.stdout,
    )
    assert found, result.stdout
    fixed, broke = int(found[5]), int(found[6])
    (folder,) = set(tmp_path.iterdir()) - {tmp_path / "run"}
    accuracies = [
        SavedRun.read(path).record["results"]["test_accuracy"]
        for path in (tmp_path / "run", folder)
    ]
    assert float(found[1]) == pytest.approx(100 * accuracies[1], abs=0.006)
    assert float(found[2]) == pytest.approx(100 * (accuracies[1] - accuracies[0]), abs=0.006)
    assert (fixed - broke) / 1000 == pytest.approx(accuracies[1] - accuracies[0])
    assert float(found[3]) <= float(found[2]) <= float(found[4])
    assert str(folder) in result.stdout
    assert result.stdout.count("Weights ") == 2


def test_a_fork_headless_that_is_never_reached(tmp_path: Path) -> None:
    for step, status in ((31, 0), (32, 0), (33, 2), (1_000_000, 2)):
        changes = ["--fork-at", step, "--fork", "lr=0.1"]
        result = batch(*SMALL, "--epochs", 1, *changes, "--run", tmp_path / str(step))
        assert result.exit_code == status, (step, result.stderr)
        assert len(complaints_of(result)) == (status == 2)
        if status:
            assert f"--fork-at {step}" in result.stderr
            assert "step 32" in result.stderr
            assert not (tmp_path / str(step)).exists()  # nothing was trained


def test_a_fork_headless_that_changes_nothing(tmp_path: Path) -> None:
    changes = ["--fork-at", 5, "--fork", "optimizer=adam"]
    result = batch(*SMALL, "--epochs", 1, *changes, "--run", tmp_path / "run")
    assert result.exit_code == 2
    assert "it would do the same" in result.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / "run"]


@pytest.mark.parametrize("who", ["run", "fork"])
def test_a_branch_that_diverges_headless(who: str, tmp_path: Path) -> None:
    rates = ("1e30", "0.1") if who == "run" else ("0.1", "1e30")
    options = [*SMALL, "--optimizer", "sgd", "--lr", rates[0], "--epochs", 1, "--json"]
    changes = ["--fork-at", 0, "--fork", f"lr={rates[1]}"]
    result = batch(*options, *changes, "--run", tmp_path / "run")
    assert result.exit_code == 4, result.stderr
    lines = lines_of(result)
    ended = next(line for line in lines if line["event"] == "fork_ended")
    assert ended["kept"] == ("fork" if who == "run" else "run")
    assert ended["reason"] == "diverged"
    assert lines[-1]["event"] == "run_ended"
    assert lines[-1]["reason"] == "finished"
    alone = [*SMALL, "--optimizer", "sgd", "--lr", "0.1", "--epochs", 1, "--json"]
    plain = lines_of(batch(*alone, "--run", tmp_path / "plain"))[-1]
    assert lines[-1]["weights_sha256"] == plain["weights_sha256"]


@pytest.mark.parametrize("who", ["run", "fork"])
def test_a_branch_that_diverges_headless_is_in_the_report(who: str, tmp_path: Path) -> None:
    rates = ("1e30", "0.1") if who == "run" else ("0.1", "1e30")
    options = [*SMALL, "--optimizer", "sgd", "--lr", rates[0], "--epochs", 1]
    result = batch(
        *options,
        "--fork-at",
        3 if who == "fork" else 0,
        "--fork",
        f"lr={rates[1]}",
        "--run",
        tmp_path / "run",
    )
    assert result.exit_code == 4, result.stderr
    assert "(finished)" in result.stdout
    assert len(complaints_of(result)) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--fork", "lr=1"],
        ["--fork-at", 3],
        ["--fork-at", -1, "--fork", "lr=1"],
        ["--fork-at", 3, "--fork", "rate=1"],
        ["--fork-at", 3, "--fork", "lr"],
        ["--fork-at", 3, "--fork", "lr=high"],
        ["--fork-at", 3, "--fork", ""],
        ["--fork-at", 3, "--fork", "lr=1,lr=2x"],
    ],
    ids=str,
)
def test_a_fork_headless_that_is_no_fork(arguments: list[Any], tmp_path: Path) -> None:
    result = batch(*SMALL, *arguments, "--run", tmp_path / "run")
    assert (result.exit_code, result.stdout) == (2, "")
    assert not (tmp_path / "run").exists()


def test_a_fork_with_a_value_that_is_impossible(tmp_path: Path) -> None:
    changes = ["--fork-at", 3, "--fork", "lr=-1"]
    result = batch(*SMALL, "--epochs", 1, *changes, "--run", tmp_path / "run")
    assert result.exit_code == 2
    assert "--fork: lr: -1.0" in result.stderr


def test_replay_headless(tmp_path: Path) -> None:
    first = lines_of(batch(*SMALL, "--epochs", 1, "--json", "--run", tmp_path / "run"))[-1]
    again = batch("--replay", tmp_path / "run", "--json", "--run", tmp_path / "again")
    assert (again.exit_code, again.stderr.count("digit-tui: ")) == (0, 0)
    assert lines_of(again)[-1]["weights_sha256"] == first["weights_sha256"]
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    record["results"]["weights_sha256"] = "0" * 64
    (tmp_path / "run" / "run.json").write_text(json.dumps(record))
    other = batch("--replay", tmp_path / "run", "--json", "--run", tmp_path / "other")
    assert other.exit_code == 1
    assert "0" * 64 in other.stderr


def test_resume_and_fork_headless(tmp_path: Path) -> None:
    """A run that was stopped goes on, forked at a step that is still to come."""
    changes = ["--fork-at", 40, "--fork", "optimizer=sgd,lr=0.2"]
    options = [*SMALL, "--epochs", 2, "--json"]
    whole = lines_of(batch(*options, *changes, "--run", tmp_path / "whole"))
    start_run(tmp_path / "run", 20)
    result = batch("--resume", tmp_path / "run", "--json", *changes)
    assert result.exit_code == 0, result.stderr
    shas, expected = (
        [line["weights_sha256"] for line in lines if line["event"] == "run_ended"]
        for lines in (lines_of(result), whole)
    )
    assert len(shas) == 2
    assert shas == expected


def test_a_fork_before_where_a_run_is_resumed_is_never_reached(tmp_path: Path) -> None:
    start_run(tmp_path / "run", 20)
    changes = ["--fork-at", 10, "--fork", "lr=0.2"]
    result = batch("--resume", tmp_path / "run", "--json", *changes)
    assert result.exit_code == 2
    assert "--fork-at 10" in result.stderr


@pytest.mark.parametrize("flag", ["--replay", "--resume"])
def test_a_fork_before_commands_that_are_repeated(flag: str, tmp_path: Path) -> None:
    """It is refused, or the run takes its commands all the same."""
    script = [(30, Save()), (40, SetLearningRate(0.02))]
    start_run(tmp_path / "run", 50, script)
    if flag == "--resume":
        (tmp_path / "run" / "checkpoint.npz").unlink()  # goes on from step 30
    plain = lines_of(batch("--replay", tmp_path / "run", "--json", "--run", tmp_path / "plain"))
    changes = ["--fork-at", 35, "--fork", "optimizer=sgd,lr=0.2"]
    into = ["--run", tmp_path / "again"] if flag == "--replay" else []
    result = batch(flag, tmp_path / "run", "--json", *changes, *into)
    if result.exit_code == 2 and not result.stdout:
        return
    assert result.exit_code == 0, result.stderr
    if flag == "--replay":
        assert lines_of(result)[-1]["weights_sha256"] == plain[-1]["weights_sha256"]
    lineage = SavedRun.read(tmp_path / ("again" if into else "run")).history().lineage
    assert lineage == (AppliedCommand(40, SetLearningRate(0.02)),)


def test_a_setting_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    for changes in ("lr=1,lr=2", "lr=1, lr=1"):
        result = batch(*SMALL, "--fork-at", 1, "--fork", changes, "--run", tmp_path / "run")
        assert result.exit_code == 2
        assert "lr is given twice" in result.stderr
    assert not (tmp_path / "run").exists()


def test_more_threads_than_processors_are_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digit_tui.cli.options.available_processors", lambda: 2)
    for threads in (1, 2, 3):
        options = [*SMALL, "--epochs", 1, "--threads", threads, "--run", tmp_path / str(threads)]
        result = batch(*options)
        assert result.exit_code == 0, result.stderr
        assert result.stderr.count("--threads 3: this process may use 2 processors") == (
            threads == 3
        )


def test_a_fork_that_is_taught(teach_8: Teach, keep_drawings: KeepDrawings, tmp_path: Path) -> None:
    changes = ["--fork-at", 32, "--fork", "teach=mine"]  # at its end
    result = batch(*SMALL, "--epochs", 1, "--json", *changes, "--run", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    lines = lines_of(result)
    (taught,) = (line for line in lines if line["event"] == "setting_changed")
    assert (taught["arm"], taught["setting"]) == ("fork", "taught")
    assert (taught["old"], taught["new"]) == ([], [[teach_8.drawings, 8]])
    assert set(taught["lesson"]) == {"total", "before", "after", "known"}
    assert taught["effect"]["comparison"]["total"] == 1_000
    fork_ended, ended = (line for line in lines if line["event"] == "run_ended")
    assert fork_ended["weights_sha256"] != ended["weights_sha256"]
    # Later, when the person has drawn others, and as a report.
    keep_drawings(drawings_of(seed=8))
    again = batch("--replay", fork_ended["run"], "--json", "--run", tmp_path / "again")
    assert again.exit_code == 0, again.stderr
    assert lines_of(again)[-1]["weights_sha256"] == fork_ended["weights_sha256"]
    keep_drawings(drawings_of())
    report = batch("--resume", tmp_path / "run", *changes).stdout
    lesson = taught["lesson"]
    told = f"{lesson['before']} right before, {lesson['after']} after, each tested unseen"
    assert f"Fork           at step 32: 8 drawings taught\n               {told}" in report
    wrong = {
        "teach=yours": "'yours' is not mine",
        "teach=mine": "are needed to teach it, you have 4",
    }
    keep_drawings(drawings_of(), 4)
    for words, reason in wrong.items():
        refused = batch(*SMALL, "--fork-at", 8, "--fork", words, "--run", tmp_path / "other")
        assert refused.exit_code == 2
        assert reason in refused.stderr
