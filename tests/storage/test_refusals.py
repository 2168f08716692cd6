"""A disk that is full when a run is resumed, and folders that belong to another user."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.saved_runs import MakeRun, names

from digit_tui.cli.main import cli

NOBODY = 65_534


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, os.strerror(errno.ENOSPC)), (errno.EFBIG, "the limit for the size of a file")],
)
@pytest.mark.parametrize("front_end", ["--batch", "--plain"])
def test_a_full_disk_on_resume_is_said_with_the_file(
    front_end: str, number: int, words: str, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_run()
    before = {name: (path / name).read_bytes() for name in names(path)}
    write = os.write

    def full(descriptor: int, content: Any) -> int:
        if bytes(content).strip().isdigit():  # the process id in the lock
            raise OSError(number, os.strerror(number))
        return write(descriptor, content)

    monkeypatch.setattr(os, "write", full)
    result = CliRunner().invoke(cli, [front_end, "--resume", str(path)], input="")
    assert result.exit_code == 74
    (line,) = [line for line in result.stderr.splitlines() if "cannot write" in line]
    assert line.startswith("digit-tui: cannot write ")
    assert f"{path / 'lock'}: {words}" in line
    assert "Traceback" not in result.stderr
    assert {name: (path / name).read_bytes() for name in names(path)} == before


def as_nobody(folder: Path, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """The program, run by an unprivileged user."""
    return subprocess.run(
        [sys.executable, "-m", "digit_tui", *arguments],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd=folder,
        env={**os.environ, "XDG_STATE_HOME": str(folder / "state")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can")
def test_the_folder_of_another_user_is_read_and_not_written(make_run: MakeRun) -> None:
    # Not in a folder of pytest, which nobody else may enter.
    home = Path("/tmp") / f"digit-tui-test-{os.getpid()}"
    shutil.copytree(make_run(), home / "run")
    home.chmod(0o755)
    try:
        before = names(home / "run")
        for arguments, words in {
            ("--batch", "--resume", "run"): "run/lock: Permission denied",
            ("--batch", "--data", "sample", "--epochs", "1", "--run", "new"): "Permission denied",
            ("--batch", "--data", "sample", "--epochs", "1"): "Permission denied",
            ("runs", "rm", "run", "--yes"): "run/lock: Permission denied",
        }.items():
            try:
                done = as_nobody(home, arguments)
            except PermissionError:
                pytest.skip("nobody may run this Python")
            if "No module named" in done.stderr:
                pytest.skip("nobody may read the program")
            assert words in done.stderr, arguments
            assert "Traceback" not in done.stderr
            assert done.returncode in (3, 74)
        assert names(home / "run") == before
    finally:
        shutil.rmtree(home)
