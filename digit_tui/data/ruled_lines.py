"""Takes lines on the paper out of the ink: ruling, squares, a margin, an underline.

A line is long, thin and almost straight. What of a digit crosses it stays, as in staff-line removal
of printed music: Dalitz, Droettboom, Pranzas and Fujinaga (2008), "A Comparative Study of Staff
Removal Algorithms".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.data.components import connected_components, runs
from digit_tui.data.segmentation import LEAST_INK, large_parts

FAINT_INK = 32
"""Pixels with less, of 255, belong to no line: the blurred edge of one goes with it."""
SHORTEST = 60
"""Pixels: in a shorter one a line cannot be told from a stroke."""
NARROWEST = 28
"""Pixels: a picture with a shorter side is no page."""
SLENDER = 40
"""A line is at least so many times as long as it is thick."""
MOST_REACH = 12
"""Pixels that a line may wander up or down, or be broken, where it should be longest."""
WHOLE, WHOLE_REACH = 0.8, 4
"""Of the picture: lines as wide are found apart from others, and may wander less."""
UNDERLINE, MARGIN = 0.6, 0.9
"""Of the picture's width, or height: a line is as long that is little longer than the digits. Among
small digits a tall thin 1 is shorter."""
MOST_LINES = 500
"""More than these in one direction are a pattern."""


class _Line(NamedTuple):
    """A line from left to right, or downwards in a picture that was transposed."""

    start: int
    """Its first column."""
    tops: NDArray[np.int64]
    """(length,): its first row in each column."""
    bottoms: NDArray[np.int64]
    """(length,): the first row below it."""
    thickness: int
    shade: float
    """Of its ink where the light is best: what is much darker is a stroke."""

    @property
    def length(self) -> int:
        return len(self.tops)


def without_ruled_lines(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The ink (h, w) uint8 of a picture without the lines in it; the same array if there are none.

    Both across and down. A line is much longer than the digits, or longer than they are and nearly
    as long as the picture, beyond them at both ends: so a lone 1 or 7 stays as it is.
    """
    if min(ink.shape) < NARROWEST:
        return ink
    across, down = _lines(ink), _lines(np.ascontiguousarray(ink.T))  # ten times as fast
    if not across and not down:
        return ink
    # What is no line is known from what is left without any.
    boxes, usual = large_parts(_erased(ink, across, down) >= LEAST_INK)
    if not len(boxes):
        return ink
    top, left = boxes[:, :2].min(axis=0).tolist()
    bottom, right = boxes[:, 2:].max(axis=0).tolist()
    least = UNDERLINE * ink.shape[1]
    across = [line for line in across if _is_ruled(line, least, left, right, usual)]
    least = MARGIN * ink.shape[0]
    down = [line for line in down if _is_ruled(line, least, top, bottom, usual)]
    return _erased(ink, across, down)


def _is_ruled(line: _Line, least: float, first: int, last: int, usual: int) -> bool:
    """Whether it is no stroke, compared with the digits: from `first` to `last`, of `usual` size.

    Args:
        line: long and thin.
        least: as long is a line that is not much longer than the digits.
        first: pixel of the digits along it.
        last: the first pixel beyond them.
        usual: size of the digits; one that is little larger than the line is thick is a speck.
    """
    if usual < 8 * line.thickness:
        return False
    beyond = 0.05 * line.length
    alone = line.start + beyond <= first and last <= line.start + line.length - beyond
    long = line.length >= max(least, 1.3 * usual)
    return line.length >= 3 * usual or (alone and long)


