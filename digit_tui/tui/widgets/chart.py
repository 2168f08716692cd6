"""A line chart over epochs."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.color import Color
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual_plotext import PlotextPlot

from digit_tui.tui.drawing.chart import Cell, Curve, Drawing, Plot
from digit_tui.tui.drawing.plot import Painter, plot

FAINT = 0.6
"""How far a faint curve's colour is blended with the background's."""


class Chart(PlotextPlot):
    """Curves over epochs. Only rows that changed are sent to the terminal."""

    class Pointed(Message):
        """The mouse is at an epoch, or, if that is None, at none any more."""

        def __init__(self, epoch: float | None) -> None:
            super().__init__()
            self.epoch = epoch

    def __init__(self, title: str, id: str) -> None:
        super().__init__(id=id)
        self.border_title = title
        self._drawing: Drawing | None = None
        self._strips: list[Strip] = []
        self._plotted = Plot([])

    @property
    def title_room(self) -> int:
        """Columns for the title, beside the corners of the border."""
        corners = 6 if self.styles.border_left[0] else 2
        return self.outer_size.width - corners

    def entitle(self, titles: Sequence[str]) -> None:
        """Set the title: the first that fits, or else the last."""
        title = next((each for each in titles if len(each) <= self.title_room), titles[-1])
        if title != self.border_title:  # each title is sent to the terminal
            self.border_title = title

    @property
    def column_width(self) -> float:
        """Epochs from a column to the next; 0 if nothing is drawn."""
        start, end = self._plotted.span
        return (end - start) / max(self._plotted.columns - 1, 1)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        offset = event.get_content_offset(self)
        self.post_message(self.Pointed(None if offset is None else self._plotted.x_at(offset.x)))

    def on_leave(self) -> None:
        self.post_message(self.Pointed(None))

    def draw(self, drawing: Drawing) -> None:
        """Show this drawing."""
        self._drawing = drawing
        self._redraw()

    def on_resize(self) -> None:
        self._redraw()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._redraw()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y >= len(self._strips):
            return Strip.blank(width, self.rich_style)
        return self._strips[y].adjust_cell_length(width, self.rich_style)

    def _redraw(self) -> None:
        width, height = self.size
        if not width or not height or self._drawing is None:
            return
        try:
            drawn = self._build(self._drawing, width, height)
        except Exception as error:  # a chart that cannot be drawn must not end the run
            drawn = Plot([[*map(Cell, f"This chart cannot be drawn: {error}")]])
        self._plotted = drawn
        strips = [Strip(line).simplify().apply_style(self.rich_style) for line in drawn.lines]
        before, self._strips = self._strips, strips
        if len(before) != len(strips):
            self.refresh()
        else:
            for y, (old, new) in enumerate(zip(before, strips, strict=True)):
                if old != new:
                    self.refresh(Region(0, y, width, 1))

    def _build(self, drawing: Drawing, width: int, height: int) -> Plot:
        theme = self._get_plotext_theme_name(self.app.theme)
        variables = self.app.theme_variables
        back, text = (Color.parse(variables[name]) for name in ("surface", "foreground"))
        # The line of a mark is visible, but less than the curves.
        painter = Painter(self.plt, theme, self._color, back.blend(text, 0.4).rgb, text.rgb)
        return plot(drawing, width, height, painter)

    def _color(self, curve: Curve) -> tuple[int, int, int]:
        variables = self.app.theme_variables
        color = Color.parse(variables[curve.color])
        return color.blend(Color.parse(variables["surface"]), FAINT if curve.faint else 0.0).rgb
