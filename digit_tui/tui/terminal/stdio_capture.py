"""Captures what libraries write to stdout and stderr: it belongs in the log, not on the screen.

The terminal gets a descriptor of its own, as `sys.stderr`, where Textual draws. Descriptors 1 and
2, which C libraries write to, lead to a pipe that a thread reads.
"""

from __future__ import annotations

import contextlib
import os
import sys
from codecs import getincrementaldecoder
from collections.abc import Callable
from threading import Thread

from digit_tui.tui.terminal.charset import STAND_INS, charset

READ_BYTES = 4_096
READ_SECONDS = 0.5
"""What was written before is waited for so long; a worker process may hold the pipe open."""


class StdioCapture:
    """Diverts stdout and stderr of this process, until they are restored.

    Attributes:
        listener: called with text from a thread; without a listener it goes to the terminal.
    """

    def __init__(self) -> None:
        self.listener: Callable[[str], object] | None = None
        self._terminal = -1
        self._diverted: dict[int, int] = {}
        """Descriptors, and copies of what they were."""
        self._reader: Thread | None = None

    def divert(self) -> None:
        """Make the terminal `sys.stderr`, and capture what is written to descriptors 1 and 2."""
        if sys.platform == "win32" or self._terminal >= 0:
            return
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, AttributeError):
                stream.flush()
        self._terminal = os.dup(2)
        ours = os.fdopen(
            self._terminal, "w", buffering=1, encoding=charset(), errors=STAND_INS, closefd=False
        )
        sys.stderr = sys.__stderr__ = ours  # type: ignore[misc]
        source, sink = os.pipe()
        # A writer may hold the interpreter lock, which the reader needs: losing text is better
        # than waiting for ever.
        os.set_blocking(sink, False)
        for descriptor in (1, 2):
            with contextlib.suppress(OSError):  # it may be closed
                if os.isatty(descriptor):
                    self._diverted[descriptor] = os.dup(descriptor)
                    os.dup2(sink, descriptor)
        os.close(sink)
        self._reader = Thread(target=self._read, args=[source], name="stdio-capture", daemon=True)
        self._reader.start()

    def restore(self) -> None:
        """Give stdout and stderr back: what is said last must not be lost with the thread."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, AttributeError, ValueError):
                stream.flush()
        for descriptor, before in self._diverted.items():
            with contextlib.suppress(OSError):
                os.dup2(before, descriptor)
                os.close(before)
        self._diverted = {}
        if self._reader is not None:
            self._reader.join(READ_SECONDS)

    def _read(self, source: int) -> None:
        decoder = getincrementaldecoder("utf-8")("replace")
        while data := os.read(source, READ_BYTES):
            if self.listener is not None:
                self.listener(decoder.decode(data))
            else:
                with contextlib.suppress(OSError):
                    os.write(self._terminal, data)
