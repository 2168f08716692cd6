"""The headless front end, as scripts meet it: lines on stdout, exit statuses, signals."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from digit_tui.cli.main import cli
from digit_tui.config import RunConfig
from digit_tui.engine.worker_pool import WORKER_PROCESSES
from digit_tui.run.commands import Save, SetLearningRate, Stop
from digit_tui.run.events import EpochEnded
from digit_tui.storage.run_writer import RunWriter
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training import saving
from digit_tui.training.command_source import CommandScript
from digit_tui.training.run_request import RunRequest, resume_request

SMALL = [
    *["--batch", "--data", "sample", "--preset", "classic", "--hidden", "8"],
    *["--optimizer", "adam", "--batch-size", "125", "--threads", "1"],
]

EPOCH_ENDED = [
    "event",
    "epoch",
    "step",
    "learning_rate",
    "optimizer",
    "train_loss",
    "train_accuracy",
    "test_loss",
    "test_accuracy",
    "gradient_norm",
    "clip_rate",
    "seconds",
    "images_per_second",
]
RUN_ENDED = [
    "event",
    "reason",
    "epochs",
    "steps",
    "test_accuracy",
    "test_correct",
    "test_total",
    "weights_sha256",
    "seconds",
    "run",
]


@pytest.fixture(autouse=True)
def saved_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """No checkpoints at the ends of epochs in this process: else the clock decides of them."""
    monkeypatch.setattr(saving, "SAVE_SHARE", -1.0)


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, [*SMALL, *arguments], prog_name="digit-tui")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def run_saved(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, ["--batch", *arguments], prog_name="digit-tui")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def record_of(folder: Path) -> dict[str, Any]:
    """run.json"""
    return SavedRun.read(folder).record


def events_of(stdout: str) -> list[dict[str, Any]]:
    """Every line, which must be an object in strict JSON."""
    assert stdout.endswith("\n")

    def refuse(word: str) -> None:
        pytest.fail(f"{word} is no JSON")

    events = [json.loads(line, parse_constant=refuse) for line in stdout.splitlines()]
    assert all(isinstance(event["event"], str) for event in events)
    return events


# What is printed


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


def test_without_a_folder_a_run_goes_to_the_state_directory(no_home: Path) -> None:
    result = run("--epochs", "0", "--json")
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


# How it ends


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
    assert "--lr" in result.stderr
    assert record_of(folder)["state"] == "diverged"
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
    options = ["--epochs", "0", "--json", "--run", str(tmp_path)]
    assert run(*options).exit_code == 0
    before = (tmp_path / "checkpoint.npz").read_bytes()
    result = run(*options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--run" in result.stderr
    assert result.stderr.count("\n") == 1
    assert (tmp_path / "checkpoint.npz").read_bytes() == before


def test_a_folder_that_can_not_be_made_is_a_disk_error(tmp_path: Path) -> None:
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


def test_weights_that_can_not_be_saved_are_a_disk_error_with_a_result(
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


# Going on, and repeating


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


# The world outside: pipes, full devices, signals

posix = pytest.mark.skipif(os.name != "posix", reason="signals and pipes of POSIX")

LAUNCH = """
import signal, sys
for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # whatever the tests were started with
    ignored = name in sys.argv[1].split(",")
    default = signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
    signal.signal(getattr(signal, name), signal.SIG_IGN if ignored else default)
