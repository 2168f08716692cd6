"""The views as tabs; and what they are about."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from textual import events
from textual.message import Message

from digit_tui.data import printable
from digit_tui.tui.drawing.ink import Line
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.canvas import Canvas


class TabBar(Canvas):
    """One line; a click on a tab shows its view."""

    COMPONENT_CLASSES = {"tab-bar--active", "tab-bar--other"}

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, mode: str) -> None:
            """Tell of it.

            Args:
                mode: of the view.
            """
            super().__init__()
            self.mode = mode

    def __init__(self, tabs: Sequence[tuple[str, str]], active: str) -> None:
        """Make it.

        Args:
            tabs: the mode and the title of each view.
            active: the title of the view that this is a part of.
        """
        super().__init__()
        self._tabs = tabs
        self._active = active

    def show(self, *about: str) -> None:
        """Draw it.

        Args:
            about: what is said on the right; of several parts the first alone, where there is no
                room for all.
        """
        line: Line = []
        for _, title in self._tabs:
            kind = "active" if title == self._active else "other"
            line.append(Segment(f" {title} ", self.part(f"tab-bar--{kind}")))
        room = self.size.width - sum(len(segment.text) for segment in line) - 1
        text = " · ".join(about)
        if len(text) >= room:
            text = about[0]
        if len(text) > room:
            text = text[: max(room - 2, 0)] + "…"
        self.paint([[*line, Segment(f"{text:>{max(room, 0)}}")]])

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        end = 0
        for mode, title in self._tabs:
            end += len(title) + 2
            if offset is not None and offset.x < end:
                self.post_message(self.Chosen(mode))
                return


def run_words(model: RunModel) -> list[str]:
    """Which network learns which digits."""
    parts = [model.dataset.name if model.dataset else printable(model.config.data)]
    if model.network:
        parts.append("-".join(map(str, model.network)))
    return parts
