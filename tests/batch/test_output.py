"""What a headless run prints: events for scripts, progress and a report for people."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.batch import EPOCH_ENDED, RUN_ENDED, SMALL, events_of, record_of, run

from digit_tui.cli.main import cli
from digit_tui.training import saving


def test_json_lines_are_the_events_of_the_contract(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    result = run("--epochs", "3", "--json", "--run", str(folder))
    assert result.exit_code == 0
    events = events_of(result.stdout)
    assert [event["event"] for event in events] == [
        "run_started",
        *["epoch_ended"] * 3,
        "checkpoint_saved",
        "run_ended",
    ]
    started, *epochs, saved, ended = events
    assert set(started) >= {"event", "config", "data", "network", "versions", "run"}
    assert started["network"] == [784, 8, 10]
    assert started["config"]["hidden"] == [8]
    assert started["data"]["name"] == "sample"
    assert saved == {"event": "checkpoint_saved", "step": 96, "path": str(folder)}
    for number, epoch in enumerate(epochs, start=1):
        assert list(epoch) == EPOCH_ENDED
        assert (epoch["epoch"], epoch["step"]) == (number, 32 * number)
        assert epoch["optimizer"] == "adam"
        assert epoch["clip_rate"] == 0
    assert list(ended) == RUN_ENDED
    assert (ended["reason"], ended["epochs"], ended["steps"]) == ("finished", 3, 96)
    assert ended["test_total"] == 1000
    assert ended["test_accuracy"] == ended["test_correct"] / 1000 == epochs[-1]["test_accuracy"]
    assert re.fullmatch("[0-9a-f]{64}", ended["weights_sha256"])
    assert ended["seconds"] >= sum(epoch["seconds"] for epoch in epochs)
    assert ended["run"] == str(folder)
    assert record_of(folder)["results"]["weights_sha256"] == ended["weights_sha256"]


def test_epochs_are_saved_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "SAVE_SHARE", 1e9)
    result = run("--epochs", "2", "--json", "--run", str(tmp_path / "run"))
    told = [(event["event"], event.get("step")) for event in events_of(result.stdout)]
    assert told[1:-1] == [
        *[("epoch_ended", 32), ("checkpoint_saved", 32)],
        *[("epoch_ended", 64), ("checkpoint_saved", 64)],
        ("checkpoint_saved", 64),  # the end of the run
    ]


def test_progress_goes_to_stderr_in_plain_lines(tmp_path: Path) -> None:
    result = run("--epochs", "3", "--json", "--run", str(tmp_path / "run"))
    first, *_, last = result.stderr.splitlines()
    assert "784-8-10" in first
    assert "epoch 3/3" in last
    assert events_of(result.stdout)  # and nothing of it is on stdout


def test_people_get_a_report(tmp_path: Path) -> None:
    result = run("--epochs", "2", "--run", str(tmp_path / "run"))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    results = record_of(tmp_path / "run")["results"]
    accuracy = results["test_accuracy"]
    assert f"{accuracy:.2%}" in lines[0]
    rows = [line.split() for line in lines if re.match(r" +\d ", line)]
    assert [row[0] for row in rows] == list("0123456789")
    counts = [[0 if cell == "·" else int(cell) for cell in row[1:-3]] for row in rows]
    assert [sum(row) for row in counts] == [100] * 10
    assert sum(counts[digit][digit] for digit in range(10)) == round(1000 * accuracy)
    assert "Most confused" in result.stdout
    assert "2 epochs of 4,000 images, 64 steps" in lines[-3]
    assert lines[-2].split() == ["Weights", results["weights_sha256"]]
    assert lines[-1].split() == ["Run", str(tmp_path / "run")]


def test_an_option_that_has_no_effect_is_told(tmp_path: Path) -> None:
    given = ("--epochs", "0", "--elastic", "2")
    told = "--elastic 2 is not used: --augment is shift\n"
    assert told in run(*given, "--augment", "shift", "--run", str(tmp_path / "1")).stderr
    used = run(*given, "--augment", "elastic", "--run", str(tmp_path / "2"))
    assert "is not used" not in used.stderr


def test_without_a_folder_a_run_goes_to_the_state_directory(no_home: Path) -> None:
    result = run("--epochs", "0", "--json")
    assert "--epochs 0: nothing is trained, only measured\n" in result.stderr
    folder = Path(events_of(result.stdout)[-1]["run"])
    assert folder.is_relative_to(no_home)
    assert record_of(folder)["state"] == "finished"


def test_a_run_repeats_itself_in_another_process(tmp_path: Path) -> None:
    options = ["--epochs", "2", "--seed", "11", "--augment", "elastic", "--json"]
    here = events_of(run(*options, "--run", str(tmp_path / "here")).stdout)
    there = subprocess.run(
        [sys.executable, "-m", "digit_tui", *SMALL, *options, "--run", str(tmp_path / "there")],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    assert events_of(there.stdout)[-1]["weights_sha256"] == here[-1]["weights_sha256"]
    other = events_of(run(*options, "--seed", "12").stdout)
    assert other[-1]["weights_sha256"] != here[-1]["weights_sha256"]


def test_classic_learns_the_full_mnist(full_mnist: Path, tmp_path: Path) -> None:
    classic = ["--batch", "--preset", "classic", "--data", str(full_mnist)]
    options = [*classic, "--epochs", "2", "--json", "--run", str(tmp_path / "run")]
    result = CliRunner().invoke(cli, options, prog_name="digit-tui")
    ended = events_of(result.stdout)[-1]
    assert ended["test_total"] == 10_000
    assert ended["test_accuracy"] > 0.96


def test_held_out_digits_are_watched_and_the_test_set_is_read_at_the_end(tmp_path: Path) -> None:
    result = run("--epochs", "2", "--validation", "500", "--json", "--run", str(tmp_path / "run"))
    started, *_, ended = events_of(result.stdout)
    assert started["data"]["training_images"] == 3_500
    assert started["data"]["validation_images"] == 500
    first, last = [line for line in events_of(result.stdout) if line["event"] == "epoch_ended"]
    assert first["test_accuracy"] is first["test_loss"] is None
    assert ended["validation_accuracy"] == ended["validation_correct"] / 500
    assert ended["validation_accuracy"] == last["validation_accuracy"]
    assert ended["test_accuracy"] == ended["test_correct"] / 1_000
    assert "test_opened" not in ended
    told = run("--epochs", "2", "--validation", "500", "--run", str(tmp_path / "told")).stdout
    assert f"Validation     {100 * ended['validation_accuracy']:.2f}% (95% interval " in told
    assert "Test set       opened now, at the end" in told
    shown = CliRunner().invoke(cli, ["runs", "show", str(tmp_path / "told")]).stdout
    assert f"Validation     {ended['validation_accuracy']:.2%}" in shown


def test_a_target_is_for_the_held_out_digits(tmp_path: Path) -> None:
    options = ["--epochs", "1", "--validation", "500", "--json", "--run"]
    ended = events_of(run(*options, str(tmp_path / "one")).stdout)[-1]
    accuracy = ended["validation_accuracy"]
    reached = run(*options, str(tmp_path / "two"), "--target-accuracy", repr(accuracy))
    assert reached.exit_code == 0
    missed = run(*options, str(tmp_path / "three"), "--target-accuracy", repr(accuracy + 1e-9))
    assert missed.exit_code == 5
    assert f"validation accuracy {accuracy} is below the target" in missed.stderr


def test_too_many_held_out_digits_are_refused() -> None:
    result = run("--validation", "4000")
    assert result.exit_code == 3
    assert "4,000 training images; hold out fewer" in result.stderr
    assert run("--validation", "-1").exit_code == 2


@pytest.mark.parametrize(("rate", "told"), [("5", True), ("0.05", False)])
def test_a_network_that_only_guesses_is_told_of(rate: str, told: bool) -> None:
    result = run("--epochs", "2", "--optimizer", "momentum", "--lr", rate)
    assert result.exit_code == 0
    pattern = r"digit-tui: every test digit is read as \d: the network only guesses; "
    assert bool(re.search(pattern, result.stderr)) == told
