"""Ink and paper of a grey picture: which of them is dark, and the light that falls on the paper."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

GRID = 128
"""The background is estimated on at most this many cells a side: light changes slowly."""
FAINTEST = 12.0
"""Ink differs from its paper by at least this much, of 255: less is noise or a shadow."""
FULL = 85
"""The percentile of the ink that is taken for a full stroke: one with blurred edges is full only
along its middle."""
EVEN = 8.0
"""Half of the border within this many levels of its median is evenly lit paper."""


def ink_of(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The ink of a picture (h, w) uint8 in shades of grey, as uint8, 0 background to 255 ink.

    The border is taken for paper: ink is what is darker or lighter than it. The paper's shade is
    estimated at each place and subtracted; what is left is scaled so that the noise of the paper
    is 0 and full strokes are 255. Without ink it is 0 everywhere.
    """
    border = _border(levels)
    shade = float(np.median(border))
    even = float(np.median(np.abs(border - shade))) <= EVEN
    if ink_is_light(levels, shade if even else None):
        levels, shade = 255 - levels, 255 - shade
    # A digit that fills the picture hides the paper: what is known of it is not estimated.
    paper = np.float32(shade) if even else background(levels)
    depth = np.subtract(paper, levels, dtype=np.float32)
    border = _border(depth)
    centre = float(np.median(border))  # above 0: the estimate lies above noisy paper
    noise = 1.4826 * float(np.median(np.abs(border - centre)))  # of a normal distribution
    floor = max(centre, 0.0) + 3 * noise
    found = depth[depth > floor + FAINTEST]
    if not found.size:
        return np.zeros(levels.shape, np.uint8)
    # Shadows and specks are less than half of the strongest ink.
    strong = found[found >= np.percentile(found, 90) / 2]
    full = float(np.percentile(strong, FULL))
    depth -= floor
    depth *= 255 / (full - floor)
    return np.clip(depth, 0, 255).astype(np.uint8)


def ink_is_light(levels: NDArray[np.uint8], shade: float | None) -> bool:
    """Whether the ink is lighter than the paper around it.

    Args:
        levels: (h, w).
        shade: of the paper, if it is even. Else a quadratic surface is fitted to the border, so
            that light from one side, or in the middle, is no ink; what lies far from it decides.
    """
    if shade is not None:
        differences = np.bincount(levels.ravel(), minlength=256) @ (np.arange(256) - shade) ** 3
        return bool(differences > 0)
    small = cells(levels, np.mean)
    rows, columns = (np.linspace(-1, 1, length) for length in small.shape)
    y, x = (axis.ravel() for axis in np.meshgrid(rows, columns, indexing="ij"))
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)  # (cells, 6)
    values = small.ravel()
    border = (np.abs(x) == 1) | (np.abs(y) == 1)
    weights = np.ones(int(border.sum()))
    fitted = values[border]
    for _ in range(8):  # least absolute deviations by reweighting: ink at the border does not count
        root = np.sqrt(weights)[:, None]
        surface = np.linalg.lstsq(terms[border] * root, fitted * root[:, 0], rcond=None)[0]
        weights = 1 / np.maximum(np.abs(fitted - terms[border] @ surface), 1.0)
    differences = values - terms @ surface
    return bool((differences**3).sum() > 0)


def _border(values: NDArray[Any]) -> NDArray[Any]:
    """(n,): those within 3 % of the shorter side of an edge; (h, w)."""
    width = max(1, min(values.shape) // 32)
    inside = values[width:-width]
    parts = (values[:width], values[-width:], inside[:, :width], inside[:, -width:])
    return np.concatenate([part.ravel() for part in parts])


def background(levels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(h, w) float32: the shade of the paper under dark ink, for (h, w) uint8.

    A grey closing (maximum, then minimum) over half the shorter side: no stroke is so wide. It
    takes the upper quartile of each cell, so that noise counts little, and is smoothed.
    """
    small = cells(levels, _upper_quartile)
    reach = max(1, min(small.shape) // 4)
    for extreme in (np.max, np.min):
        for axis in (0, 1):
            small = _sliding(small, reach, axis, extreme)
    if min(small.shape) >= 16:
        for axis in (0, 1):
            small = _sliding(small, 2, axis, np.mean)
    return _enlarged(small, levels.shape)


def _upper_quartile(values: NDArray[Any], axis: int) -> Any:
    return np.percentile(values, 75, axis=axis)


def cell_sides(shape: tuple[int, ...]) -> tuple[int, int]:
    """The height and width in pixels of a cell of `cells`, of a picture (h, w)."""
    tall, wide = (max(1, -(-length // GRID)) for length in shape)
    return tall, wide


def cells(levels: NDArray[np.uint8], summary: Any) -> NDArray[np.float64]:
    """A grid of at most GRID x GRID cells: the summary of the pixels of each."""
    tall, wide = cell_sides(levels.shape)
    if tall == wide == 1:  # each cell is one pixel
        return levels.astype(np.float64)
    padding = [(0, -length % side) for length, side in zip(levels.shape, (tall, wide), strict=True)]
    padded = np.pad(levels, padding, mode="edge")
    rows, columns = padded.shape[0] // tall, padded.shape[1] // wide
    blocks = padded.reshape(rows, tall, columns, wide).swapaxes(1, 2).reshape(rows, columns, -1)
    return np.stack([summary(row, axis=1) for row in blocks]).astype(np.float64)


def _sliding(values: NDArray[Any], reach: int, axis: int, summary: Any) -> NDArray[Any]:
    """The summary of each cell and its neighbours up to `reach` cells away; none are outside."""
    padding = [(0, 0), (0, 0)]
    padding[axis] = (reach, reach)
    padded = np.pad(values, padding, mode="edge")
    result: NDArray[Any] = summary(sliding_window_view(padded, 2 * reach + 1, axis), axis=-1)
    return result


def _enlarged(small: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """(h, w) float32: a grid at the size of the picture, interpolated linearly."""
    result = small.astype(np.float32)
    for axis, length in enumerate(shape):
        cells = result.shape[axis]
        if cells == length:
            continue
        places = (np.arange(length) + 0.5) / -(-length // GRID) - 0.5
        places = np.clip(places, 0, cells - 1)
        low = np.minimum(places.astype(np.intp), max(cells - 2, 0))
        part = (places - low).astype(np.float32)
        part = part[:, None] if axis == 0 else part[None, :]
        first = np.take(result, low, axis=axis)
        second = np.take(result, np.minimum(low + 1, cells - 1), axis=axis)
        second -= first
        second *= part
        first += second
        result = first
    return result
