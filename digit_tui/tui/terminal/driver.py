"""Textual's driver, made robust against input that no terminal should send. POSIX only."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from typing import Any

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from digit_tui.data import printable

POLL_SECONDS = 0.1
READ_BYTES = 4_096
MAX_PENDING = 200
"""More keys than this that wait to be handled are dropped: no person types that fast."""
PASTE_CHARACTERS = 1_000
"""A longer paste is cut."""
PASTE_POLLS = 50
"""A paste without an end is given up after so many polls without input."""

SIMPLE_TERMINALS = ("linux", "vt", "ansi", "cons", "sun", "screen")
"""Prefixes of TERM of terminals that may print a request that they do not know."""

UNKNOWN = re.compile(r"\x1b(\]|\[[<>]|\[\?\d+\$p)")
"""Such requests: window titles and the like, kitty's keyboard protocol, queries of modes."""

# A mouse report of 1985 (tmux sends it when it is attached again): three bytes of any value.
X10_MOUSE = re.compile(rb"(\x1b\[M)(.{0,3})", re.DOTALL)


class MouseFilter:
    """Blanks the three bytes of X10 mouse reports, which are not text in any encoding."""

    def __init__(self) -> None:
        self._before = b""
        self._owed = 0

    def feed(self, data: bytes) -> bytes:
        """The same bytes, with those of mouse reports blanked."""
        owed = min(self._owed, len(data))
        self._owed -= owed
        data = b" " * owed + data[owed:]
        start = len(self._before)
        whole = X10_MOUSE.sub(lambda found: found[1] + b" " * len(found[2]), self._before + data)
        last = re.search(rb"\x1b\[M( {0,2})\Z", whole)
        if last is not None and not self._owed:
            self._owed = 3 - len(last[1])
        self._before = whole[-2:] if not whole.endswith(b" ") else b""
        return whole[start:]

    def reset(self) -> None:
        """After a pause: the rest of an incomplete report will not come any more."""
        self._owed = 0
        self._before = b""


class Parser(XTermParser):
    """Textual's parser, without keys made of unknown sequences."""

    def _sequence_to_key_events(
        self, sequence: str, alt: bool | None = None
    ) -> Iterable[events.Key]:
        # Textual takes an unknown sequence for single keys, so that a truncated arrow key would
        # halve the learning rate ("["). Only alt and a letter are really sent like this.
        if alt is not None and not (alt and sequence.isalnum()):
            return
        with contextlib.suppress(ValueError, OverflowError):  # numbers that are not characters
            yield from super()._sequence_to_key_events(sequence, bool(alt))


class Input:
    """Turns bytes into messages. It does not fail on any bytes."""

    def __init__(self, debug: bool = False) -> None:
        self._debug = debug
        self._filter = MouseFilter()
        self._start()

    def _start(self) -> None:
        self._parser = Parser(self._debug)
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._quiet = 0

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages of some bytes that follow those before."""
        self._quiet = 0
        yield from self._safely(self._parser.feed, self._decoder.decode(self._filter.feed(data)))

    def tick(self) -> Iterator[Message]:
        """The messages of a pause: an escape that nothing follows is a key."""
        self._filter.reset()
        self._quiet += 1
        if self._quiet == PASTE_POLLS:
            self._start()
        else:
            yield from self._safely(self._parser.tick)

    def _safely(self, parse: Any, *data: str) -> Iterator[Message]:
        if data == ("",):  # half a character; the parser would take "" for the end
            return
        try:
            for message in parse(*data):
                if isinstance(message, events.Paste):
                    message = events.Paste(printable(message.text[:PASTE_CHARACTERS]))
                # The system reports the size; one made up in the input could be any.
                if not isinstance(message, events.Resize):
                    yield message
        except Exception:  # the parser was not made for this, and cannot be used again
            self._start()


class TerminalDriver(LinuxDriver):
    """Ignores malformed input, and sends a simple terminal no requests that it may not know."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._pending = 0
        self._simple = os.environ.get("TERM", "").startswith(SIMPLE_TERMINALS)

    def _get_terminal_size(self) -> tuple[int, int]:
        with contextlib.suppress(OSError):
            if self._file is not None:
                return os.get_terminal_size(self._file.fileno())
        return super()._get_terminal_size()

    def write(self, data: str) -> None:
        if not (self._simple and UNKNOWN.match(data)):
            super().write(data)

    def _query_in_band_window_resize(self) -> None:
        """Do nothing: sizes come by signal."""

    def send_message(self, message: Message) -> None:
        """Hand a message to the app; drop keys if more wait than a person can press."""
        if isinstance(message, events.Key | events.MouseEvent):
            if self._pending >= MAX_PENDING or self._app.message_queue_size >= MAX_PENDING:
                return
            self._pending += 1
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._hand_over, message)
        else:
            super().send_message(message)

    def _hand_over(self, message: Message) -> None:
        self._pending -= 1
        self._app.post_message(message)

    def run_input_thread(self) -> None:
        """Read until `exit_event` is set, or until the terminal is gone."""
        source = Input(self._debug)
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(POLL_SECONDS):
                    data = os.read(self.fileno, READ_BYTES)
                    if not data:  # the terminal is gone; polling it would keep a processor busy
                        return
                    messages = source.feed(data)
                else:
                    messages = source.tick()
                for message in messages:
                    self.process_message(message)
