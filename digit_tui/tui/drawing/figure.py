"""A number in digits of three lines."""

from __future__ import annotations

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.renderables.digits import Digits

from digit_tui.tui.drawing.ink import Line
from digit_tui.tui.terminal.charset import shows

ROWS = 3
CURVES = "╭╮╰╯"
"""What the digits are drawn with."""


def is_drawn() -> bool:
    """Whether the terminal has what they are drawn with: stand-ins look the same in several."""
    return shows(CURVES)


def figure(console: Console, text: str, style: Style) -> list[Line]:
    """A number as three lines."""
    digits = Digits(text, Style())
    rows = console.render_lines(digits, console.options.update(width=digits.get_width(text)))
    return [[Segment("".join(each.text for each in row), style)] for row in rows]
