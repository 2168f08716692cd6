"""A map of digits; the mouse chooses one, opens it, moves the map and zooms."""

from __future__ import annotations

from textual import events
from textual.message import Message

from digit_tui.tui.drawing.scatter import Scatter, can_draw_dots, class_styles, draw_scatter
from digit_tui.tui.widgets.canvas import Canvas


class DigitMap(Canvas):
    """Digits in the cells where they belong."""

    COMPONENT_CLASSES = {"digit-map--chosen"}

    class Pointed(Message):
        """A place was clicked."""

        def __init__(self, column: int, row: int, twice: bool) -> None:
            """Tell of it.

            Args:
                column: of the place.
                row: of it.
                twice: whether it was a double click.
            """
            super().__init__()
            self.column, self.row, self.twice = column, row, twice

    class Dragged(Message):
        """The map was dragged."""

        def __init__(self, columns: int, rows: int) -> None:
            """Tell of it.

            Args:
                columns: so far to the right.
                rows: so far down.
            """
            super().__init__()
            self.columns, self.rows = columns, rows

    class Zoomed(Message):
        """The wheel was turned over a place."""

        def __init__(self, closer: bool, column: int, row: int) -> None:
            """Tell of it.

            Args:
                closer: whether to zoom in.
                column: of the place.
                row: of it.
            """
            super().__init__()
            self.closer, self.column, self.row = closer, column, row

    def __init__(self) -> None:
        super().__init__()
        self._held = False
        self._dragged = False

    def show(self, scatter: Scatter, classes: int, chosen: int | None) -> None:
        """Draw digits.

        Args:
            scatter: the digits, in cells of this widget.
            classes: how many there are.
            chosen: a digit to point at, by its place in the scatter.
        """
        width, height = self.size
        self.paint(
            draw_scatter(
                scatter,
                width,
                height,
                class_styles(self.app, classes),
                can_draw_dots(self.app, classes),
                None if chosen is None else (chosen, self.part("digit-map--chosen")),
            )
        )

    def entitle(self, text: str) -> None:
        """Set its title."""
        if text != self.border_title:  # each title is sent to the terminal
            self.border_title = text

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._held, self._dragged = True, False
        self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._held and (event.delta_x or event.delta_y):
            self._dragged = True
            self.post_message(self.Dragged(event.delta_x, event.delta_y))

    def on_mouse_up(self) -> None:
        self._held = False
        self.release_mouse()

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and not self._dragged:  # a click follows when a drag ends, too
            self.post_message(self.Pointed(*offset, twice=event.chain == 2))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._zoom(event, True)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._zoom(event, False)

    def _zoom(self, event: events.MouseEvent, closer: bool) -> None:
        event.stop()
        offset = event.get_content_offset(self)
        if offset is not None:
            self.post_message(self.Zoomed(closer, *offset))
