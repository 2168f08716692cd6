"""`digit-tui runs rm`."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.saved_runs import MakeRun, names, runs, succeed

from digit_tui.cli.runs import remove
from digit_tui.storage import run_index
from digit_tui.storage.lock import LOCK


def test_a_run_is_removed_with_what_a_killed_process_left(
    make_run: MakeRun, runs_folder: Path
) -> None:
    path = make_run("2026-a")
    make_run("2026-b")
    left = {
        ".run.json.1f0a1b2c3d": "{",
        ".best.npz.link": "PK\3\4",
        ".metrics.csv.0123456789ab": "",
    }
    for name, content in {**left, LOCK: "123\n"}.items():
        (path / name).write_text(content)
    result = runs("rm", "2026-a", "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"Removed {path} (")
    assert names(runs_folder) == ["2026-b"]


def test_what_is_not_ours_stays(make_run: MakeRun) -> None:
    path = make_run()
    mine = ["checkpoint.npz.bak", "my run.json", "notes.txt", "sub"]
    for name in mine[:3]:
        (path / name).write_text("mine")
    (path / "sub").mkdir()
    (path / "sub" / "run.json").write_text("mine")
    text = succeed("rm", "run", "--yes")
    assert text.endswith(f"{path} keeps files that belong to no run: {', '.join(mine)}\n")
    assert names(path) == mine
    assert succeed().startswith("No run is saved yet")
    assert runs("rm", "run", "--yes").exit_code == 3


HOLD = """
import sys
from pathlib import Path
from digit_tui.storage.lock import Lock
lock = Lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_run_in_use_stays(make_run: MakeRun) -> None:
    used, free = make_run("used"), make_run("free")
    before = names(used)
    command = [sys.executable, "-c", HOLD, str(used)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        result = runs("rm", "used", "free", "--yes")
        assert result.exit_code == 2
        assert (
            result.stderr
            == f"digit-tui: {used} is in use by process {holder.pid}: quit that first\n"
        )
        assert not free.exists()
        assert "open" in succeed()
        holder.kill()
    assert names(used) == sorted([*before, LOCK])


def test_what_is_no_run_stays(make_run: MakeRun, runs_folder: Path, tmp_path: Path) -> None:
    (runs_folder / "empty").mkdir()
    folder = tmp_path / "another program's"
    folder.mkdir()
    for name in ("run.json", "metrics.csv", "checkpoint.npz"):
        (folder / name).write_text("{}")
    (tmp_path / "file").write_text("no folder")
    outside = make_run(tmp_path / "outside")
    (outside / "run.json").write_text("{}")  # damaged, or not ours: nobody knows
    for name in (folder, tmp_path / "file", outside, "empty", "missing", runs_folder, tmp_path):
        result = runs("rm", name, "--yes")
        assert result.exit_code == 3
        assert result.stdout == ""
        assert result.stderr.count("\n") == 1
    assert len(names(folder)) == 3
    assert len(names(outside)) == 6


def test_a_damaged_run_in_the_state_directory_can_be_removed(
    make_run: MakeRun, runs_folder: Path
) -> None:
    (make_run("one") / "run.json").write_text("{")
    (make_run("two") / "run.json").unlink()
    succeed("rm", "one", "two", "one", "--yes")
    assert names(runs_folder) == []


def test_rm_asks(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    path, other = make_run(), make_run("other")
    result = runs("rm", "run")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--yes" in result.stderr
    assert path.exists()
    monkeypatch.setattr(remove, "can_ask", lambda: True)
    for answer in ("\n", "n\n"):
        result = runs("rm", "run", "other", answer=answer)
        assert (result.exit_code, result.stdout) == (0, "")
        assert f"Remove {path} (" in result.stderr
        assert path.exists()
    result = runs("rm", "run", answer="y\n")
    assert result.exit_code == 0
    assert not path.exists()
    assert other.exists()


def test_a_disk_that_refuses(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = make_run("bad"), make_run("good")
    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path == bad / "metrics.csv":
            raise PermissionError(13, "Permission denied", str(path))
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    result = runs("rm", "bad", "good", "--yes")
    assert result.exit_code == 74
    wanted = f"digit-tui: cannot remove {bad / 'metrics.csv'}: Permission denied\n"
    assert result.stderr == wanted
    assert not good.exists()
    monkeypatch.undo()
    monkeypatch.setattr(run_index, "runs_folder", lambda: bad.parent)
    assert names(bad) == ["journal.jsonl", "metrics.csv", "run.json"]  # still a run: try again
    remove.remove_runs([str(bad)], sure=True)
    assert not bad.exists()


def test_a_full_disk_can_be_emptied(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_run()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path / LOCK))

    monkeypatch.setattr(run_index, "Lock", full)  # it writes a file
    succeed("rm", "run", "--yes")
    assert not path.exists()
