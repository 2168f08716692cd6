"""What is written to stdout while an interface has the terminal, and after it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pty = pytest.importorskip("pty")

PROGRAM = """
import os
from digit_tui.tui.terminal.stdio_capture import StdioCapture
stdio = StdioCapture()
stdio.divert()
heard = []
stdio.listener = heard.append
os.write(1, b"from a library")
while not heard:
    pass
stdio.listener = None
os.write(1, b"late.")
stdio.restore()
os.write(1, f"{heard}. last words".encode())
os._exit(0)  # no thread goes on
"""


def test_what_is_said_last_reaches_the_terminal() -> None:
    terminal, inside = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        stdin=inside,
        stdout=inside,
        stderr=inside,
        timeout=60,
        check=False,
    )
    os.close(inside)
    text = os.read(terminal, 10_000).decode()
    os.close(terminal)
    assert done.returncode == 0, text
    assert text == "late.['from a library']. last words"
