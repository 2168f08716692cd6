"""An app that is a job of a shell: signals end it, and ctrl+z stops it until it is resumed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import sleep
from types import FrameType

from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.exit_watchdog import SAVE_SECONDS
from digit_tui.session.failures import Failed
from digit_tui.tui.terminal.stdio_capture import StdioCapture
from digit_tui.tui.terminal_app import TerminalApp

OWN_GROUP = 0
"""For `os.kill`, all processes of this one's group."""
KILL_SECONDS = 0.3
"""A shell that ends a stopped job first resumes it, and sends the signal this soon after."""


class JobControlApp(TerminalApp):
    """An app that leaves or stops when a signal says so.

    Attributes:
        ended_by: the number of the signal that ends it, if one does.
        farewell: what is printed when the terminal is restored.
    """

    def __init__(self, stdio: StdioCapture | None = None) -> None:
        super().__init__(stdio)
        self.ended_by: int | None = None
        self.farewell = ""
        self._event_loop: asyncio.AbstractEventLoop | None = None
        self._suspended = False
        self._continued = False

    def on_mount(self) -> None:
        self._event_loop = asyncio.get_running_loop()
        if hasattr(signal, "SIGTSTP") and not self.is_headless:
            # Textual's own handlers write to a queue that the code they interrupt may have locked,
            # and take any SIGCONT for the end of a stop that they prepared.
            signal.signal(signal.SIGTSTP, self._handle_stop)
            signal.signal(signal.SIGCONT, self._handle_continue)
        if self.ended_by is not None:  # the signal came before there was an event loop
            self.interrupt(self.ended_by)

    def interrupt(self, number: int) -> None:
        """Save and leave because of a signal; safe to call from its handler."""
        self.ended_by = number
        self.stop_run()
        self._call_soon(self.leave)

    def leave_at_once(self, fault: Failed) -> None:
        self.farewell = "\n".join(filter(None, [self.farewell, fault.text]))
        self.exit(return_code=fault.status)

    def leave_for(self, fault: Failed) -> None:
        self.leave_at_once(fault)

    def stop_run(self) -> None:
        """Ask the training thread to save and end; must not block."""
        raise NotImplementedError

    def leave(self) -> None:
        """Leave because of a signal, unless a run has to end first."""
        raise NotImplementedError

    def wait_saved(self, seconds: float) -> bool:
        """Wait for the run to be saved, from any thread; returns whether it is."""
        raise NotImplementedError

    def _call_soon(self, callback: Callable[[], None]) -> None:
        """Call something in the event loop, from a signal handler or from another thread."""
        if self._event_loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._event_loop.call_soon_threadsafe(partial(self.call_later, callback))

    def _handle_stop(self, number: int, frame: FrameType | None) -> None:
        if not self._suspended:
            self._call_soon(self.action_suspend_process)

    def _handle_continue(self, number: int, frame: FrameType | None) -> None:
        self._continued = True
        if not self._suspended:
            self._call_soon(self._recover_terminal)

    def action_suspend_process(self) -> None:
        """Give the terminal back to the shell and stop, until the shell resumes this process."""
        driver = self._driver
        if driver is None or not driver.can_suspend or not hasattr(signal, "SIGTSTP"):
            return
        if os.getpgrp() == os.getsid(0):  # there is no shell that could resume it
            self.notify(
                "No shell has started this, so there is none to go back to: "
                f"{self.key_names['quit']} saves and leaves."
            )
            return
        self._suspended = True
        driver.suspend_application_mode()
        target = OWN_GROUP  # as the terminal does: a wrapper that started this stops too
        foreground: bool | None = False
        while foreground is False and self.ended_by is None:
            self._stop(target)
            target = os.getpid()
            if in_foreground() is False:  # by the shell's bg, or by its kill, which resumes first
                sleep(KILL_SECONDS)
            foreground = in_foreground()
        if self.ended_by is not None:
            # The terminal is the shell's, which has drawn its prompt: leave without touching it.
            self.wait_saved(SAVE_SECONDS)
            os._exit(ExitStatus.SIGNALLED + self.ended_by)
        driver.resume_application_mode()
        self._suspended = False
        self.refresh(layout=True)

    def _stop(self, target: int) -> None:
        """Stop this process or its group; returns after it was resumed.

        Args:
            target: for `os.kill`.
        """
        self._continued = False
        os.kill(target, signal.SIGSTOP)
        while not self._continued:  # any thread may be the one to get the signal
            sleep(0.01)

    def _recover_terminal(self) -> None:
        """Draw anew after a stop that was not announced: others have used the terminal."""
        driver, foreground = self._driver, in_foreground()
        if driver is None or self.ended_by is not None or foreground is None:
            return
        if not foreground:
            os.kill(os.getpid(), signal.SIGSTOP)
            return
        driver.suspend_application_mode()
        driver.resume_application_mode()
        self.refresh(layout=True)


def in_foreground() -> bool | None:
    """Whether this program has the terminal's foreground; None if there is no terminal."""
    try:
        return os.tcgetpgrp(sys.__stdin__.fileno()) == os.getpgrp()  # type: ignore[union-attr]
    except (OSError, AttributeError, ValueError):
        return None
