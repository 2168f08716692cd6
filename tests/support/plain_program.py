"""The line-by-line mode as a real program, at the other end of two pipes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import IO

from digit_tui.storage.saved_run import SavedRun

OPTIONS = [
    *["--plain", "--data", "sample", "--hidden", "8", "--optimizer", "adam", "--lr", "0.001"],
    *["--weight-decay", "0", "--batch-size", "125", "--augment", "shift", "--threads", "1"],
]
"""32 steps an epoch."""
LONG = ["--epochs", "1000000", "--schedule", "constant"]

LAUNCH = """
import signal, sys
for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # whatever the tests were started with
    default = signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
    signal.signal(getattr(signal, name), default)
from digit_tui.cli.main import main
main()
"""


class Piped:
    """The program at the other end of two pipes."""

    def __init__(self, folder: Path, *arguments: str, **settings: str) -> None:
        self.folder = folder / "run"
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, *OPTIONS, "--run", str(self.folder), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | settings,
            encoding="utf-8",
            bufsize=1,
        )
        self.lines: list[str] = []

    @property
    def stdin(self) -> IO[str]:
        assert self.process.stdin is not None
        return self.process.stdin

    @property
    def stdout(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def send(self, line: str) -> None:
        self.stdin.write(line + "\n")

    def until(self, pattern: str) -> str:
        """Read on to a line that matches."""
        while True:
            line = self.stdout.readline()
            assert line.endswith("\n"), f"it never said {pattern}: {self.lines}"
            self.lines.append(line.rstrip("\n"))
            if re.search(pattern, line):
                return self.lines[-1]

    def end(self) -> int:
        """Close the pipe to it and wait; its exit status."""
        rest, self.errors = self.process.communicate(timeout=30)
        self.lines += rest.splitlines()
        return self.process.returncode


def state_of(folder: Path) -> str:
    return SavedRun.read(folder).state()
