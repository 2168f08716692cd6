"""A sheet of paper that does not fill its picture: on a darker table, or at the edge of one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.data.components import connected_components
from digit_tui.data.errors import DataError
from digit_tui.data.frames import without_frames
from digit_tui.data.picture_ink import cell_sides, cells, ink_of
from digit_tui.data.ruled_lines import without_ruled_lines
from digit_tui.data.segmentation import LEAST_INK, Part, find_digits

SMALLEST = 100
"""Pixels: a picture with a shorter side is no photograph of a sheet."""
LEAST_SHARE = 0.2
"""A sheet is at least so large, of the picture."""
MOST_INK = 0.2
"""Of a sheet."""
CONTRAST = 128
"""Levels between ink and paper, where the border does not tell which is which, ..."""
APART = 0.78
"""... and how much of their variance is between them (Otsu's measure of separability). That of a
smooth gradient is 0.75."""


def ink_on_paper(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The ink (h, w) uint8 of a picture (h, w) uint8 in shades of grey, without frames and lines.

    It is what differs from the border. Of a sheet on something darker it is what differs from the
    sheet, if digits are found there, and without that fewer of them, or the sheet itself.
    """
    ink = _bare_ink(levels)
    if not ink.any():
        return _ink_without_margin(levels)
    sheet = _sheet(levels)
    if sheet is None:
        return ink
    top, bottom, firsts, lasts = sheet
    left, right = int(firsts.min()), int(lasts.max()) + 1
    # Beside a sheet that is turned its edge goes on.
    columns = np.clip(np.arange(left, right), firsts[:, None], lasts[:, None])
    inside = np.take_along_axis(levels[top:bottom], columns, axis=1)
    own = _bare_ink(inside)
    found, seen = _parts(own), _parts(ink)
    # A thick digit that is light has blurred edges, and may have holes.
    at_edge = any(_is_at_edge(part, own.shape) for part in found)
    if at_edge or (own >= LEAST_INK).sum() > MOST_INK * own.size:
        return ink
    whole = len(seen) == 1 and seen[0].ink.size >= 0.8 * own.size
    if len(found) > len(seen) or (found and whole):
        ink = np.zeros_like(ink)
        ink[top:bottom, left:right] = own
    return ink


def _ink_without_margin(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The ink of a picture whose border is ink too, so that it tells nothing of the paper.

    There is more paper than ink. None where the shades are too near to each other to be both.
    """
    dark, light = np.percentile(levels, (1, 99))
    if light - dark < CONTRAST:
        return np.zeros_like(levels)
    bright = levels > _threshold(levels)
    share, means = bright.mean(), (levels[bright].mean(), levels[~bright].mean())
    if share * (1 - share) * (means[0] - means[1]) ** 2 < APART * levels.var():
        return np.zeros_like(levels)
    paper = np.median(levels[bright if 2 * bright.sum() >= bright.size else ~bright])
    margin = max(levels.shape) // 4 + 1
    inside = slice(margin, -margin)
    padded = np.pad(levels, margin, constant_values=int(paper))
    return np.ascontiguousarray(_bare_ink(padded)[inside, inside])


def _bare_ink(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return without_ruled_lines(without_frames(ink_of(levels)))


def _is_at_edge(part: Part, shape: tuple[int, ...]) -> bool:
    left, top, width, height = part.box
    return min(left, top, shape[1] - left - width, shape[0] - top - height) <= 2


def _parts(ink: NDArray[np.uint8]) -> list[Part]:
    try:
        return find_digits(ink)
    except DataError:  # noise
        return []


def _sheet(
    levels: NDArray[np.uint8],
) -> tuple[int, int, NDArray[np.int64], NDArray[np.int64]] | None:
    """The first row of a sheet, the first below it, and its first and last column in each row.

    None unless the largest bright part is four-sided, what is around it much darker, and it does
    not fill the picture.
    """
    if min(levels.shape) < SMALLEST:
        return None
    small = cells(levels, np.mean)
    bright = small > _threshold(small)
    found = connected_components(bright)
    if not len(found.areas):
        return None
    sheet = found.labels == int(found.areas.argmax()) + 1
    columns = np.arange(sheet.shape[1])
    first = sheet.argmax(axis=1)[:, None]
    last = sheet.shape[1] - 1 - sheet[:, ::-1].argmax(axis=1)[:, None]
    sheet = sheet.any(axis=1)[:, None] & (columns >= first) & (columns <= last)
    area, around = int(sheet.sum()), small[~sheet]
    if found.areas.max() < (1 - MOST_INK) * area:
        return None
    if not LEAST_SHARE <= area / sheet.size <= 0.97:
        return None
    if np.percentile(around, 80) > 0.6 * np.median(small[sheet]):
        return None
    if _four_sided(sheet) < 0.95:
        return None
    for axis in (0, 1):  # the edge of the paper is left out, but not where the picture ends
        sheet = _narrowed(_narrowed(sheet, axis), axis)
    rows = np.flatnonzero(sheet.any(axis=1))
    if not len(rows):
        return None
    tall, wide = cell_sides(levels.shape)
    top, bottom = int(rows[0]) * tall, min((int(rows[-1]) + 1) * tall, len(levels))
    own = np.arange(top, bottom) // tall
    firsts = sheet.argmax(axis=1)[own] * wide
    ends = (sheet.shape[1] - sheet[:, ::-1].argmax(axis=1))[own] * wide
    return top, bottom, firsts, np.minimum(ends, levels.shape[1]) - 1


def _threshold(values: NDArray[Any]) -> float:
    """Between dark and bright: Otsu (1979), "A threshold selection method"."""
    counts = np.bincount(values.astype(np.uint8).ravel(), minlength=256)
    levels = np.arange(256)
    below = np.cumsum(counts)
    sums = np.cumsum(counts * levels)
    above = below[-1] - below
    means = sums / np.maximum(below, 1), (sums[-1] - sums) / np.maximum(above, 1)
    return float(np.argmax(below * above * (means[0] - means[1]) ** 2)) + 1


def _four_sided(mask: NDArray[np.bool_]) -> float:
    """How much of `mask` (h, w) and the quadrilateral of its four corners they share, 0 to 1."""
    y, x = np.nonzero(mask)
    ends = [int(each.argmax()) for each in (-x - y, x - y, x + y, y - x)]  # clockwise
    rows, columns = np.indices(mask.shape)
    inside = np.ones_like(mask)
    for start, end in zip(ends, ends[1:] + ends[:1], strict=True):
        along, down = x[end] - x[start], y[end] - y[start]
        inside &= along * (rows - y[start]) >= down * (columns - x[start])
    return float((inside & mask).sum() / (inside | mask).sum())


def _narrowed(mask: NDArray[np.bool_], axis: int) -> NDArray[np.bool_]:
    """`mask` (h, w) without a cell at either end; beyond the picture it goes on."""
    padding = [(0, 0), (0, 0)]
    padding[axis] = (1, 1)
    padded = np.pad(mask, padding, mode="edge")
    count = mask.shape[axis]
    before, after = (np.take(padded, np.arange(count) + step, axis) for step in (0, 2))
    narrowed: NDArray[np.bool_] = mask & before & after
    return narrowed
