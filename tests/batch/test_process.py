"""A headless run among pipes, full devices and signals."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.batch import (
    RUN_ENDED,
    SMALL,
    events_of,
    posix,
    record_of,
    run,
    start,
    wait_for_an_epoch,
)
from support.rarely import rarely

from digit_tui.storage.saved_run import SavedRun


@posix
@pytest.mark.parametrize("name", ["SIGINT", *rarely("SIGTERM", "SIGHUP")])
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
        ["mistakes", "run", "--html", "-"],
        *rarely(
            ["evaluate", "run"],
            ["evaluate", "run", "--json"],
            ["mistakes", "run"],
            ["mistakes", "run", "--json"],
            ["data"],
            ["data", "show", "--data", "sample"],
        ),
    ],
    ids=" ".join,
)
def test_a_report_that_cannot_be_written_is_a_disk_error(
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
