"""A batch run whose reader, disk or terminal goes away.

`pytest -m long tests/end_to_end/test_batch.py` tries more of what may go away.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from support.interrupted import assert_saved
from support.rarely import endurance, rarely
from support.terminal import CLOSING

from digit_tui.storage.run_files import CHECKPOINT
from digit_tui.storage.saved_run import SavedRun

if sys.platform == "win32":
    pytest.skip("Windows has no pseudo-terminals", allow_module_level=True)

pytestmark = pytest.mark.timeout(60)

Start = Callable[..., Any]

BATCH = ("--batch", "--preset", "classic", "--hidden", "16", "--threads", "1", "--data", "sample")


def program(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "digit_tui", *arguments]


class TestBatch:
    @pytest.mark.parametrize("form", [["--json"], []], ids=["json", "report"])
    def test_a_reader_that_went_away(self, tmp_path: Path, form: list[str]) -> None:
        epochs = "100000" if form else "30"
        words = program(*BATCH, "--epochs", epochs, "--run", str(tmp_path / "run"), *form)
        reader = "head -1 >/dev/null" if form else "true"
        done = subprocess.run(
            ["bash", "-c", f'"$@" | {reader}; echo "${{PIPESTATUS[0]}}"', "bash", *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert done.stdout == "141\n"
        assert "Traceback" not in done.stderr
        saved = SavedRun.read(tmp_path / "run")
        assert saved.checkpoint().state.step == saved.record["results"]["steps"] > 0

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
    @pytest.mark.parametrize("form", [*rarely(["--json"]), *endurance([])], ids=["json", "report"])
    def test_standard_output_is_full(self, tmp_path: Path, form: list[str]) -> None:
        folder = tmp_path / "run"
        words = program(*BATCH, "--epochs", "400", "--run", str(folder))
        with subprocess.Popen(words, stderr=subprocess.DEVNULL) as process:
            wait_for(folder / CHECKPOINT, process)
            process.terminate()
        before = assert_saved(folder)
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                program("--batch", "--resume", str(folder), *form),
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
                timeout=50,
            )
        assert done.returncode == 74
        assert "Traceback" not in done.stderr
        assert "cannot write to standard output: No space left on device" in done.stderr
        saved = SavedRun.read(folder)
        assert saved.checkpoint().state.step == saved.record["results"]["steps"] >= before
        assert saved.record["state"] == ("interrupted" if form else "finished")
        assert not saved.damaged

    @pytest.mark.long
    def test_the_disk_is_full(self, small_disk: Path) -> None:
        folder = small_disk / "run"
        words = program(*BATCH, "--epochs", "200", "--run", str(folder))
        with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
            wait_for(folder / CHECKPOINT, process)
            process.send_signal(signal.SIGSTOP)
            before = SavedRun.read(folder).checkpoint().state.step
            fill(small_disk / "filler")
            process.send_signal(signal.SIGCONT)
            _, said = process.communicate(timeout=50)
        assert process.returncode == 74
        assert "Traceback" not in said
        assert said.count("cannot save: No space left on device") == 1
        saved = SavedRun.read(folder)
        assert saved.checkpoint().state.step >= before  # it may have been stopped in a save
        assert not saved.damaged

    @pytest.mark.long
    @pytest.mark.parametrize("hangup", ["default", *rarely("ignored", "none")])
    def test_its_terminal_is_closed(self, terminal: Start, tmp_path: Path, hangup: str) -> None:
        folder = tmp_path / "run"
        epochs = "100" if hangup != "default" else "100000"
        with open(tmp_path / "report", "w") as report:
            started = terminal(
                *(*BATCH, "--epochs", epochs, "--run", str(folder)),
                preparations=CLOSING[hangup],
                stdout=report,
            )
        started.until(lambda: re.search(rb"epoch [1-9]\d*/", started.output))
        started.hang_up()
        started.process.wait(20)
        saved = SavedRun.read(folder)
        if hangup == "default":
            assert started.process.returncode == 128 + signal.SIGHUP
            assert_saved(folder)
        else:  # as nohup asks: it goes on to its end
            assert started.process.returncode == 0
            assert saved.record["state"] == "finished"
            assert saved.checkpoint().state.epoch == 100
        assert "Weights  " in (tmp_path / "report").read_text()


def wait_for(path: Path, process: subprocess.Popen[Any]) -> None:
    """Until a program has made a file."""
    end = monotonic() + 20
    while not path.exists():
        assert monotonic() < end
        assert process.poll() is None
        sleep(0.005)


def fill(path: Path) -> None:
    """Leave no room on a disk."""
    with open(path, "wb", buffering=0) as file:
        for size in (65_536, 512, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, in memory."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"cannot mount a file system: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)
