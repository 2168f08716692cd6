"""`digit-tui mistakes --html`: where the page may be written."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
from support.mistakes import succeed, tell

from digit_tui.storage.run_files import FILES


def test_a_full_disk_leaves_the_page_that_was_there(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    file = tmp_path / "page.html"
    file.write_text("before")
    monkeypatch.setattr(os, "fsync", full)
    result = tell(trained, "--html", file, "--force")
    assert (result.exit_code, result.stdout) == (74, "")
    assert result.stderr == f"digit-tui: cannot write {file}: {os.strerror(errno.ENOSPC)}\n"
    assert os.listdir(tmp_path) == ["page.html"]
    assert file.read_text() == "before"


def test_a_page_replaces_no_file_of_a_run(trained: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(trained, tmp_path / "run")
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    (tmp_path / "link").symlink_to(folder / "journal.jsonl")
    targets = [folder / name for name in (*FILES, "lock")]
    for target in (*targets, folder / ".." / "run" / "run.json", tmp_path / "link"):
        for more in ([], ["--force"]):
            result = tell(folder, "--html", target, *more)
            assert (result.exit_code, result.stdout) == (2, "")
            assert result.stderr.startswith(f"digit-tui: cannot write {target}: it is a file of a ")
            assert result.stderr.count("\n") == 1
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_a_page_replaces_an_older_page_and_no_other_file(trained: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    for content in (b"", b"before", b"<!DOCTYPE html>\n<html>"):
        page.write_bytes(content)
        if content:
            result = tell(trained, "--html", page)
            assert (result.exit_code, result.stdout) == (2, "")
            assert "no page of digit-tui; name another, or add --force" in result.stderr
            assert page.read_bytes() == content
            succeed(trained, "--html", page, "--force")
        succeed(trained, "--html", page)
        assert page.read_bytes().startswith(b"<!DOCTYPE html>\n<html lang")
    assert "--force is for --html only" in tell(trained, "--force").stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_a_pipe_is_written_to_and_a_link_followed(trained: Path, tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(tmp_path / "page")
    (tmp_path / "loop").symlink_to("loop")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()), daemon=True)
    reader.start()
    succeed(trained, "--html", pipe)
    reader.join(60)
    succeed(trained, "--html", link)
    assert pipe.is_fifo()
    assert link.is_symlink()
    assert read == [(tmp_path / "page").read_text()]
    assert tell(trained, "--html", tmp_path / "loop" / "page").exit_code == 74