def _lines(ink: NDArray[np.uint8]) -> list[_Line]:
    """What may be a line across `ink` (h, w); one as wide as the picture may be found twice.

    Beside it digits are short, so that it is found among them, and near others, as on squared
    paper. A shorter one may wander more.
    """
    width = ink.shape[1]
    whole = _long_thin(ink, max(SHORTEST, round(WHOLE * width)), WHOLE_REACH)
    return whole + _long_thin(ink, max(SHORTEST, width // 5), MOST_REACH)


def _long_thin(ink: NDArray[np.uint8], least: int, most_reach: int) -> list[_Line]:
    """What is long, thin and almost straight across `ink` (h, w).

    Runs of a row stay that are long in a mask smeared over a few rows, so that a slight slope or
    wobble does not end them; digits on the line do not break it.

    Args:
        ink: of the picture.
        least: pixels of the shortest one.
        most_reach: pixels that it may wander up or down, or be broken.
    """
    width = ink.shape[1]
    if width < least:
        return []
    shortest = least * 5 // 8
    reach = min(shortest // 30 + 1, most_reach)
    mask = ink >= FAINT_INK
    smeared = mask.copy()
    for step in range(1, reach + 1):
        smeared[step:] |= mask[:-step]
        smeared[:-step] |= mask[step:]
        smeared[:, step:] |= mask[:, :-step]  # closes gaps
    rows, starts, ends = runs(smeared)
    long = ends - starts >= shortest
    if not long.any():
        return []
    edges = np.zeros((len(mask), width + 1), np.int8)
    edges[rows[long], starts[long]] = 1
    edges[rows[long], ends[long]] -= 1
    found = connected_components(np.cumsum(edges[:, :-1], axis=1, dtype=np.int8) > 0)
    tall, wide = (found.boxes[:, 2:] - found.boxes[:, :2]).T
    chosen = np.flatnonzero((wide >= least) & (tall <= 0.1 * wide + 2 * reach))
    if len(chosen) > MOST_LINES:
        return []
    lines = []
    for number in chosen:
        top, left, bottom, right = found.boxes[number].tolist()
        own = found.labels[top:bottom, left:right] == number + 1
        line = _traced(ink, own, top, left)
        if line is not None and line.length >= least:
            lines.append(line)
    return lines


def _traced(
    ink: NDArray[np.uint8], smeared: NDArray[np.bool_], top: int, left: int
) -> _Line | None:
    """The line in a window of a smeared mask (h, w) at `top` and `left`; None if there is none.

    Between columns where nothing touches the line it is where they say.
    """
    window = ink[top : top + len(smeared), left : left + smeared.shape[1]] >= FAINT_INK
    window &= smeared
    inked = np.flatnonzero(window.any(axis=0))
    window = window[:, inked[0] : inked[-1] + 1]
    left += int(inked[0])
    length = window.shape[1]
    columns = np.arange(length)
    counts = window.sum(axis=0)
    tops = top + window.argmax(axis=0)
    bottoms = tops + counts
    whole = counts == len(window) - window[::-1].argmax(axis=0) - window.argmax(axis=0)
    above = np.where(tops > 0, ink[np.maximum(tops - 1, 0), left + columns], 0)
    lowest = len(ink) - 1
    below = np.where(bottoms <= lowest, ink[np.minimum(bottoms, lowest), left + columns], 0)
    clear = (counts > 0) & whole & (np.maximum(above, below) < FAINT_INK)
    if 4 * clear.sum() < length:
        return None
    thickness = int(np.median(counts[clear]))
    if SLENDER * thickness > length:
        return None
    clear &= counts <= thickness + 2
    known = columns[clear]
    middles = (tops[clear] + bottoms[clear]) / 2
    fitted = np.polyval(np.polyfit(known, middles, 1), known)
    if np.percentile(np.abs(middles - fitted), 95) > 0.01 * length + thickness:
        return None
    between = np.interp(columns, known, middles)
    half = thickness / 2 + 0.5
    shade = float(np.percentile(ink[(tops + counts // 2)[clear], left + known], 80))
    tops = np.where(clear, tops, np.floor(between - half).astype(np.int64))
    bottoms = np.where(clear, bottoms, np.ceil(between + half).astype(np.int64))
    return _Line(left, np.maximum(tops, 0), np.minimum(bottoms, len(ink)), thickness, shade)


def _erased(
    ink: NDArray[np.uint8], across: Sequence[_Line], down: Sequence[_Line]
) -> NDArray[np.uint8]:
    """A copy of `ink` (h, w) without these lines; strokes that cross them stay whole."""
    strokes = ink >= LEAST_INK
    for lines, view in ((across, strokes), (down, strokes.T)):
        for line in lines:
            view[_pixels(line, np.ones(line.length, np.bool_))] = False
    result = ink.copy()
    for lines, view, left in ((across, strokes, result), (down, strokes.T, result.T)):
        for line in lines:
            places = _pixels(line, ~_crossed(view, line))
            found = left[places]
            left[places] = np.where(found > (line.shade + 255) / 2, found, 0)
    return result


def _pixels(line: _Line, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows and columns of a line's pixels in the chosen (length,) of its columns."""
    columns = np.flatnonzero(chosen)
    counts = (line.bottoms - line.tops)[columns]
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(line.tops[columns], counts) + offsets, np.repeat(columns + line.start, counts)


def _crossed(strokes: NDArray[np.bool_], line: _Line) -> NDArray[np.bool_]:
    """(length,): where a stroke goes on at the other side of the line, perhaps slanted."""
    columns = line.start + np.arange(line.length)
    above = np.zeros(line.length, np.bool_)
    below = above.copy()
    for step in (1, 2):
        rows = line.tops - step
        above |= (rows >= 0) & strokes[np.maximum(rows, 0), columns]
        rows = line.bottoms + step - 1
        below |= (rows < len(strokes)) & strokes[np.minimum(rows, len(strokes) - 1), columns]
    reach = line.thickness + 2
    return (above & _widened(below, reach)) | (_widened(above, reach) & below)


def _widened(places: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """(n,): whether one of `places` is within `reach`."""
    wide: NDArray[np.bool_] = np.convolve(places, np.ones(2 * reach + 1), "same") > 0
    return wide[: len(places)]
