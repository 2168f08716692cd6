"""Deformed training images: small shifts, affine maps and elastic fields.

Simard, Steinkraus and Platt (2003), "Best practices for convolutional neural networks applied to
visual document analysis". A deformation says for each pixel of the result where in the original to
look; there the four nearest pixels are blended.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn.sharding import split_range

Array = NDArray[Any]

FIELDS = 64
"""Fields drawn for a block of images; image i of the block gets field i modulo this number, so two
images that share a field are never neighbours."""

SHIFT = 2 / 28
"""Largest shift on its own, as a part of the side."""
OFFSET = 1 / 28
"""Largest shift beside a rotation and scaling, as a part of the side."""
ROTATION = np.deg2rad(15)
"""Largest rotation in radians."""
SCALING = 0.15
"""Largest growth or shrinking, and shear, as a fraction."""
# Smoother than Simard's alpha 34 and sigma 4: better on held-out digits, as it was for Ciresan et
# al. (2010, arXiv:1003.0358), who used alpha 36 to 38 and sigma 5 to 6.
ELASTIC_STRENGTH = 40 / 28
"""Alpha, as a part of the side, with which a point moves by about one pixel (1.09 is the standard
deviation, far from the edges): it scales the smoothed random field."""
ELASTIC_SMOOTHNESS = 6 / 28
"""Sigma for 28 pixels, as a part of the side: the width of the smoothing Gaussian."""

WEIGHT_BITS = 8
"""Blending weights are integers that sum to 2**8, so that products with a byte fit 16 bits."""


@dataclass(frozen=True, eq=False)
class Deformation:
    """A set of fields, ready to be applied."""

    corners: Array
    """(4, fields, pixels) intp: the four pixels to blend, for each pixel of the result."""
    weights: Array
    """(4, fields, pixels) uint16: their weights, which sum to 2**WEIGHT_BITS."""


def shift(generator: np.random.Generator, count: int, side: int) -> Array:
    """Move each image by up to two pixels of 28: (count, 2, side, side) source coordinates."""
    offsets = generator.uniform(-SHIFT * side, SHIFT * side, (count, 2, 1, 1))
    return _grid(side) + offsets


def affine(generator: np.random.Generator, count: int, side: int) -> Array:
    """Shift, rotate, scale and shear about the centre: (count, 2, side, side)."""
    angle = generator.uniform(-ROTATION, ROTATION, count)
    scale = 1 + generator.uniform(-SCALING, SCALING, (2, count))
    shear = generator.uniform(-SCALING, SCALING, count)
    sine, cosine = np.sin(angle), np.cos(angle)
    matrix = np.array([[cosine, -sine], [sine + shear * cosine, cosine - shear * sine]])
    matrix *= scale[:, None]  # (2, 2, count)
    centre = (side - 1) / 2
    turned = np.einsum("ijn,jrc->nirc", matrix, _grid(side) - centre) + centre
    offsets = generator.uniform(-OFFSET * side, OFFSET * side, (count, 2, 1, 1))
    return np.asarray(turned + offsets)


def elastic(generator: np.random.Generator, count: int, side: int, pixels: float = 1.0) -> Array:
    """An affine map, and on top a smoothed random displacement: (count, 2, side, side).

    Args:
        generator: that draws.
        count: how many fields.
        side: of an image, in pixels.
        pixels: how far a point moves beside the affine map, about.
    """
    distance = np.subtract.outer(np.arange(side), np.arange(side))
    kernel = np.exp(-0.5 * (distance / (ELASTIC_SMOOTHNESS * side)) ** 2)
    kernel /= kernel[side // 2].sum()
    noise = generator.uniform(-1, 1, (count, 2, side, side))
    # The Gaussian is separable: one product smooths the rows, one the columns.
    displacement = pixels * ELASTIC_STRENGTH * side * (kernel @ noise @ kernel.T)
    return affine(generator, count, side) + displacement


AUGMENTATIONS: dict[str, Callable[[np.random.Generator, int, int], Array] | None] = {
    "none": None,
    "shift": shift,
    "affine": affine,
    "elastic": elastic,
}
"""Augmentations by name; each draws source coordinates (fields, 2, side, side), in pixels."""


def _grid(side: int) -> Array:
    """(2, side, side): the row and the column of each pixel."""
    return np.indices((side, side)).astype(np.float64)


def draw_deformation(
    name: str, generator: np.random.Generator, side: int, elastic_pixels: float = 1.0
) -> Deformation | None:
    """Draw FIELDS random fields for images of this side, or None for "none".

    Args:
        name: a key of AUGMENTATIONS.
        generator: that draws.
        side: of an image, in pixels.
        elastic_pixels: how far "elastic" moves a point beside its affine map, about.
    """
    draw = AUGMENTATIONS[name]
    if draw is None:
        return None
    if draw is elastic:
        draw = partial(elastic, pixels=elastic_pixels)
    # Beyond the edge the edge pixel is repeated: digits have a blank border there.
    coordinates = draw(generator, FIELDS, side).clip(0, side - 1)
    corner = np.minimum(coordinates.astype(np.intp), side - 2)  # upper left of the four
    fraction = np.rint((coordinates - corner) * 2 ** (WEIGHT_BITS // 2)).astype(np.uint16)
    whole = np.uint16(2 ** (WEIGHT_BITS // 2))
    down, right = fraction.reshape(FIELDS, 2, -1).transpose(1, 0, 2)
    index = (corner[:, 0] * side + corner[:, 1]).reshape(FIELDS, -1)
    return Deformation(
        corners=np.stack([index, index + 1, index + side, index + side + 1]),
        weights=np.stack(
            [
                (whole - down) * (whole - right),
                (whole - down) * right,
                down * (whole - right),
                down * right,
            ]
        ),
    )


def deform(
    images: Array,
    deformation: Deformation,
    chosen: Array | None = None,
    out: Array | None = None,
    shard: int = 0,
    shards: int = 1,
) -> Array:
    """Deform a block of images; the block's image i with field i modulo FIELDS.

    Images that share a field are handled together, pixels first: a gather then copies runs of
    memory, which is several times faster than picking single bytes.

    Args:
        images: (m, pixels) uint8.
        deformation: the fields.
        chosen: (n,) intp, which images the block has; None is all, in their order.
        out: (n, pixels) uint8, where the deformed images go.
        shard: which part of the fields to do, if the work is divided: 0 to shards - 1.
        shards: how many parts there are.
    """
    chosen = np.arange(len(images)) if chosen is None else chosen
    result = np.empty((len(chosen), images.shape[1]), np.uint8) if out is None else out
    fields = range(min(FIELDS, len(chosen)))
    for field in fields[split_range(len(fields), shard, shards)]:
        pixels = np.ascontiguousarray(images[chosen[field::FIELDS]].T, np.uint16)  # (pixels, n')
        blend = np.full_like(pixels, 2 ** (WEIGHT_BITS - 1))  # rounds to nearest
        for corners, weights in zip(deformation.corners, deformation.weights, strict=True):
            corner = pixels.take(corners[field], axis=0)
            corner *= weights[field][:, None]
            blend += corner
        blend >>= WEIGHT_BITS
        result[field::FIELDS] = blend.T
    return result
