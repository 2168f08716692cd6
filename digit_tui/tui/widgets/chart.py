"""A line chart. The only module that knows plotext and textual-plotext."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.text import Text
from textual.color import Color
from textual.geometry import Region
from textual.strip import Strip
from textual_plotext import PlotextPlot

from digit_tui.tui.drawing.ticks import Ticks, linear_ticks, log_ticks
from digit_tui.tui.state.series import thin

Array = NDArray[Any]

MARKERS = {"braille": ("braille",), "blocks": ("hd",), "ascii": ("*", "o", "+", "x")}
"""What curves are drawn with: blocks or letters for fonts without Braille, and letters to
distinguish the curves where there is no colour."""
BRAILLE = "\u28ff"
"""What a terminal must be able to show for "braille"."""
FAINT_MARKER = "."
"""Likewise for a faint curve, where letters are drawn."""
FAINT = 0.6
"""How far a faint curve's colour is blended with the background's."""

LIMIT = 1e12
"""Larger values are drawn as this: plotext fails on numbers near the end of the float range."""


@dataclass(frozen=True, eq=False)
class Curve:
    """One line of a chart."""

    x: Array
    y: Array
    color: str
    """Name of a theme variable."""
    mark: int = 0
    """Which letter it is drawn with, if it is drawn with letters."""
    faint: bool = False
    """Whether it is of an undone part."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """Everything that a chart shows."""

    curves: list[Curve]
    span: tuple[float, float]
    """First and last x."""
    marks: list[float]
    """x of the vertical lines."""
    log: bool = False
    percent: bool = False
    """The values are fractions, labelled as per cent."""
    marker: str = "braille"


class Chart(PlotextPlot):
    """Curves over epochs. Only rows that changed are sent to the terminal."""

    def __init__(self, title: str, id: str) -> None:
        super().__init__(id=id)
        self.border_title = title
        self._drawing: Drawing | None = None
        self._strips: list[Strip] = []

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
            lines = Text.from_ansi(self._build(self._drawing, width, height)).split()
        except Exception as error:  # a chart that cannot be drawn must not end the run
            lines = Text(f"This chart cannot be drawn: {error}").wrap(self.app.console, width)
        strips = [Strip(line.render(self.app.console)) for line in lines[:height]]
        strips = [strip.apply_style(self.rich_style) for strip in strips]
        before, self._strips = self._strips, strips
        if len(before) != len(strips):
            self.refresh()
        else:
            for y, (old, new) in enumerate(zip(before, strips, strict=True)):
                if old != new:
                    self.refresh(Region(0, y, width, 1))

    def _build(self, drawing: Drawing, width: int, height: int) -> str:
        plot = self.plt
        plot.clear_figure()
        plot.theme(self._get_plotext_theme_name(self.app.theme))
        plot.plotsize(width, height)
        plot._set_size(width, height)  # plotsize alone is not enough: textual-plotext's issue 5
        low, high = np.inf, -np.inf
        for curve in drawing.curves:
            y = np.where(np.isfinite(curve.y), np.clip(curve.y, -LIMIT, LIMIT), np.nan)
            if drawing.log:
                with np.errstate(all="ignore"):
                    y = np.log10(y)
            x, y = thin(curve.x, y, width)
            if len(x):
                low, high = min(low, y.min()), max(high, y.max())
                plot.plot(
                    x.tolist(),
                    y.tolist(),
                    color=self._color(curve),
                    marker=_marker(curve, drawing.marker),
                )
        if low > high:
            return "\n  No points yet."
        if low == high:
            low, high = low - 0.5, high + 0.5
            if drawing.percent:  # a fraction, or its logarithm
                low, high = (low, min(high, 0.0)) if drawing.log else (max(low, 0), min(high, 1))
        start, end = drawing.span
        for mark in drawing.marks:
            if start <= mark <= end:
                plot.vline(mark, color=self._mark_color())
        plot.ylim(low, high)
        plot.yticks(*self._y_ticks(drawing, low, high, height))
        if start < end:
            plot.xlim(start, end)
            plot.xticks(*linear_ticks(start, end, max(width // 9, 2)))
        plot.xaxes(True, False)
        plot.yaxes(True, False)
        return str(plot.build())

    @staticmethod
    def _y_ticks(drawing: Drawing, low: float, high: float, height: int) -> Ticks:
        ticks = log_ticks if drawing.log else linear_ticks
        return ticks(low, high, max(height // 3, 2), drawing.percent)

    def _mark_color(self) -> tuple[int, int, int]:
        """Between text and background: visible, but less than the curves."""
        variables = self.app.theme_variables
        return (
            Color.parse(variables["surface"]).blend(Color.parse(variables["foreground"]), 0.4).rgb
        )

    def _color(self, curve: Curve) -> tuple[int, int, int]:
        variables = self.app.theme_variables
        color = Color.parse(variables[curve.color])
        return color.blend(Color.parse(variables["surface"]), FAINT if curve.faint else 0.0).rgb


def letter(kind: str, mark: int) -> str | None:
    """Which letter a curve is drawn with; None if it is not drawn with letters."""
    markers = MARKERS[kind]
    return markers[mark % len(markers)] if len(markers) > 1 else None


def _marker(curve: Curve, kind: str) -> str:
    own = letter(kind, curve.mark)
    if own is None:
        return MARKERS[kind][0]
    return FAINT_MARKER if curve.faint else own
