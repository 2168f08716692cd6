"""Storages: the lock of a journal, moments without an answer, names and URLs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from optuna.exceptions import StorageInternalError
from optuna.storages import InMemoryStorage
from optuna.study import StudyDirection
from support.rarely import rarely
from support.sweeps import MakeSweep, work

from digit_tui.storage.run_files import sweeps_folder
from digit_tui.storage.run_index import find_run, run_name
from digit_tui.sweep import journal_lock
from digit_tui.sweep.errors import StorageTrouble, StudyError, Unavailable
from digit_tui.sweep.finding import find_study
from digit_tui.sweep.journal_lock import JournalLock
from digit_tui.sweep.processes import ProcessId, has_ended, this_process
from digit_tui.sweep.retrying import RetryingStorage
from digit_tui.sweep.storages import place_of, require_optuna, without_password
from digit_tui.sweep.study import Sweep, remember

posix = pytest.mark.skipif(os.name != "posix", reason="symbolic links, kill -9")
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

TAKE = """
import sys, time
from pathlib import Path
from digit_tui.sweep.journal_lock import JournalLock
JournalLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
time.sleep(60)
"""


@linux
def test_a_process_that_was_killed_holds_no_lock(tmp_path: Path) -> None:
    journal = tmp_path / "journal.log"
    holder = subprocess.Popen(
        [sys.executable, "-c", TAKE, str(journal)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    owner = ProcessId.parse(os.readlink(f"{journal}.lock").rpartition(":")[0])
    assert not has_ended(owner)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    assert has_ended(owner)
    lock = JournalLock(journal, forgotten_seconds=3600)
    lock.acquire()
    lock.release()
    assert os.listdir(tmp_path) == []


@posix
def test_a_lock_of_another_machine_is_broken_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = tmp_path / "journal.log"
    os.symlink("elsewhere:1:2:token", f"{journal}.lock")
    now = 0.0
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        nonlocal now
        now += seconds
        pauses.append(seconds)

    monkeypatch.setattr(journal_lock, "monotonic", lambda: now)
    monkeypatch.setattr(journal_lock, "sleep", pause)
    lock = JournalLock(journal, forgotten_seconds=5)
    lock.acquire()
    assert 5 < sum(pauses) < 5.2
    # Whoever was slow and not dead does not take away what is another's by now.
    os.unlink(f"{journal}.lock")
    os.symlink("another:1:2:token", f"{journal}.lock")
    lock.release()
    assert os.readlink(f"{journal}.lock") == "another:1:2:token"


COUNT = """
import sys
from pathlib import Path
from digit_tui.sweep.journal_lock import JournalLock
counter = Path(sys.argv[1])
lock = JournalLock(counter)
for _ in range(200):
    lock.acquire()
    counter.write_text(str(int(counter.read_text()) + 1))
    lock.release()
"""


@posix
@pytest.mark.parametrize("processes", [*rarely(6)])
def test_only_one_process_has_the_lock(processes: int, tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    started = [
        subprocess.Popen([sys.executable, "-c", COUNT, str(counter)]) for _ in range(processes)
    ]
    assert [each.wait() for each in started] == [0] * processes
    assert counter.read_text() == str(200 * processes)


def test_this_process_has_not_ended() -> None:
    assert not has_ended(this_process())
    assert not has_ended(ProcessId.parse("elsewhere:1:2"))
    assert not has_ended(ProcessId.parse("nonsense"))
    assert ProcessId.parse(this_process().text) == this_process()


class Silent(InMemoryStorage):
    """Does not answer at first."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures

    def get_study_id_from_name(self, study_name: str) -> int:
        self.failures -= 1
        if self.failures >= 0:
            raise StorageInternalError("server closed the connection")
        return super().get_study_id_from_name(study_name)


def test_a_storage_that_does_not_answer_is_asked_again() -> None:
    silent, told, waits = Silent(3), [], []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return False

    storage = RetryingStorage(silent, (), wait, told.append, lambda: None)
    storage.create_new_study([StudyDirection.MAXIMIZE], "s")
    assert storage.get_study_id_from_name("s") == 0
    assert waits == [0.1, 0.2, 0.4]
    assert [each.partition(",")[0].partition(":")[0] for each in told] == [
        "the storage does not answer",
        "the storage answers again",
    ]
    silent.failures = 99
    stopping = RetryingStorage(silent, (), lambda _: True, told.append, lambda: None)
    with pytest.raises(StorageTrouble, match="server closed the connection"):
        stopping.get_study_id_from_name("s")
    with pytest.raises(KeyError):  # what is wrong with the question is not asked again
        RetryingStorage(InMemoryStorage(), (), wait, told.append, lambda: None).get_trial(7)


def test_half_a_line_at_the_end_of_a_journal_is_mended(
    make_sweep: MakeSweep, tmp_path: Path
) -> None:
    work(make_sweep(trials=1))
    journal = tmp_path / "s" / "journal.log"
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"op_code":8,"worker_')
    sweep = make_sweep(trials=2)
    assert journal.read_bytes().startswith(whole)
    work(sweep)
    assert [trial.state.name for trial in sweep.trials()] == ["COMPLETE"] * 2


def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path, make_sweep: MakeSweep) -> None:
    folder = tmp_path / "s"
    folder.mkdir()
    (folder / "journal.log").write_text("dear diary\n")
    with pytest.raises(StudyError, match="no journal of a sweep"):
        make_sweep()
    assert (folder / "journal.log").read_text() == "dear diary\n"


@pytest.mark.parametrize("name", ["", "a b", "../x", "join", ".x", "x" * 65, "a/b"])
def test_names_of_studies_are_names_of_folders(name: str) -> None:
    with pytest.raises(StudyError, match="cannot be the name"):
        place_of(name, None)


def test_passwords_are_neither_shown_nor_written() -> None:
    url = "postgresql://me:secret@host/db?x=1"
    assert without_password(url) == "postgresql://me@host/db?x=1"
    place = place_of("secretive", url)
    assert place.words == "postgresql://me@host/db?x=1"
    remember(place)
    assert "secret@" not in (place.folder / "study.json").read_text()
    assert find_study("secretive").url == "postgresql://me@host/db?x=1"
    with pytest.raises(StudyError, match=r"--storage mysql://me@host: give sqlite"):
        place_of("s", "mysql://me:secret@host")


def test_trials_have_names_that_commands_know(make_sweep: MakeSweep) -> None:
    sweep = make_sweep(trials=1, name="named", storage=None)
    home = sweeps_folder() / "named"
    work(sweep)
    home.parent.mkdir(parents=True, exist_ok=True)
    os.rename(sweep.place.folder, home)
    assert find_run("named/0") == home / "0"
    assert run_name(home / "0") == "named/0"
    assert find_study("named").journal == home / "journal.log"
    assert Sweep.open(find_study("named")).done()
    with pytest.raises(StudyError, match="there is no study nobody"):
        find_study("nobody")


def test_without_optuna_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(Unavailable, match=r"pip install 'digit-tui\[sweep\]'"):
        require_optuna()
