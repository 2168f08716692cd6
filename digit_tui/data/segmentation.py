"""The digits of a picture: connected parts of ink, in the order in which they are read."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.data.components import Components, connected_components, joined
from digit_tui.data.errors import DataError

LEAST_INK = 64
"""Pixels with less, of 255, connect nothing and belong to no digit."""
SPECK = 0.2
"""Parts that are smaller than this, compared with the usual size of the picture's, are specks."""
SLIVER = 0.02
"""Width over height: a stroke is wider."""
MAX_DIGITS = 1000
"""More parts than this are no page of digits; their pairs are compared."""


class Part(NamedTuple):
    """A digit of a picture, or what looks like one."""

    left: int
    top: int
    ink: NDArray[np.uint8]
    """(h, w): its ink and nothing of its neighbours', in its box."""
    row: int = 0
    """Of the digits, counted from 0 at the top."""

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, width and height, in pixels of the ink picture."""
        height, width = self.ink.shape
        return self.left, self.top, width, height


def find_digits(ink: NDArray[np.uint8]) -> list[Part]:
    """The digits of an ink picture (h, w) uint8, by rows from the top, each from the left.

    Parts of one digit that are apart are joined, specks and long lines left out. Digits that touch
    are not told apart.

    Raises:
        DataError: if there are more than MAX_DIGITS.
    """
    found = connected_components(ink >= LEAST_INK)
    sizes = _sizes(found.boxes)
    if not len(sizes):
        return []
    usual = _usual(sizes, found.areas)
    stray = _is_line(found.boxes) | _is_edge(found.boxes, ink.shape)
    kept = np.flatnonzero((sizes >= SPECK * usual) & ~stray)
    if len(kept) > MAX_DIGITS:
        raise DataError(f"it has {len(kept):,} separate parts, more than any page of digits")
    groups = _groups(found.boxes[kept], usual)
    parts = [_cut(ink, found, kept[groups == group]) for group in np.unique(groups)]
    return _in_reading_order(parts, usual)


def one_digit(ink: NDArray[np.uint8]) -> list[Part]:
    """All ink of a picture (h, w) uint8 as one digit, without specks; none if it is blank."""
    found = connected_components(ink >= LEAST_INK)
    sizes = _sizes(found.boxes)
    if not len(sizes):
        return []
    kept = np.flatnonzero(sizes >= SPECK * _usual(sizes, found.areas))
    return [_cut(ink, found, kept)]


def large_parts(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], int]:
    """The boxes (n, 4) of the parts of `mask` (h, w) that are no specks, and their usual size.

    A box is top, left, bottom, right, the last two the first outside. None and 0 if it is blank.
    """
    found = connected_components(mask)
    sizes = _sizes(found.boxes)
    if not len(sizes):
        return found.boxes, 0
    usual = _usual(sizes, found.areas)
    return found.boxes[sizes >= SPECK * usual], usual


def _sizes(boxes: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,): the longer side of each box (n, 4)."""
    sizes: NDArray[np.int64] = (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    return sizes


def _usual(sizes: NDArray[np.int64], areas: NDArray[np.int64]) -> int:
    """The size that three quarters of the ink are at most part of: the rest may be a digit broken
    into pieces, or larger than the others."""
    order = np.argsort(sizes)
    place = int(np.searchsorted(np.cumsum(areas[order]), 0.75 * areas.sum()))
    return int(sizes[order[place]])


def _is_line(boxes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(n,): whether each is much wider than a digit, such as a ruled line."""
    lines: NDArray[np.bool_] = boxes[:, 3] - boxes[:, 1] > 6 * (boxes[:, 2] - boxes[:, 0])
    return lines


def _is_edge(boxes: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """(n,): whether each is a sliver along a side of the picture: a shadow, or the paper's edge."""
    tops, lefts, bottoms, rights = boxes.T
    thin = SLIVER * (bottoms - tops) >= rights - lefts
    edges: NDArray[np.bool_] = thin & ((lefts == 0) | (rights == shape[1]))
    return edges


def _groups(boxes: NDArray[np.int64], usual: int) -> NDArray[np.int64]:
    """(n,): equal numbers for boxes (n, 4) of one digit.

    Joined are parts that lie in each other, strokes above or below a larger part of which they are
    close, halves that make up a digit of the usual height, and the flat bar of a 5 right of it.
    """
    top, left, bottom, right = (side[:, None] for side in boxes.T)
    height, width, size = bottom - top, right - left, _sizes(boxes)[:, None]
    across = np.minimum(right, right.T) - np.maximum(left, left.T)  # shared, or less than 0: apart
    down = np.minimum(bottom, bottom.T) - np.maximum(top, top.T)
    shared = np.maximum(across, 0) * np.maximum(down, 0)
    inside = 2 * shared >= np.minimum(height * width, (height * width).T)
    over = 2 * across >= np.minimum(width, width.T)
    near = -down <= 0.2 * usual
    smaller = size <= 0.75 * size.T  # (small, large)
    together = np.maximum(bottom, bottom.T) - np.minimum(top, top.T)
    halves = together <= 1.25 * usual
    flat = (width >= 1.5 * height) & (-across <= 0.15 * usual)
    upper = top + bottom <= (top + bottom).T
    return joined(inside | (over & near & (smaller | halves)) | (flat & near & smaller & upper))


def _cut(ink: NDArray[np.uint8], found: Components, members: NDArray[Any]) -> Part:
    """The components `members` (k,), counted from 0, as one part."""
    top, left = found.boxes[members, :2].min(axis=0).tolist()
    bottom, right = found.boxes[members, 2:].max(axis=0).tolist()
    window = slice(top, bottom), slice(left, right)
    own = np.isin(found.labels[window], members + 1)
    return Part(left, top, np.where(own, ink[window], 0).astype(np.uint8))


def _in_reading_order(parts: list[Part], usual: int) -> list[Part]:
    """Sorted by rows, then from the left. A row may be slanted: each follows its neighbour."""
    rows: list[list[Part]] = []
    for part in sorted(parts, key=lambda each: each.left):
        middle = _middle(part)
        distances = [abs(_middle(row[-1]) - middle) for row in rows]
        nearest = int(np.argmin(distances)) if distances else -1
        if distances and distances[nearest] <= 0.6 * usual:
            rows[nearest].append(part)
        else:
            rows.append([part])
    rows.sort(key=lambda row: sum(map(_middle, row)) / len(row))
    return [part._replace(row=place) for place, row in enumerate(rows) for part in row]


def _middle(part: Part) -> float:
    return part.top + len(part.ink) / 2
