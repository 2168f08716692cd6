"""The dialog that shows the whole log."""

from __future__ import annotations

from time import perf_counter

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Static

from digit_tui.tui.screens.dialog import Dialog
from digit_tui.tui.state.run_model import RunModel


class LogDialog(Dialog[None]):
    """All lines, the latest last, those of all epochs too. It follows the run while it is open."""

    TITLE = "Log"
    SCROLLS = True
    BINDINGS = [Binding("escape,q,G", "dismiss", "Close", key_display="esc")]

    def __init__(self, model: RunModel, seconds: float = 0.0) -> None:
        """Show the log of a run.

        Args:
            model: the run.
            seconds: more lines are shown at most this often.
        """
        super().__init__()
        self._text = text_of(model)
        self._seconds = seconds
        self._shown = perf_counter()

    def compose_content(self) -> ComposeResult:
        yield Static(self._text)

    def on_mount(self) -> None:
        self.call_after_refresh(self._to_the_end)

    def _to_the_end(self) -> None:
        for body in self.query(VerticalScroll):  # none if it was closed meanwhile
            body.scroll_end(animate=False)

    def follow(self, model: RunModel) -> None:
        """Show the lines that there are now, if it is time; at the end it stays at the end."""
        now = perf_counter()
        if now - self._shown < self._seconds or not self.is_mounted:
            return
        text, self._shown = text_of(model), now
        if text != self._text:
            self._text = text
            body = self.query_one(VerticalScroll)
            at_the_end = body.scroll_offset.y >= body.max_scroll_y
            self.query_one(Static).update(text)
            if at_the_end:
                self.call_after_refresh(self._to_the_end)


def text_of(model: RunModel) -> Text:
    """The lines of a log, each with the letter of its mark on the charts."""
    lines: list[str] = []
    for line in model.log:
        lines += line.earlier
        lines.append(f"{line.mark} {line.text}" if line.mark else line.text)
    return Text("\n".join(lines))
