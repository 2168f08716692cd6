"""One process a run, however it ends."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.command_script import CommandScript

from digit_tui.storage import lock as lock_module
from digit_tui.storage.errors import RunTaken
from digit_tui.storage.lock import LOCK, Lock, lock_owner
from digit_tui.storage.run_writer import RunWriter
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.run_request import resume_request
from digit_tui.training.trainer import Trainer

HOLD = """
import sys
from pathlib import Path
from digit_tui.storage.lock import Lock
lock = Lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
lock.release()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the lock, until its input ends."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_process_is_refused_with_the_number_of_the_first(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert lock_owner(tmp_path) == holder.pid
    refusal = f"{tmp_path} is in use by another process ({holder.pid}): quit that first"
    with pytest.raises(RunTaken, match=re.escape(refusal)):
        Lock(tmp_path)
    assert lock_owner(tmp_path) == holder.pid  # asking has not freed it
    holder.communicate("", timeout=20)
    assert lock_owner(tmp_path) is None
    assert not (tmp_path / LOCK).exists()
    Lock(tmp_path).release()


def test_a_process_that_was_killed_holds_nothing(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    holder.kill()
    holder.wait(timeout=20)
    assert (tmp_path / LOCK).read_text() == f"{holder.pid}\n"  # it could not remove it
    assert lock_owner(tmp_path) is None
    lock = Lock(tmp_path)
    assert lock_owner(tmp_path) == os.getpid()
    lock.release()
    assert not (tmp_path / LOCK).exists()


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="signals of POSIX")
def test_a_process_that_is_stopped_still_holds_it(
    holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    holder.send_signal(signal.SIGSTOP)  # as ctrl+z does
    with pytest.raises(RunTaken):
        Lock(tmp_path)


@pytest.mark.parametrize("content", ["", "12345\n", "1\n", "12", "\0" * 50])
def test_a_stale_file_is_harmless(content: str, tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text(content)
    assert lock_owner(tmp_path) is None
    lock = Lock(tmp_path)
    assert (tmp_path / LOCK).read_text() == f"{os.getpid()}\n"
    lock.release()


def test_nobody_has_what_is_not_there(tmp_path: Path) -> None:
    assert lock_owner(tmp_path) is None
    assert lock_owner(tmp_path / "missing") is None
    assert os.listdir(tmp_path) == []  # asking makes nothing


def test_the_same_process_is_refused_too(tmp_path: Path) -> None:
    lock = Lock(tmp_path)
    with pytest.raises(RunTaken, match=rf"\({os.getpid()}\)"):
        Lock(tmp_path)
    lock.release()
    Lock(tmp_path).release()


@pytest.mark.skipif(sys.platform == "win32", reason="what is open cannot be removed there")
def test_a_file_that_is_removed_while_it_is_locked_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The one before releases it between our opening and our locking.
    lock_it = lock_module._try
    tried = []

    def removed_meanwhile(*values: Any, **options: Any) -> None:
        if not tried:
            (tmp_path / LOCK).unlink()
        tried.append(values)
        lock_it(*values, **options)

    monkeypatch.setattr(lock_module, "_try", removed_meanwhile)
    lock = Lock(tmp_path)
    assert len(tried) == 2
    monkeypatch.undo()
    assert lock_owner(tmp_path) == os.getpid()
    lock.release()


def test_who_only_asks_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asking = Lock(tmp_path)
    waited = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            asking.release()

    monkeypatch.setattr(lock_module, "sleep", wait)
    Lock(tmp_path).release()
    assert len(waited) == 2
    assert 0 < sum(waited) < 1


@pytest.mark.parametrize("name", ["ftruncate", "write"])
def test_a_disk_that_refuses_leaves_it_to_others(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, name, refuse)
        with pytest.raises(OSError, match="space"):
            Lock(tmp_path)
    assert lock_owner(tmp_path) is None
    Lock(tmp_path).release()


# Runs


def ways(config: Any, digits: Any, path: Path) -> list[Callable[[], Any]]:
    """All that would train in a folder."""
    trainer = Trainer(config, digits, CommandScript([]), RunWriter(path))
    return [
        lambda: next(trainer.run()),
        lambda: RunWriter(path).take_over(),
        lambda: resume_request(path).trainer(digits, CommandScript([]), interactive=False),
    ]


def test_a_run_that_is_trained_is_not_trained_twice(
    config: Any, digits: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock_module, "TRY_SECONDS", 0)
    events = Trainer(config, digits, CommandScript([]), RunWriter(tmp_path)).run()
    next(events)
    for way in ways(config, digits, tmp_path):
        with pytest.raises(RunTaken, match=rf"in use by another process \({os.getpid()}\)"):
            way()
    assert SavedRun.read(tmp_path).state() == "running"
    *_, ended = events
    assert ended.reason == "finished"
    assert lock_owner(tmp_path) is None
    assert not (tmp_path / LOCK).exists()


def test_a_run_that_cannot_be_resumed_is_left_to_others(
    config: Any, digits: Any, train: Any, tmp_path: Path
) -> None:
    train(folder=tmp_path)
    (tmp_path / "journal.jsonl").write_text("{\n")
    opening = resume_request(tmp_path)
    with pytest.raises(Exception, match="journal"):
        opening.trainer(digits, CommandScript([]), interactive=False)
    assert lock_owner(tmp_path) is None


def test_one_of_many_that_begin_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "digit_tui", "--batch", "--data", "sample", "--hidden", "4"]
    command += ["--epochs", "2", "--threads", "1", "--run", str(folder)]
    programs = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [program.communicate(timeout=60)[1] for program in programs]
    ended = sorted(zip((program.returncode for program in programs), said, strict=True))
    assert [status for status, _ in ended] == [0, 2, 2], said
    for _, words in ended[1:]:
        assert re.search("in use by another process|holds a run already", words.splitlines()[-1])
    assert SavedRun.read(folder).state() == "finished"
