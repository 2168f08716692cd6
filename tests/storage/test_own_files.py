"""Files that others put into a run's folder: never followed, cut, replaced or removed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.saved_runs import MakeRun, names, runs

from digit_tui.cli.main import cli
from digit_tui.storage.errors import RunError, RunTaken
from digit_tui.storage.journal import JournalFile
from digit_tui.storage.lock import Lock
from digit_tui.storage.own_files import looks_own, own_name
from digit_tui.storage.run_files import CHECKPOINTS, JOURNAL, LOCK, METRICS, RECORD
from digit_tui.storage.run_writer import RunWriter

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")

NOTES = b"what somebody wrote\nand did not end with a line break"


def batch(*arguments: object) -> Any:
    words = ["--batch", *map(str, arguments)]
    result = CliRunner().invoke(cli, words, prog_name="digit-tui")
    assert isinstance(result.exception, SystemExit | None), result.exception
    return result


def refused(result: Any, *words: object, status: int = 3) -> None:
    assert (result.exit_code, result.stdout) == (status, "")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert str(word) in result.stderr


def test_a_lock_that_is_not_ours_stays(digits_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / LOCK).write_bytes(NOTES)
    result = batch("--run", folder, "--data", digits_folder, "--side", 6, "--epochs", 1)
    refused(result, folder / LOCK, "was not made by digit-tui")
    assert (folder / LOCK).read_bytes() == NOTES
    assert names(folder) == [LOCK]


@pytest.mark.parametrize("exists", [True, False])
def test_a_lock_that_is_a_link_is_not_followed(
    exists: bool, make_run: MakeRun, tmp_path: Path
) -> None:
    path, outside = make_run(), tmp_path / "outside"
    if exists:
        outside.write_bytes(b"")
    (path / LOCK).symlink_to(outside)
    before = names(path)
    refused(batch("--resume", path), path / LOCK, "is a symbolic link")
    refused(runs("rm", path, "--yes"), path / LOCK, "is a symbolic link")
    assert names(path) == before
    assert outside.exists() == exists
    assert not exists or outside.read_bytes() == b""


@pytest.mark.parametrize("name", [JOURNAL, METRICS, RECORD, *CHECKPOINTS])
def test_a_file_that_is_a_link_is_not_written_to(
    name: str, make_run: MakeRun, tmp_path: Path
) -> None:
    path, outside = make_run(), tmp_path / "outside"
    os.rename(path / name, outside)
    (path / name).symlink_to(outside)
    content = outside.read_bytes()
    refused(batch("--resume", path), path / name, "is a symbolic link")
    assert LOCK not in names(path)
    if name != RECORD:  # else it is no run
        result = runs("rm", path, "--yes")
        assert f"keeps files that belong to no run: {name}\n" in result.stdout
        assert names(path) == [name]
    assert outside.read_bytes() == content


def test_a_new_run_does_not_follow_links_that_lead_nowhere(
    digits_folder: Path, tmp_path: Path
) -> None:
    for name in (JOURNAL, METRICS, RECORD, *CHECKPOINTS):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).symlink_to(tmp_path / "outside")
        result = batch("--run", folder, "--data", digits_folder, "--side", 6, "--epochs", 1)
        refused(result, "holds a run already", status=2)
        assert names(folder) == [name]
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("name", [JOURNAL, METRICS])
def test_what_others_wrote_is_not_replaced(name: str, make_run: MakeRun) -> None:
    path = make_run()
    (path / name).write_bytes(NOTES.splitlines()[1])  # an incomplete line, if it were a journal
    refused(batch("--resume", path), path / name, "was not made by digit-tui")
    runs("rm", path, "--yes")
    assert (path / name).read_bytes() == NOTES.splitlines()[1]


@pytest.mark.parametrize("end", [NOTES, b"{notes", b" ", b"{" + b"\0" * 8 + b"x", b"x" * (1 << 23)])
def test_what_follows_a_journal_is_cut_only_if_it_is_part_of_a_line(
    end: bytes, tmp_path: Path
) -> None:
    path = tmp_path / JOURNAL
    content = b'{"step": 1}\n' + end.splitlines()[-1]
    path.write_bytes(content)
    with pytest.raises(RunError, match="does not cut off"):
        JournalFile(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("end", [b"", b"{", b'{"st', b"\0\0", b'{"event": "ep\0\0\0'])
def test_what_a_crash_leaves_is_cut(end: bytes, tmp_path: Path) -> None:
    path = tmp_path / JOURNAL
    line = json.dumps({"event": "x" * 200_000}).encode() + b"\n"
    path.write_bytes(line + end)
    journal = JournalFile(path)
    journal.append({"step": 2})
    journal.close()
    assert path.read_bytes() == line + b'{"step": 2}\n'


def test_a_pipe_does_not_block(make_run: MakeRun) -> None:
    for name in (LOCK, JOURNAL, METRICS):
        path = make_run(f"with {name}")
        (path / name).unlink(missing_ok=True)
        os.mkfifo(path / name)
        refused(batch("--resume", path), path / name, "no regular file")


def test_temporary_files_of_other_programs_stay(make_run: MakeRun, tmp_path: Path) -> None:
    path = make_run()
    theirs = (".run.json.swp", ".metrics.csv.backup", ".lock.0123456789ab")
    for name in theirs:
        (path / name).write_bytes(NOTES)
    own = ".run.json.1f0a1b2c3d4e"
    (path / own).write_text("{")
    writer = RunWriter(path)
    writer.take_over()
    writer.close()
    assert set(theirs) < set(names(path))
    assert own not in names(path)
    runs("rm", path, "--yes")
    assert names(path) == sorted(theirs)


def test_a_lock_that_another_process_put_there_meanwhile_stays(tmp_path: Path) -> None:
    lock = Lock(tmp_path)
    (tmp_path / LOCK).unlink()
    (tmp_path / LOCK).write_bytes(NOTES)
    lock.release()
    assert (tmp_path / LOCK).read_bytes() == NOTES


@pytest.mark.parametrize(
    ("name", "content", "own"),
    [
        (LOCK, b"", True),
        (LOCK, b"123\n", True),
        (LOCK, b"\0" * 8, True),
        (LOCK, b"123\n456\n", False),
        (LOCK, b"pid 123\n", False),
        (RECORD, b"", True),
        (RECORD, b"\0" * 3000, True),
        (RECORD, b'{\n  "schema": 3', True),
        (RECORD, b"[1]", False),
        (JOURNAL, b'{"step": 1}\n', True),
        (JOURNAL, b"{ my: notes }\n", False),
        (METRICS, b"epoch,step,learning_rate\n", True),
        (METRICS, b"epoch;step\n", False),
        ("checkpoint.npz", b"PK\x03\x04...", True),
        ("checkpoint.npz", b"\x93NUMPY", False),
        ("notes", b"", False),
    ],
    ids=repr,
)
def test_who_made_a_file_is_told_by_its_content(
    name: str, content: bytes, own: bool, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    assert looks_own(tmp_path / name) == own


def test_names_of_temporary_files() -> None:
    assert own_name(".best.npz.link") == "best.npz"
    assert own_name(".run.json.1f0a1b2c3d") == RECORD
    for name in (".run.json.x1", "run.json.1f0a1b2c3d", ".run.json", ".lock.1f0a1b2c3d"):
        assert own_name(name) is None


def test_two_processes_begin_in_one_folder(tmp_path: Path, config: Any, digits: Any) -> None:
    one, other = RunWriter(tmp_path), RunWriter(tmp_path)
    one.begin(config, digits.summary())
    with pytest.raises(RunTaken, match="in use by another process"):
        other.begin(config, digits.summary())
    one.close()
    with pytest.raises(RunTaken, match="holds a run already"):
        other.begin(config, digits.summary())