del sys.argv[1]
from digit_tui.cli.main import main
main()
"""


def start(
    folder: Path, *arguments: str, ignored: str = "", stdout: Any = subprocess.PIPE
) -> subprocess.Popen[str]:
    """A run of its own process that would take hours, in the folder `run`."""
    run_options = [*SMALL, "--epochs", "1000000", "--schedule", "constant"]
    return subprocess.Popen(
        [sys.executable, "-c", LAUNCH, ignored, *run_options, "--run", "run", *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def wait_for_an_epoch(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(2)]
    assert json.loads(lines[1])["event"] == "epoch_ended"
    return lines


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_a_run_after_its_step_with_the_result_so_far(
    name: str, tmp_path: Path
) -> None:
    number = getattr(signal, name)
    with start(tmp_path, "--json") as process:
        lines = wait_for_an_epoch(process)
        process.send_signal(number)
        rest, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "Traceback" not in errors
    ended = events_of("".join(lines) + rest)[-1]
    assert list(ended) == RUN_ENDED
    assert ended["reason"] == "interrupted"
    assert ended["epochs"] >= 1
    record = record_of(tmp_path / "run")
    assert record["state"] == "interrupted"
    assert record["results"]["weights_sha256"] == ended["weights_sha256"]


@posix
def test_an_interrupted_run_still_reports_to_people(tmp_path: Path) -> None:
    with start(tmp_path) as process:
        assert process.stderr is not None
        while "epoch" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        report, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "(interrupted)" in report
    assert "Test accuracy" in report


@posix
def test_a_signal_that_the_parent_ignores_stays_ignored(tmp_path: Path) -> None:
    with start(tmp_path, "--json", ignored="SIGHUP") as process:  # as nohup does
        wait_for_an_epoch(process)
        process.send_signal(signal.SIGHUP)
        assert process.stdout is not None
        epochs = 0
        while epochs < 5:
            name = json.loads(process.stdout.readline())["event"]
            assert name in ("epoch_ended", "checkpoint_saved")
            epochs += name == "epoch_ended"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 143


@posix
def test_a_reader_that_goes_away_ends_the_run_and_saves_it(tmp_path: Path) -> None:
    with start(tmp_path, "--json") as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        errors = process.stderr.read()
    assert process.returncode == 141
    assert "Traceback" not in errors
    assert "Exception ignored" not in errors
    assert record_of(tmp_path / "run")["state"] == "interrupted"
    assert SavedRun.read(tmp_path / "run").checkpoint().state.step > 0


full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="only on Linux")


@full_device
def test_a_full_device_ends_the_run_at_once(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full, start(tmp_path, "--json", stdout=full) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 74
    assert errors.count("digit-tui: ") == 1
    assert "No space left on device" in errors
    assert "Traceback" not in errors
    assert not (tmp_path / "run").exists()  # no step was made


@full_device
def test_a_report_to_a_full_device_does_not_cost_the_run(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full, start(tmp_path, "--epochs", "1", stdout=full) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 74
    assert errors.count("digit-tui: ") == 1
    assert "Traceback" not in errors
    assert record_of(tmp_path / "run")["state"] == "finished"
    assert SavedRun.read(tmp_path / "run").checkpoint().state.epoch == 1


@full_device
@pytest.mark.parametrize(
    "arguments",
    [
        [*SMALL, "--epochs", "0"],
        ["evaluate", "run"],
        ["evaluate", "run", "--json"],
        ["mistakes", "run"],
        ["mistakes", "run", "--json"],
        ["mistakes", "run", "--html", "-"],
        ["data"],
        ["data", "show", "--data", "sample"],
    ],
    ids=" ".join,
)
def test_a_report_that_can_not_be_written_is_a_disk_error(
    arguments: list[str], tmp_path: Path
) -> None:
    if "run" in arguments:
        assert run("--epochs", "0", "--run", str(tmp_path / "run")).exit_code == 0
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "digit_tui", *arguments],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
    assert "Traceback" not in done.stderr
    assert done.returncode == 74


def with_closed(
    redirection: str, folder: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run with a standard stream closed, not just redirected: Python has None for it."""
    program = [sys.executable, "-m", "digit_tui", *SMALL, "--epochs", "1", "--run", "run"]
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *program, *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@posix
def test_without_stderr_stdout_is_still_results_only(tmp_path: Path) -> None:
    done = with_closed("2>&-", tmp_path, "--json", "--target-accuracy", "1")
    assert done.returncode == 5
    assert [event["event"] for event in events_of(done.stdout)] == [
        "run_started",
        "epoch_ended",
        "checkpoint_saved",  # the first is due at once
        "checkpoint_saved",
        "run_ended",
    ]


@posix
@pytest.mark.parametrize("form", [["--json"], []], ids=["json", "text"])
def test_without_stdout_the_run_is_still_made(form: list[str], tmp_path: Path) -> None:
    done = with_closed(">&-", tmp_path, *form)
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 74)
    assert record_of(tmp_path / "run")["state"] in ("finished", "interrupted")


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
    assert f"Validation     {100 * ended['validation_accuracy']:.2f} % (95 % interval " in told
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
