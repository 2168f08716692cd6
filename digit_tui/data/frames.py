"""Takes frames around digits out of the ink: the boxes of a form, a table's cells, a border."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digit_tui.data.components import connected_components
from digit_tui.data.segmentation import LEAST_INK

SMALLEST = 16
"""Pixels: what is lower or narrower frames no digit."""
STEEPEST = 0.1
"""Pixels up for each across of a side: a picture is turned by a few degrees at most."""
WOBBLE = 0.04
"""Of its shorter side: so far from a straight line a side may be, ..."""
CORNER = 0.2
"""... but for this part at both ends: near the corners of what is turned another side is seen."""
MOST_INK = 0.5
"""Of its box."""
FRAMED = 0.2
"""Of its shorter side: what is smaller, and inside, is a speck."""


def without_frames(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The ink (h, w) uint8 of a picture without frames; the same array if there are none.

    A frame is a connected part with four straight sides and another part inside: so a 0 is none,
    even a square one.
    """
    found = connected_components(ink >= LEAST_INK)
    tops, lefts, bottoms, rights = found.boxes.T
    heights, widths = bottoms - tops, rights - lefts
    large = np.minimum(heights, widths) >= SMALLEST
    hollow = found.areas <= MOST_INK * heights * widths
    closed = found.areas >= heights + widths
    rest = ink
    for number in np.flatnonzero(large & hollow & closed):
        top, first, bottom, last = found.boxes[number].tolist()
        within = (tops >= top) & (bottoms <= bottom) & (lefts >= first) & (rights <= last)
        within &= np.maximum(heights, widths) >= FRAMED * min(bottom - top, last - first)
        within[number] = False
        window = slice(top, bottom), slice(first, last)
        own = found.labels[window] == number + 1
        if within.any() and _has_straight_sides(own):
            rest = ink.copy() if rest is ink else rest
            rest[window][own] = 0
    return rest


def _has_straight_sides(own: NDArray[np.bool_]) -> bool:
    """Whether a part (h, w) bool looks straight from above and below, left and right."""
    wobble = max(2.0, WOBBLE * min(own.shape))
    for seen in (own, own[::-1], own.T, own.T[::-1]):
        corner = round(CORNER * seen.shape[1])
        depths = seen.argmax(axis=0)[corner : seen.shape[1] - corner]
        places = np.arange(len(depths))
        slope, start = np.polyfit(places, depths, 1)
        bend = np.abs(slope * places + start - depths).max()
        if bend > wobble or abs(slope) > STEEPEST:
            return False
    return True
