"""An app that goes on after an error in the interface: training must not suffer for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from textual._context import active_message_pump
from textual.app import App, ScreenStackError
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.widget import MountError, Widget
from textual.worker import WorkerFailed

from digit_tui.session.failures import Failed
from digit_tui.session.fault_report import Fault, report_fault
from digit_tui.tui import textual_patches  # noqa: F401  has every widget go on after an error
from digit_tui.tui.screens.dialog import Palette

NOT_MOUNTED = (NoMatches, MountError, ScreenStackError)
"""Errors of screens and widgets that are not there yet, or no longer."""
AGAIN_SECONDS = 5.0
"""An error this soon after another one ends the program: drawing anew has not helped."""


class ResilientApp(App[None]):
    """Draws anew after an error, and leaves after a second one.

    Attributes:
        fault: why it leaves, if it is for an error.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fault: Failed | None = None
        self._last_error = -float("inf")

    def leave_for(self, fault: Failed) -> None:
        """Leave as soon as the run is saved, with the status of a fault."""
        raise NotImplementedError

    def leave_at_once(self, fault: Failed) -> None:
        """Leave, with the status of a fault; the run is saved after that."""
        raise NotImplementedError

    def log_error(self, fault: Fault) -> None:
        """Tell of an error that the program goes on after."""
        raise NotImplementedError

    def draw_anew(self) -> None:
        """Draw everything, whether it has changed or not."""
        raise NotImplementedError

    async def replace_screen(self, screen: Screen[object]) -> None:
        """Put another screen in the place of one that could not be made, or close it."""
        raise NotImplementedError

    @property
    def circumstances(self) -> str:
        """What is on the screen, in a line for the report of an error."""
        raise NotImplementedError

    @contextmanager
    def errors_told(self) -> Iterator[None]:
        """An error in the block ends the block only."""
        try:
            yield
        except Exception as error:
            self._handle_exception(error)

    @contextmanager
    def nothing_without(self) -> Iterator[None]:
        """An error in the block ends the program: there is nothing to go on with."""
        try:
            yield
        except Exception as error:
            fault = self._report(error)
            self.fault = fault.failed
            self.leave_at_once(fault.failed)

    def _handle_exception(self, error: Exception) -> None:
        """Textual calls this with each exception that nothing else has handled."""
        error = _cause(error)
        if self._is_half_mounted(error):
            return
        if self.fault is not None:  # it leaves already
            self._for_tests(error)
            return
        fault = self._report(error)
        soon = monotonic() - self._last_error < AGAIN_SECONDS
        self._last_error = monotonic()
        if self._exit or not self._is_mounted:  # nothing is drawn any more, or yet
            self.fault = fault.failed
            self.leave_at_once(fault.failed)
        elif soon:
            self.fault = fault.failed
            with self.nothing_without():
                self.leave_for(fault.failed)
        else:
            self.log_error(fault)
            self._mend()

    def _report(self, error: Exception) -> Fault:
        self._for_tests(error)
        try:
            circumstances = self.circumstances
        except Exception:  # an error may come before the first screen, and after the last
            circumstances = "no screen"
        return report_fault(error, circumstances)

    def _for_tests(self, error: Exception) -> None:
        """`run_test` raises it in the end; nothing else looks at it."""
        if self._exception is None:
            self._exception = error
            self._exception_event.set()

    def _mend(self) -> None:
        """Draw anew; and replace a screen that is incomplete, as the error came while it began."""
        pump = active_message_pump.get(None)
        if isinstance(pump, Widget) and not pump._is_mounted:
            self.call_later(self.replace_screen, pump.screen)
        self.call_later(self.draw_anew)

    def _is_half_mounted(self, error: Exception) -> bool:
        """Whether it comes of a screen that is closed while it is still being opened.

        A key that closes what the key before it is still opening finds it half mounted. That is no
        failure: an app that exits needs it no more, and the search of a palette that is closed goes
        on for a moment.
        """
        half_mounted = isinstance(error, NOT_MOUNTED)
        palette = half_mounted and f" on {Palette.__name__}(" in str(error)
        leaves = self._exit or not self.is_running
        closed = leaves or (palette and not Palette.is_open(self))  # type: ignore[arg-type]
        return half_mounted and closed


def _cause(error: Exception) -> Exception:
    """What a worker failed for; of any other exception itself."""
    if isinstance(error, WorkerFailed) and isinstance(error.error, Exception):
        return error.error
    return error
