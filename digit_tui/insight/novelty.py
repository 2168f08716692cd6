"""How unlike the training digits an image is: a network names a class for anything it is shown.

The sum of two scores. The first is the distance to the nearest training digits in the last hidden
layer (Sun et al. 2022, arXiv:2204.06507): letters and scribbles are far from them. The second is
what of the pixels the principal components of the training digits cannot make (the subspace method:
Watanabe et al. 1967, "Evaluation and selection of variables in pattern recognition"): noise, paper
for ink, and a blank image, of which they make nothing. Why these: tests/benchmarks/novelty.py
measures them beside the energy, the largest logit and others.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.data import resample_area
from digit_tui.data.drawing import MNIST_SIDE
from digit_tui.insight.neighbours import hidden_features
from digit_tui.nn import Network

Array = NDArray[Any]

KEPT = 0.95
"""The share of real digits that a threshold keeps."""

BASE = 10_000
"""Training digits that an image is compared with, at most. All 60,000 of MNIST find hardly more
letters and take six times as long."""
OTHERS = 2_000
"""Training digits beside those, at most, which say what is usual."""
NEAREST = 5
"""The distance is that to the neighbour of this rank."""
COMPONENTS = 1 / 8
"""Principal components that are kept, as a share of the pixels."""
RARE = 0.99
"""The share of digits whose pixels the components make well enough to add nothing."""

CHUNK = 500
"""Images scored at once: their distances to all of the base take 20 MB."""
LEAST = 1e-6
"""What is usual is at least this: in float32 a difference from 1 has no more digits."""


class NoveltyScorer:
    """Scores images by how unlike the training digits they are to a network.

    Attributes:
        threshold: keeps KEPT of the training digits that no image is compared with. The network
            has learned from them, so that of other digits a little less may be kept.
    """

    def __init__(self, network: Network, images: Array) -> None:
        """Learn from training digits; takes a second at most.

        Args:
            network: the classifier, which is not copied: its weights must stay as they are.
            images: (n, pixels) uint8, square; at least one. n alone decides which are used.
        """
        order = np.random.default_rng(0).permutation(len(images))
        base = order[: min(BASE, -(-len(order) * 4 // 5))]
        others = order[len(base) :][:OTHERS]
        self._network = network
        self._features = hidden_features(network, images[base])  # (base, width)
        self._components = _principal_components(_directions(images[base]))  # (pixels, kept)
        usual = images[others if len(others) else base]
        distances, residuals = self._distances(usual), self._residuals(usual)
        self._usual_distance = max(float(np.quantile(distances, KEPT)), LEAST)
        self._rare_residual = max(float(np.quantile(residuals, RARE)), LEAST)
        self.threshold = threshold_of(self._sum(distances, residuals))

    def score(self, images: Array) -> Array:
        """The higher, the stranger; 1 is about the threshold.

        Args:
            images: (n, pixels) uint8, not those the scorer was made from: they are nearest to
                themselves.

        Returns:
            (n,) float64; NaN if the network diverged.
        """
        return self._sum(self._distances(images), self._residuals(images))

    def _sum(self, distances: Array, residuals: Array) -> Array:
        beyond = np.maximum(residuals / self._rare_residual - 1, 0)
        return np.asarray(distances / self._usual_distance + beyond, np.float64)

    def _distances(self, images: Array) -> Array:
        """(n,) float32, the cosine distance to the NEAREST-th nearest of the base."""
        features = hidden_features(self._network, images)
        rank = min(NEAREST, len(self._features)) - 1
        found = np.empty(len(images), np.float32)
        with np.errstate(all="ignore"):  # a network that diverged shows in the numbers
            for start in range(0, len(images), CHUNK):
                chunk = slice(start, start + CHUNK)
                cosines = features[chunk] @ self._features.T  # (chunk, base)
                np.negative(cosines, out=cosines)
                cosines.partition(rank, axis=1)
                found[chunk] = 1 + cosines[:, rank]
        return found.clip(0, 2)  # rounding goes a little beyond

    def _residuals(self, images: Array) -> Array:
        """(n,) float32, from 0 to 1: the share of the squares that is not in the components."""
        found = np.empty(len(images), np.float32)
        for start in range(0, len(images), CHUNK):
            chunk = slice(start, start + CHUNK)
            made = _directions(images[chunk]) @ self._components  # (chunk, kept)
            found[chunk] = 1 - np.square(made).sum(axis=1)
        return found.clip(0, 1)


def threshold_of(scores: Array, kept: float = KEPT) -> float:
    """The score that this share of digits does not exceed.

    Args:
        scores: (n,) of real digits that neither the network nor the scorer has seen.
        kept: their share, from 0 to 1.
    """
    return float(np.quantile(scores, kept))


def _directions(images: Array) -> Array:
    """(n, pixels) float32: images as directions, however dark; a blank one stays zero.

    Larger ones than MNIST's are made as small: a square matrix of their pixels would be too large.
    """
    side = round(images.shape[1] ** 0.5)
    small = resample_area(images.reshape(-1, side, side), min(side, MNIST_SIDE))
    pixels = small.reshape(len(images), -1).astype(np.float32)
    lengths = np.linalg.norm(pixels, axis=1, keepdims=True)
    pixels /= np.where(lengths == 0, 1, lengths)
    return pixels


def _principal_components(directions: Array) -> Array:
    """(pixels, kept) float32, orthonormal, not centred: most of the squares is in them."""
    kept = round(COMPONENTS * directions.shape[1])
    found = np.linalg.eigh(directions.T @ directions).eigenvectors
    return np.ascontiguousarray(found[:, ::-1][:, :kept])
