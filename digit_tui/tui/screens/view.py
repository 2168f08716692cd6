"""What all views of a run have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen

from digit_tui.tui.widgets.key_bar import KeyBar
from digit_tui.tui.widgets.progress_line import ProgressLine
from digit_tui.tui.widgets.status_line import StatusLine
from digit_tui.tui.widgets.too_small import MINIMUM, TooSmall

if TYPE_CHECKING:
    from digit_tui.run.events import Evaluated
    from digit_tui.tui.app import DigitApp
    from digit_tui.tui.state.run_model import RunModel


class View(Screen[None]):
    """A full-screen view: status above, its own content, progress and keys below."""

    BINDINGS = [
        Binding(
            "tab",
            "app.next_view",
            "View",
            id="next_view",
            priority=True,
            tooltip="Show the next view of the run",
        ),
    ]
    HORIZONTAL_BREAKPOINTS = [
        (0, "-too-small"),
        (MINIMUM.width, "-tiny"),
        (74, "-narrow"),
        (110, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-too-low"), (MINIMUM.height, "-low"), (36, "-high")]

    ready = False
    """Whether all its widgets are there; news may come before."""
    drawn: Evaluated | None = None
    """The look at the digits that is drawn."""

    if TYPE_CHECKING:
        app: DigitApp

    def __init__(self) -> None:
        super().__init__()
        # A new screen has all styles parsed again, twice, in case that the theme was changed: that
        # would be half of the time in which a view opens. The app has seen to it already.
        self._css_update_count = self.app._css_update_count

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield from self.compose_content()
        yield ProgressLine()
        yield KeyBar()
        yield TooSmall()

    @abstractmethod
    def compose_content(self) -> ComposeResult:
        """The view's own widgets."""

    @abstractmethod
    def draw(self, model: RunModel) -> None:
        """Draw what is costly: charts and pictures. Called at most twice a second."""

    def show(self, model: RunModel) -> None:
        """Draw what should never lag behind: where the run stands."""
        self.query_one(StatusLine).show(model)
        self.query_one(ProgressLine).show(model)

    def on_mount(self) -> None:
        self.ready = True
        self.call_after_refresh(self.redraw)

    def on_screen_resume(self) -> None:
        # Textual tells only the screen in sight of a new size: catch up on the breakpoints.
        self.post_message(events.Resize(self.app.size, self.app.size))

    def on_resize(self) -> None:
        self.call_after_refresh(self.redraw)

    def redraw(self) -> None:
        """Draw all of it now."""
        if self.is_current and self.ready:
            self.show(self.app.model)
            self.draw(self.app.model)
            self.drawn = self.app.model.shown
