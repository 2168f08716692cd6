"""A window that is a shell's job: signals end it, and ctrl+z stops it until the shell goes on."""

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

from textual.binding import Binding

from digit_tui.config import RunConfig
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.exit_watchdog import SAVE_SECONDS
from digit_tui.tui.run_app import RunApp

GROUP = 0
"""For `os.kill`, the processes of the own group."""
KILL_SECONDS = 0.3
"""A shell that ends a stopped job sends the signal this soon after it let the job go on."""

JOB = [
    Binding(
        "ctrl+z",
        "suspend_process",
        "Suspend",
        show=False,
        priority=True,
        key_display="ctrl+z",
        id="suspend",
        tooltip="Suspend; the shell's fg goes on",
    ),
]
"""Keys of every job; in the bindings of each, so that they come where they belong."""


class JobControlApp(RunApp):
    """A window that leaves or stops when a signal says so.

    Attributes:
        ended_by: the number of the signal that ends it, if one does.
        farewell: what is said when the terminal is as it was.
    """

    def __init__(self, config: RunConfig) -> None:
        super().__init__(config)
        self.ended_by: int | None = None
        self.farewell = ""
        self._events: asyncio.AbstractEventLoop | None = None
        self._suspended = False
        self._continued = False

    def on_mount(self) -> None:
        self._events = asyncio.get_running_loop()
        if hasattr(signal, "SIGTSTP") and not self.is_headless:
            # Textual's own handlers write to a queue that the code they interrupt may have locked,
            # and take any SIGCONT for the end of a stop that they prepared.
            signal.signal(signal.SIGTSTP, self._handle_stop)
            signal.signal(signal.SIGCONT, self._handle_continue)
        if self.ended_by is not None:  # before there was anybody to tell
            self.interrupt(self.ended_by)

    def interrupt(self, number: int) -> None:
        """Save and leave because of a signal; safe to call from its handler."""
        self.ended_by = number
        self.stop_run()
        self._soon(self.leave)

    def stop_run(self) -> None:
        """Ask the training thread to save and end; must not block."""
        raise NotImplementedError

    def leave(self) -> None:
        """Leave because of a signal, if nothing has to end before."""
        raise NotImplementedError

    def wait_saved(self, seconds: float) -> bool:
        """Wait for the run to be saved, from any thread; whether it is."""
        raise NotImplementedError

    def _soon(self, callback: Callable[[], None]) -> None:
        """Have the interface do something, from a signal handler or from another thread."""
        if self._events is not None:
            with suppress(RuntimeError):  # it has ended
                self._events.call_soon_threadsafe(partial(self.call_later, callback))

    def _handle_stop(self, number: int, frame: FrameType | None) -> None:
        if not self._suspended:
            self._soon(self.action_suspend_process)

    def _handle_continue(self, number: int, frame: FrameType | None) -> None:
        self._continued = True
        if not self._suspended:
            self._soon(self._come_back)

    def action_suspend_process(self) -> None:
        """Give the terminal back to the shell and stop, until the shell says to go on."""
        driver = self._driver
        if driver is None or not driver.can_suspend or not hasattr(signal, "SIGTSTP"):
            return
        if os.getpgrp() == os.getsid(0):  # nobody could let it go on
            self.notify("No shell has started this, so there is none to go back to.")
            return
        self._suspended = True
        driver.suspend_application_mode()
        who = GROUP  # as the terminal does: also those that started this program for the shell
        foreground: bool | None = False
        while foreground is False and self.ended_by is None:
            self._stop(who)
            who = os.getpid()
            if in_foreground() is False:  # by the shell's bg, or by its kill, which goes on first
                sleep(KILL_SECONDS)
            foreground = in_foreground()
        if self.ended_by is not None:
            # The terminal is the shell's, which has drawn its prompt: leave without touching it.
            self.wait_saved(SAVE_SECONDS)
            os._exit(ExitStatus.SIGNALLED + self.ended_by)
        driver.resume_application_mode()
        self._suspended = False
        self.refresh(layout=True)

    def _stop(self, who: int) -> None:
        """Stop this process, or its group, at one go; returns when it was told to go on."""
        self._continued = False
        os.kill(who, signal.SIGSTOP)
        while not self._continued:  # any thread may be the one to get the signal
            sleep(0.01)

    def _come_back(self) -> None:
        """Draw anew after a stop that nobody announced: others have used the terminal."""
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
    """Whether the terminal is this program's to use; None if there is none."""
    try:
        return os.tcgetpgrp(sys.__stdin__.fileno()) == os.getpgrp()  # type: ignore[union-attr]
    except (OSError, AttributeError, ValueError):
        return None
