"""Lines of text in and out."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from shutil import get_terminal_size
from textwrap import wrap
from threading import Semaphore, Thread
from typing import IO, Protocol

from digit_tui.data import printable
from digit_tui.session.output import Output

PROMPT = "> "
LOG_LINES = 1_000
"""Lines that the log keeps; older ones are dropped."""
LONGEST = 65_536
"""Bytes of the longest line: input without line ends would fill the memory."""


@dataclass(frozen=True)
class Line:
    """A line that was typed, or came from a pipe."""

    text: str


@dataclass(frozen=True)
class EndOfInput:
    """There are no more lines."""


class LineSource(Protocol):
    """Where lines come from."""

    def start(self, put: Callable[[Line | EndOfInput], None]) -> None:
        """Begin to read; `put` takes each line, possibly from another thread."""

    def more(self) -> None:
        """Ask for one more line."""


class LineReader:
    """Reads a line of a stream each time one is asked for, so that commands in a file take turns.

    A thread of its own reads from the file descriptor: a thread in a buffered read would keep the
    interpreter from exiting.
    """

    def __init__(self, stream: IO[str] | None) -> None:
        """Make it.

        Args:
            stream: standard input; None if it was closed.
        """
        self._stream = stream
        self._wanted = Semaphore(0)

    def start(self, put: Callable[[Line | EndOfInput], None]) -> None:
        Thread(target=self._read, args=(put,), name="input", daemon=True).start()

    def more(self) -> None:
        self._wanted.release()

    def _read(self, put: Callable[[Line | EndOfInput], None]) -> None:
        self._wanted.acquire()
        for line in self._lines():
            put(Line(line.decode("utf-8", "replace").removeprefix("\ufeff")))
            self._wanted.acquire()
        put(EndOfInput())

    def _lines(self) -> Iterator[bytes]:
        rest = b""
        while piece := self._piece():
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole
            if len(rest) > LONGEST:
                yield rest
                rest = b""
        if rest:
            yield rest

    def _piece(self) -> bytes:
        """Bytes that are ready, at the end none."""
        try:
            return b"" if self._stream is None else os.read(self._stream.fileno(), LONGEST)
        except (OSError, ValueError):  # the terminal is gone, or the stream was closed
            return b""


def wrapped(text: str, columns: int, indent: str = "  ") -> list[str]:
    """A line as lines that break between words only: a terminal would break it within them.

    Args:
        text: the line.
        columns: that there are.
        indent: before all lines but the first.
    """
    if len(text) <= columns:
        return [text]
    return wrap(text, columns, subsequent_indent=indent, break_on_hyphens=False)


class Transcript:
    """Writes lines, each at once, and a prompt if commands are typed.

    Attributes:
        log: the last lines that were recorded.
    """

    def __init__(self, output: Output, prompt: bool) -> None:
        """Begin an empty one.

        Args:
            output: where lines are written.
            prompt: whether to show a prompt; then lines are wrapped to the terminal, too.
        """
        self._output = output
        self._prompt = prompt
        self._open = False  # the prompt, or ^C, is the last thing on the screen
        self.log: deque[str] = deque(maxlen=LOG_LINES)

    def write(self, text: str) -> None:
        """Write a line."""
        text = printable(text)
        for line in wrapped(text, get_terminal_size().columns) if self._prompt else [text]:
            self.write_whole(line)

    def write_whole(self, text: str) -> None:
        """Write a line that is not wrapped: of a command or a folder that may be copied."""
        if self._open:
            self._output.line("")
            self._open = False
        self._output.line(printable(text))

    def record(self, text: str) -> None:
        """Write a line and keep it in the log."""
        self.log.append(text)
        self.write(text)

    def prompt(self) -> None:
        """Show that a line may be typed."""
        if self._prompt and not self._open:
            self._output.line(PROMPT, end="")
            self._open = True

    def line_entered(self) -> None:
        """A line was typed, which ended that of the prompt."""
        self._open = False

    def interrupted(self) -> None:
        """The terminal has shown ^C: the next text begins a new line."""
        self._open = self._prompt
