"""Textual's driver, but for input that no terminal should send. POSIX only."""

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
MAX_WAITING = 200
"""Keys beyond so many that still wait to be obeyed are dropped: nobody types like that."""
PASTE_CHARACTERS = 1_000
"""Of a longer paste only the beginning is taken."""
PASTE_POLLS = 50
"""A paste whose end does not come is over after so many polls without input."""

SIMPLE_TERMINALS = ("linux", "vt", "ansi", "cons", "sun", "screen")
"""What a TERM begins with that may print a request that it does not know."""

UNKNOWN = re.compile(r"\x1b(\]|\[[<>]|\[\?\d+\$p)")
"""Such requests: strings for the window, the keyboard of kitty, questions about modes."""

# A mouse report of 1985 (tmux sends it when it is attached again): three bytes of any value.
X10_MOUSE = re.compile(rb"(\x1b\[M)(.{0,3})", re.DOTALL)


class MouseFilter:
    """Blanks the three bytes of X10 mouse reports, which are no text in any encoding."""

    def __init__(self) -> None:
        self._before = b""
        self._owed = 0

    def feed(self, data: bytes) -> bytes:
        """The same number of bytes, and harmless."""
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

    def rest(self) -> None:
        """A pause: a report that did not come whole by now never will."""
        self._owed = 0
        self._before = b""


class Parser(XTermParser):
    """Textual's parser, for input that a terminal would never send."""

    def _sequence_to_key_events(
        self, sequence: str, alt: bool | None = None
    ) -> Iterable[events.Key]:
        # Textual takes a sequence that it does not know for keys, character by character; a
        # cut-off arrow key would halve the learning rate. Only alt and a letter are meant so.
        if alt is not None and not (alt and sequence.isalnum()):
            return
        with contextlib.suppress(ValueError, OverflowError):  # numbers that are no characters
            yield from super()._sequence_to_key_events(sequence, bool(alt))


class Input:
    """Turns bytes into messages. There are no bytes at which it fails."""

    def __init__(self, debug: bool = False) -> None:
        self._debug = debug
        self._filter = MouseFilter()
        self._start()

    def _start(self) -> None:
        self._parser = Parser(self._debug)
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._quiet = 0

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that some bytes are, those before them considered."""
        self._quiet = 0
        yield from self._safely(self._parser.feed, self._decoder.decode(self._filter.feed(data)))

    def tick(self) -> Iterator[Message]:
        """Those that a pause makes: an escape that is not followed by anything is a key."""
        self._filter.rest()
        self._quiet += 1
        if self._quiet == PASTE_POLLS:
            self._start()
        else:
            yield from self._safely(self._parser.tick)

    def _safely(self, parse: Any, *data: str) -> Iterator[Message]:
        if data == ("",):  # half a character; the parser would take it for the end
            return
        try:
            for message in parse(*data):
                if isinstance(message, events.Paste):
                    message = events.Paste(printable(message.text[:PASTE_CHARACTERS]))
                # The size is the system's to tell: a made-up one could be of any size.
                if not isinstance(message, events.Resize):
                    yield message
        except Exception:  # the parser is not made for this, and can not be used again
            self._start()


class TerminalDriver(LinuxDriver):
    """Input that is no key does nothing, and a terminal is asked for no more than it knows."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._waiting = 0
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
        """Not asked for: sizes come by signal."""

    def send_message(self, message: Message) -> None:
        """Hand a message to the app, unless it has more keys to obey than a person can press."""
        if isinstance(message, events.Key | events.MouseEvent):
            if self._waiting >= MAX_WAITING or self._app.message_queue_size >= MAX_WAITING:
                return
            self._waiting += 1
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._hand_over, message)
        else:
            super().send_message(message)

    def _hand_over(self, message: Message) -> None:
        self._waiting -= 1
        self._app.post_message(message)

    def run_input_thread(self) -> None:
        """Read until told to stop, or until there is nothing to read from any more."""
        source = Input(self._debug)
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(POLL_SECONDS):
                    data = os.read(self.fileno, READ_BYTES)
                    if not data:  # the terminal is gone; looking again would take a processor
                        return
                    messages = source.feed(data)
                else:
                    messages = source.tick()
                for message in messages:
                    self.process_message(message)
