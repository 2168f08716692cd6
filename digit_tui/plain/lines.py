"""Lines in and lines out."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Semaphore, Thread
from typing import IO, Protocol

from digit_tui.data import printable
from digit_tui.session.output import Output

PROMPT = "> "
LOG_LINES = 1_000
"""The log forgets older lines."""
LONGEST = 65_536
"""Bytes in a line; what has no line ends would fill the memory."""


@dataclass(frozen=True)
class Line:
    """Something that was typed, or came from a pipe."""

    text: str


@dataclass(frozen=True)
class End:
    """There are no more lines."""


class Source(Protocol):
    """Where lines come from."""

    def start(self, put: Callable[[Line | End], None]) -> None:
        """Begin to look for lines; `put` takes each one, also from another thread."""

    def more(self) -> None:
        """Let the next line come."""


class Reader:
    """Lines of a stream, each only when it is wanted: commands in a file take their turns.

    A thread of its own waits for them. It reads from the file descriptor, as a thread in the midst
    of a buffered read would keep the interpreter from ending.
    """

    def __init__(self, stream: IO[str] | None) -> None:
        """Make it.

        Args:
            stream: standard input; None if it was closed.
        """
        self._stream = stream
        self._wanted = Semaphore(0)

    def start(self, put: Callable[[Line | End], None]) -> None:
        Thread(target=self._read, args=(put,), name="input", daemon=True).start()

    def more(self) -> None:
        self._wanted.release()

    def _read(self, put: Callable[[Line | End], None]) -> None:
        self._wanted.acquire()
        for line in self._lines():
            put(Line(line.decode("utf-8", "replace").removeprefix("\ufeff")))
            self._wanted.acquire()
        put(End())

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
        """What there is to read; nothing is the end."""
        try:
            return b"" if self._stream is None else os.read(self._stream.fileno(), LONGEST)
        except (OSError, ValueError):  # the terminal is gone, or the stream was closed
            return b""


class Transcript:
    """Where lines are written, each at once, and a prompt where somebody types.

    Attributes:
        log: the last lines that tell what happened.
    """

    def __init__(self, output: Output, prompt: bool) -> None:
        """Begin an empty one.

        Args:
            output: where to.
            prompt: whether somebody sees where to type.
        """
        self._output = output
        self._prompt = prompt
        self._open = False  # what is written ends with the prompt, or ^C
        self.log: deque[str] = deque(maxlen=LOG_LINES)

    def say(self, text: str) -> None:
        """Write a line."""
        if self._open:
            self._output.line("")
            self._open = False
        self._output.line(printable(text))

    def note(self, text: str) -> None:
        """Write a line that belongs to the log."""
        self.log.append(text)
        self.say(text)

    def ask(self) -> None:
        """Show that a line may be typed."""
        if self._prompt and not self._open:
            self._output.line(PROMPT, end="")
            self._open = True

    def answered(self) -> None:
        """Somebody has typed a line, and with it ended that of the prompt."""
        self._open = False

    def interrupted(self) -> None:
        """The terminal has shown ^C: what is said next begins a line."""
        self._open = self._prompt
