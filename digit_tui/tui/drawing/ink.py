"""Digits as lines of half blocks, Braille or ASCII, plain or with the evidence of each pixel."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.color import Color

from digit_tui.data import draw_braille, draw_digit, half_blocks
from digit_tui.data.resample import area_overlaps
from digit_tui.tui.terminal.charset import shows

Array = NDArray[Any]
Line = list[Segment]

RENDERERS = ("half blocks", "Braille", "ASCII")
"""What digits are drawn with."""
SMALL_COLUMNS = 14
"""A narrower drawing is illegible in half blocks; Braille has four times the dots."""
SHADES = 16
"""Levels of ink: 256-colour terminals have 24 greys."""
STRENGTHS = 6
"""Levels of evidence for a class, and of evidence against it."""
NOTABLE = 0.15
"""Evidence below this fraction of the strongest is not marked by a character."""


def many_colors(app: App[Any]) -> bool:
    """Whether the terminal has at least 256 colours, and colour is not switched off."""
    return not app.no_color and app.console.color_system in ("256", "truecolor")


def default_renderer(app: App[Any]) -> str:
    """The renderer to use until the user chooses one."""
    return RENDERERS[0] if many_colors(app) and shows("▀") else RENDERERS[-1]


def next_renderer(renderer: str) -> str:
    """The renderer after this one, round and round."""
    return RENDERERS[(RENDERERS.index(renderer) + 1) % len(RENDERERS)]


def fitting_rows(side: int, columns: int, rows: int) -> int:
    """Rows of the largest good drawing of a square image, twice as many columns wide.

    A whole number of cells to a pixel looks best; where that is impossible, all the room is used.
    """
    room = max(min(columns // 2, rows), 1)
    whole = room // (side / 2) * side / 2
    return int(whole) if whole >= 1 and whole.is_integer() else room


def draw(
    image: Array, columns: int, rows: int, renderer: str, paper: Color, ink: Color
) -> list[Line]:
    """An image (height, width) uint8 as lines of `columns` cells.

    Args:
        image: 0 background to 255 ink.
        columns: cells in a line; about twice the rows, for a square image.
        rows: lines.
        renderer: one of `RENDERERS`.
        paper: the colour of the background.
        ink: the colour of full ink.
    """
    if renderer == "half blocks" and columns >= SMALL_COLUMNS:
        levels = np.rint(half_blocks(image, columns, rows) / 255 * (SHADES - 1)).astype(np.intp)
        return _half_block_lines(levels, _ink_palette(paper, ink))
    if renderer == "ASCII":
        return [[Segment(line)] for line in draw_digit(image, columns, rows)]
    return [[Segment(line)] for line in draw_braille(image, columns, rows)]


def draw_evidence(
    image: Array,
    evidence: Array,
    columns: int,
    rows: int,
    palette: Sequence[Color] | None,
    styles: tuple[Style, Style],
    power: float = 0.5,
) -> list[Line]:
    """Like `draw`, with the pixels marked that are evidence for a class or against it.

    Args:
        image: (side, side) uint8.
        evidence: (side, side), positive for a class, negative against it.
        columns: cells in a line.
        rows: lines.
        palette: the colours of paper, ink, evidence for and evidence against, for half blocks;
            None draws "+" and "-".
        styles: of "+" and "-".
        power: of the evidence, from 0 to 1, that a colour is as strong as. The root shows weak
            evidence too: a few pixels have most of it.
    """
    down, across = (rows, columns) if palette is None else (2 * rows, columns)
    weights = area_overlaps(image.shape[0], down) @ np.nan_to_num(evidence.astype(np.float64))
    weights = weights @ area_overlaps(image.shape[1], across).T
    strongest = np.abs(weights).max()
    weights = weights / strongest if strongest > 0 else weights  # (down, across), -1..1
    levels = np.zeros((2 * rows, columns), np.uint8)
    if image.any():  # of the pictures of units nothing is inked, and there are many
        levels = half_blocks(image, columns, rows)
    if palette is None:
        inked = levels.reshape(rows, 2, columns).max(axis=1) > 0
        signs = np.where(inked, ".", " ")
        signs[weights >= NOTABLE] = "+"
        signs[weights <= -NOTABLE] = "-"
        sign_styles = {"+": styles[0], "-": styles[1]}
        return [
            [Segment("".join(group), sign_styles.get(sign)) for sign, group in groupby(row)]
            for row in signs.tolist()
        ]
    shades = np.rint(levels / 255 * (SHADES - 1)).astype(np.intp)
    strengths = np.rint(np.sign(weights) * np.abs(weights) ** power * STRENGTHS).astype(np.intp)
    codes = shades * (2 * STRENGTHS + 1) + strengths + STRENGTHS
    return _half_block_lines(codes, _evidence_palette(*palette))


def _half_block_lines(codes: Array, palette: Sequence[RichColor]) -> list[Line]:
    """A line for two rows of `codes` (2 * rows, columns), which are indices into the palette."""
    lines = []
    for above, below in zip(codes[::2].tolist(), codes[1::2].tolist(), strict=True):
        line = []
        for (top, bottom), group in groupby(zip(above, below, strict=True)):
            count = len(list(group))
            style = _two_colors(palette[top], palette[bottom])
            line.append(Segment((" " if top == bottom else "▀") * count, style))
        lines.append(line)
    return lines


@lru_cache(maxsize=4_096)
def _two_colors(above: RichColor, below: RichColor) -> Style:
    """The style of a half block. One for all: a style is ten times as large as its segment."""
    return Style.from_color(above, below)


@lru_cache(maxsize=8)
def _ink_palette(paper: Color, ink: Color) -> list[RichColor]:
    """From background to full ink."""
    return [paper.blend(ink, level / (SHADES - 1)).rich_color for level in range(SHADES)]


@lru_cache(maxsize=8)
def _evidence_palette(paper: Color, ink: Color, plus: Color, minus: Color) -> list[RichColor]:
    """For each level of ink, faint to stay in the background, all strengths from minus to plus."""
    return [
        paper.blend(ink, 0.4 * level / (SHADES - 1))
        .blend(plus if strength > 0 else minus, abs(strength) / STRENGTHS)
        .rich_color
        for level in range(SHADES)
        for strength in range(-STRENGTHS, STRENGTHS + 1)
    ]
