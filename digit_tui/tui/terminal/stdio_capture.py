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


class StdioCapture:
    """Diverts stdout and stderr of this process; once, for it does not undo it.

    Attributes:
        listener: called with text from a thread; without a listener it goes to the terminal.
    """

    def __init__(self) -> None:
        self.listener: Callable[[str], object] | None = None
        self._terminal = -1

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
                    os.dup2(sink, descriptor)
        os.close(sink)
        Thread(target=self._read, args=[source], name="stdio-capture", daemon=True).start()

    def _read(self, source: int) -> None:
        decoder = getincrementaldecoder("utf-8")("replace")
        while data := os.read(source, READ_BYTES):
            if self.listener is not None:
                self.listener(decoder.decode(data))
            else:
                with contextlib.suppress(OSError):
                    os.write(self._terminal, data)
