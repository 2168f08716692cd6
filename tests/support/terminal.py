"""The real program in a pseudo-terminal, with a terminal emulator for a screen."""

from __future__ import annotations

import contextlib
import os
import re
import select
import struct
import subprocess
import sys
from collections.abc import Callable
from time import monotonic
from typing import Any

import pyte

POSIX = sys.platform != "win32"
if POSIX:
    import fcntl
    import termios

# The child takes the terminal on its standard input for its own, then becomes the program.
# (A preexec_fn would do it too, but may hang where the test process has threads.)
TAKE_TERMINAL = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(int(sys.argv[1]), termios.TIOCSCTTY, 0)
"""
BECOME = "os.execvp(sys.argv[2], sys.argv[2:])"
PROGRAM = (sys.executable, "-m", "digit_tui")

CLOSING = {
    "default": TAKE_TERMINAL,
    "ignored": TAKE_TERMINAL + "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n",
    # A terminal that is nobody's: the system tells nobody when it closes.
    "none": "import os, sys\n",
}
"""How a program is prepared for the signal of a terminal that closes."""

ALTERNATE_SCREEN = {47, 1047, 1049}
MOUSE = {1000, 1002, 1003, 1005, 1006, 1015, 1016}
FOCUS, BRACKETED_PASTE, IN_BAND_RESIZE = 1004, 2004, 2048
UNWANTED_MODES = {*ALTERNATE_SCREEN, *MOUSE, FOCUS, BRACKETED_PASTE, IN_BAND_RESIZE}
"""What a shell does not want to find switched on."""

PRIVATE_MODE = re.compile(rb"\x1b\[\?([\d;]+)([hl])")
# What pyte would print as text: requests to the terminal, and the kitty keyboard protocol.
UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[\?[\d;]*\$p|\x1b\[[<>=][\d;]*[a-z]")
# pyte has one screen; what was on the other is of no interest.
OTHER_SCREEN, CLEAR = re.compile(rb"\x1b\[\?1049[hl]"), b"\x1b[2J\x1b[H"

STATUS = r"training +epoch [\d.]+/100000 [^!]*\d\d\.\d\d%"
"""What the status line says of a run of 100,000 epochs that is under way."""

UNFINISHED = re.compile(rb"\x1b(\[[0-?]*[ -/]*)?\Z")


class Terminal:
    """A program, and the terminal that it runs in."""

    def __init__(self, *arguments: str, size: tuple[int, int] = (80, 24), **settings: Any) -> None:
        """Start `digit-tui ARGUMENTS`.

        Args:
            arguments: of the program.
            size: columns and rows.
            settings: environment variables, streams (stdin, stdout, stderr) that are not to be the
                terminal, `program` to be started instead, after other `preparations`, and `raw`,
                whether no key means a signal.
        """
        program = settings.pop("program", PROGRAM)
        preparations = settings.pop("preparations", TAKE_TERMINAL)
        self.master, self.slave = self._ends = list(os.openpty())
        self.screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self.screen)
        self.output = b""
        self._fed = 0
        self.resize(*size)
        if settings.pop("raw", False):
            # What is typed before the program begins, or after it has ended, is no signal either.
            flags = termios.tcgetattr(self.slave)
            flags[0] &= ~termios.IXON
            flags[3] &= ~termios.ISIG
            termios.tcsetattr(self.slave, termios.TCSANOW, flags)
        self.attributes_before = termios.tcgetattr(self.slave)
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), self.slave)
        streams |= {name: settings.pop(name) for name in list(settings) if name in streams}
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "", "LINES": ""}
        environment = {name: value for name, value in environment.items() if value} | settings
        self.process = subprocess.Popen(
            [sys.executable, "-c", preparations + BECOME, str(self.slave), *program, *arguments],
            env=environment,
            start_new_session=True,
            pass_fds=[self.slave],
            **streams,
        )

    @property
    def rows(self) -> list[str]:
        """What a person sees."""
        return [row.rstrip() for row in self.screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.rows)

    @property
    def modes(self) -> set[int]:
        """Private modes that the program has left on: 1049 is the alternate screen, and so on."""
        on: set[int] = set()
        for numbers, switch in PRIVATE_MODE.findall(self.output):
            for number in map(int, numbers.split(b";")):
                (on.add if switch == b"h" else on.discard)(number)
        return on

    @property
    def cursor_hidden(self) -> bool:
        switches = re.findall(rb"\x1b\[\?25([hl])", self.output)
        return bool(switches) and switches[-1] == b"l"

    @property
    def bytes_read(self) -> int:
        return len(self.output)

    def attributes(self) -> list[Any]:
        """How the terminal treats input and output (termios)."""
        return termios.tcgetattr(self.slave)

    def send(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Set the size; the program is told by a signal."""
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def until(self, condition: str | Callable[[], object], seconds: float = 20) -> None:
        """Read until a pattern is on the screen, or until something is so."""
        pattern = condition if isinstance(condition, str) else None

        def met() -> object:
            if pattern is not None:
                return re.search(pattern, self.text, re.MULTILINE)
            assert callable(condition)
            return condition()

        end = monotonic() + seconds
        while not met():
            assert monotonic() < end, f"it never came to be: {pattern}\n{self.text}"
            alive = self.process.poll() is None
            if not self._read(0.05) and not alive:
                assert met(), f"the program ended before: {pattern}\n{self.text}"

    def finish_frame(self) -> None:
        """Read what belongs to a frame that has begun: a terminal may get it in pieces."""
        end = monotonic() + 2
        while self._read(0.1) and monotonic() < end:
            pass

    def settle(self, seconds: float = 0.7) -> None:
        """Read until nothing has come for so long: the program draws at shorter intervals."""
        while self._read(seconds):
            pass

    def status(self, seconds: float = 20) -> int:
        """Wait for the program to end; its exit status."""
        self.until(lambda: self.process.poll() is not None, seconds)
        while self._read(0.1):
            pass
        assert self.process.returncode is not None
        return self.process.returncode

    def _read(self, seconds: float) -> bool:
        """Take what the program wrote, if anything comes within the time."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        with contextlib.suppress(OSError):
            self.output += os.read(self.master, 65_536)
        # A sequence that came in two pieces waits for the second.
        unfinished = UNFINISHED.search(self.output, max(len(self.output) - 100, 0))
        whole = unfinished.start() if unfinished else len(self.output)
        text = UNKNOWN_TO_PYTE.sub(b"", self.output[self._fed : whole])
        self._stream.feed(OTHER_SCREEN.sub(lambda found: found[0] + CLEAR, text))
        self._fed = max(self._fed, whole)
        return True

    def assert_restored(self) -> None:
        """The terminal is as it was found."""
        assert self.attributes() == self.attributes_before
        assert not self.modes & UNWANTED_MODES
        assert not self.cursor_hidden
        assert b"\x1b[?1049l" in self.output

    def hang_up(self) -> None:
        """Close our ends, as a dropped connection does."""
        for end in self._ends:
            os.close(end)
        self._ends = []

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.hang_up()


def step(program: Terminal) -> int:
    """The step on the screen; -1 where there is none."""
    found = re.search(r"step ([\d,]+)", program.text)
    return int(found[1].replace(",", "")) if found else -1


def click(program: Terminal, text: str) -> None:
    """Click where a text is, as a terminal reports it."""
    (row,) = [row for row in program.rows if text in row]
    x, y = row.index(text) + 1, program.rows.index(row) + 1
    program.send(f"\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m")


def pause(program: Terminal) -> int:
    """Pause; the step where it did."""
    program.send(" ")
    program.until("⏸ paused")
    program.finish_frame()
    return step(program)


def watch(program: Terminal, seconds: float) -> int:
    """Read for so long; the number of bytes that came."""
    before, end = program.bytes_read, monotonic() + seconds
    while (left := end - monotonic()) > 0:
        program._read(left)
    return int(program.bytes_read - before)


def leave(program: Terminal) -> None:
    program.send("q")
    assert program.status() == 0
    program.assert_restored()
