"""An app on a real terminal: its driver, its size, what is typed, what libraries write to it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from textual import constants, events
from textual.driver import Driver
from textual.geometry import Size
from textual.screen import Screen
from textual.timer import Timer

from digit_tui.tui.screens.dialog import ClosesOnce
from digit_tui.tui.screens.form import Form
from digit_tui.tui.screens.frame import Frame
from digit_tui.tui.tabbed_app import TabbedApp
from digit_tui.tui.terminal.stdio_capture import StdioCapture
from digit_tui.tui.widgets.quick_input import QuickInput

REPAINT_SECONDS = 0.2
"""This long after the last change of size, everything is drawn once more."""


def terminal_size() -> os.terminal_size:
    """Columns and rows of the terminal that the app draws on."""
    try:
        return os.get_terminal_size(sys.__stderr__.fileno())  # type: ignore[union-attr]
    except (AttributeError, OSError, ValueError):
        return shutil.get_terminal_size()


class TerminalApp(TabbedApp):
    """Draws on the terminal that it has, whatever happens to that."""

    TITLE = "digit-tui"
    CSS_PATH = Path(__file__).with_name("styles") / "app.tcss"  # also of apps in other folders
    NOTIFICATION_TIMEOUT = 3
    """Seconds; a notification covers the keys of a small terminal."""

    def __init__(self, stdio: StdioCapture | None = None) -> None:
        """Make the app.

        Args:
            stdio: what else this process writes to stdout and stderr, to be told.
        """
        super().__init__()
        remote = any(os.environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY"))
        if remote and "TEXTUAL_ANIMATIONS" not in os.environ:  # each frame of them is sent
            self.animation_level = "none"
        self._stdio = stdio
        self._partial_line = ""
        self._repaint_timer: Timer | None = None

    def get_driver_class(self) -> type[Driver]:
        if sys.platform == "win32" or constants.DRIVER is not None:
            return super().get_driver_class()
        from digit_tui.tui.terminal.driver import TerminalDriver

        return TerminalDriver

    def on_load(self) -> None:
        self.begin_capture_print(self)
        if self._stdio is not None:
            self._stdio.listener = lambda text: self.post_message(events.Print(text, stderr=True))

    def on_unmount(self) -> None:
        if self._stdio is not None:
            self._stdio.listener = None

    def on_print(self, event: events.Print) -> None:
        """Log what a library wrote to stdout or stderr, line by line."""
        *lines, self._partial_line = (self._partial_line + event.text).split("\n")
        self.log_output([line.rstrip() for line in lines if line.strip()])

    def log_output(self, lines: Sequence[str]) -> None:
        """Tell what a library wrote.

        Args:
            lines: of it, none of which is blank; perhaps none at all.
        """
        raise NotImplementedError

    def on_resize(self) -> None:
        if self._repaint_timer is not None:
            self._repaint_timer.stop()
        self._repaint_timer = self.set_timer(REPAINT_SECONDS, self._repaint_all)

    def _repaint_all(self) -> None:
        """Draw everything, once the size has stopped changing.

        A terminal made smaller and larger again has lost what did not fit meanwhile, but Textual
        may see no change. And signals in quick succession may deliver sizes in the wrong order.
        """
        size = Size(*terminal_size())
        if not self.is_headless and size and size != self.size:
            self.post_message(events.Resize(size, size))
        else:
            self.refresh(layout=True)

    @property
    def top_screen(self) -> Screen[object] | None:
        """The view or dialog in front; while the app leaves there may be none any more."""
        return next(reversed(self.screen_stack), None)

    def draw_anew(self) -> None:
        for screen in self.screen_stack:
            for widget in screen.walk_children():
                widget.refresh()
        self.refresh(layout=True)
        view = self.screen_stack[0]
        if isinstance(view, Frame):
            view.redraw()

    async def replace_screen(self, screen: Screen[object]) -> None:
        if isinstance(screen, ClosesOnce):
            screen.dismiss(None)
        elif screen is self.screen:
            await self.switch_screen(type(screen)())
        for mode, stack in [*self._screen_stacks.items()]:
            if screen in stack and mode != self.current_mode:
                await self.remove_mode(mode)
                self.add_mode(mode, type(screen))
                await self._init_mode(mode)

    async def on_event(self, event: events.Event) -> None:
        # Textual passes keys on through queues, in which letters typed quickly would overtake the
        # enter before them. Keys where something is typed in are handled at once.
        if isinstance(event, events.Key) and await self._handle_now(event):
            return
        await super().on_event(event)

    async def _handle_now(self, key: events.Key) -> bool:
        target = self.screen if isinstance(self.screen, Form) else self.focused
        if not isinstance(target, Form | QuickInput) or key.is_forwarded:
            return False
        return await self._check_bindings(key.key, priority=True) or await target.handle_now(key)
