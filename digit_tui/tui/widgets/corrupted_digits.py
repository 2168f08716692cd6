"""A digit under a corruption, at all strengths side by side."""

from __future__ import annotations

from rich.segment import Segment

from digit_tui.insight.corruptions import STRENGTHS
from digit_tui.tui.drawing.chart import BRAILLE
from digit_tui.tui.drawing.ink import SMALL_COLUMNS, Line, default_renderer, draw
from digit_tui.tui.state.found_robustness import Example
from digit_tui.tui.state.selected_digit import square
from digit_tui.tui.terminal.charset import shows
from digit_tui.tui.widgets.canvas import Canvas

GAP = " "
"""Between adjacent pictures."""


class CorruptedDigits(Canvas):
    """A picture for each strength, with what it is read as above it."""

    COMPONENT_CLASSES = {"corrupted-digits--right", "corrupted-digits--wrong"}

    def show(self, example: Example, side: int, title: str) -> None:
        """Draw it.

        Args:
            example: the digit.
            side: of its images, in pixels.
            title: above the pictures.
        """
        if title != self.border_title:  # each title is sent to the terminal
            self.border_title = title
        width, height = self.size
        count = STRENGTHS + 1
        rows = min(height - 1, (width + len(GAP)) // count // 2)
        if rows < 1:
            return
        columns = 2 * rows
        renderer = default_renderer(self.app)
        if columns < SMALL_COLUMNS:  # in so little room Braille has the most dots
            renderer = "Braille" if shows(BRAILLE) else "ASCII"
        _, _, paper, ink = self.colors
        drawn = [
            draw(square(image, side), columns, rows, renderer, paper, ink)
            for image in example.images
        ]
        cell = max((width + len(GAP)) // count - len(GAP), columns)
        lines = [self._captions(example, cell)]
        fill = Segment(" " * (cell - columns) + GAP)
        lines += [
            [segment for picture in drawn for segment in [*picture[row], fill]]
            for row in range(rows)
        ]
        self.paint(lines)

    def _captions(self, example: Example, width: int) -> Line:
        """What it is read as at each strength: "2: 7 93%", or with a fork "2: 7, fork 9"."""
        line: Line = []
        run, *fork = example.evaluations
        for strength, (label, read) in enumerate(zip(run.labels, run.predictions, strict=True)):
            parts = [Segment(f"{strength}: "), self._read(read, label)]
            if fork:
                parts += [Segment(", fork "), self._read(fork[0].predictions[strength], label)]
            else:
                parts.append(Segment(f" {run.probabilities[strength, read]:.0%}"))
            taken = sum(len(part.text) for part in parts)
            line += [*parts, Segment(" " * (width - taken) + GAP)]
        return line

    def _read(self, prediction: int, label: int) -> Segment:
        name = "right" if prediction == label else "wrong"
        return Segment(f"{prediction}", self.part(f"corrupted-digits--{name}"))
