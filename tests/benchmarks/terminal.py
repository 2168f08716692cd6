"""A program in a pseudo-terminal, seen as a terminal sees it: keys in, bytes out. POSIX only."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
from collections.abc import Sequence
from time import perf_counter
from types import TracebackType

CONTROL = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, modes
    rb"|\x1b[\]P_^X].*?(?:\x07|\x1b\\)"  # OSC, DCS and other strings
    rb"|\x1b[ -/]*[0-~]",
    re.DOTALL,
)
UNFINISHED = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|[\]P_^X][^\x07\x1b]*)?$")
"""A control sequence whose end has not come yet."""

ALTERNATE_SCREEN = b"\x1b[?1049h"


def plain(output: bytes) -> bytes:
    """Only the text of what a program wrote, row after row."""
    return CONTROL.sub(b"", UNFINISHED.sub(b"", output))


class Terminal:
    """A child process whose terminal is ours. Leaving the context kills it.

    Attributes:
        started: perf_counter() just before the child was made.
    """

    def __init__(self, command: Sequence[str], columns: int = 80, rows: int = 24) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        # As over SSH: 256 colours, and nothing that changes how the program looks.
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TEXTUAL_", "DIGIT_TUI_", "TMUX"))
            and name not in ("COLORTERM", "NO_COLOR", "COLUMNS", "LINES")
        }
        self.started = perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=kept | {"TERM": "xterm-256color", "DIGIT_TUI_NO_TIPS": "1"},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    def send(self, keys: str) -> None:
        """Type something."""
        os.write(self._master, keys.encode())

    def read(self, seconds: float) -> bytes:
        """All that the program writes in this time."""
        output, end = b"", perf_counter() + seconds
        while (left := end - perf_counter()) > 0:
            output += self._next(left)
        return output

    def wait_for(self, pattern: re.Pattern[bytes], seconds: float, after: bytes = b"") -> float:
        """perf_counter() when text appeared that the program had not written before this call.

        Args:
            pattern: what the text has in it, control sequences apart.
            seconds: how long to wait.
            after: bytes, control sequences among them, that must come first.

        Raises:
            TimeoutError: if it did not appear.
        """
        output, end = b"", perf_counter() + seconds
        while (left := end - perf_counter()) > 0:
            output += self._next(left)
            now = perf_counter()
            _, found, rest = output.partition(after) if after else (b"", b"x", output)
            if found and pattern.search(plain(rest)):
                return now
        text = plain(output)[-400:].decode(errors="replace")
        raise TimeoutError(f"{pattern.pattern!r} did not appear in {seconds} s, but: {text}")

    def _next(self, seconds: float) -> bytes:
        """What is there, or comes within this time, or nothing."""
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return b""
        try:
            return os.read(self._master, 65_536)
        except OSError:  # how Linux reports that the program has closed its terminal
            raise EOFError(f"the program ended: {self.process.args!r}") from None
