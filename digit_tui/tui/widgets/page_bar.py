"""The pages of a view, as smaller tabs."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from textual import events
from textual.message import Message

from digit_tui.tui.drawing.ink import Line
from digit_tui.tui.widgets.canvas import Canvas


class PageBar(Canvas):
    """One line; a click on a name shows its page."""

    COMPONENT_CLASSES = {"page-bar--active"}

    class Chosen(Message):
        """A page was clicked."""

        def __init__(self, place: int) -> None:
            """Tell of it.

            Args:
                place: of the page, from 0.
            """
            super().__init__()
            self.place = place

    def __init__(self, names: Sequence[str]) -> None:
        """Make it.

        Args:
            names: of the pages.
        """
        super().__init__()
        self._names = names

    def show(self, active: int, *about: str) -> None:
        """Draw it.

        Args:
            active: the place of the page that is shown.
            about: what else there is to say, on the right: the first of these that fits.
        """
        line: Line = []
        for place, text in enumerate(self._texts):
            style = self.part("page-bar--active") if place == active else None
            line.append(Segment(text, style))
        room = self.size.width - sum(len(segment.text) for segment in line)
        told = next((each for each in about if len(each) <= room), "")
        self.paint([[*line, Segment(f"{told:>{max(room, 0)}}")]])

    @property
    def _texts(self) -> list[str]:
        """The names with the spaces that there is room for."""
        texts = [f" {name} " for name in self._names]
        return texts if len("".join(texts)) <= self.size.width else [text[1:] for text in texts]

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        end = 0
        for place, text in enumerate(self._texts):
            end += len(text)
            if offset is not None and offset.x < end:
                self.post_message(self.Chosen(place))
                return
