"""Pictures of positive and negative numbers, in two colours, or in signs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from digit_tui.data import SIGNED_RAMPS, draw_signed
from digit_tui.tui.drawing.ink import Line, draw_evidence


def draw_numbers(
    picture: NDArray[Any],
    columns: int,
    rows: int,
    palette: Sequence[Color] | None,
    styles: tuple[Style, Style],
) -> list[Line]:
    """A picture of numbers as lines, compared with its largest magnitude.

    Args:
        picture: (side, side); one with a number that is not finite is blank.
        columns: cells in a line; about twice the rows.
        rows: lines.
        palette: the colours of paper, ink, positive and negative numbers, for half blocks; None
            draws the characters of SIGNED_RAMPS.
        styles: of the characters for positive and for negative numbers.
    """
    if palette is not None:
        finite = picture if np.isfinite(picture).all() else np.zeros_like(picture)
        blank = np.zeros(picture.shape, np.uint8)
        return draw_evidence(blank, finite, columns, rows, palette, styles, power=1.0)
    ramps = zip(SIGNED_RAMPS, styles, strict=True)
    style_of = {sign: style for ramp, style in ramps for sign in ramp}
    return [
        [Segment("".join(group), style) for style, group in groupby(line, style_of.get)]
        for line in draw_signed(picture, columns, rows)
    ]
