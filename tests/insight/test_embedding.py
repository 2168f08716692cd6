"""The neighbour embedding: its mathematics in plain float64, and what it does to real digits."""

from __future__ import annotations

import numpy as np
import pytest

from digit_tui.data import Dataset
from digit_tui.insight import embedding
from digit_tui.insight.embedding import embed
from digit_tui.insight.projection import project

GENERATOR = np.random.default_rng(4)
FEATURES = GENERATOR.normal(size=(230, 6)) * [3, 2, 1, 1, 1, 1]


def agreement(points: np.ndarray, labels: np.ndarray) -> float:
    """Share of the ten nearest neighbours that have the label of their digit."""
    distances = np.square(points[:, None].astype(np.float64) - points).sum(axis=2)
    np.fill_diagonal(distances, np.inf)
    near = distances.argsort(axis=1)[:, :10]
    return float((labels[near] == labels[:, None]).mean())


def divergence(points: np.ndarray, near: np.ndarray, exaggeration: float = 1) -> float:
    """Kullback-Leibler, of the exaggerated neighbourhoods; without what the map does not change."""
    kernel = 1 / (1 + np.square(points[:, None] - points).sum(axis=2))
    np.fill_diagonal(kernel, 0)
    apart = ~np.eye(len(points), dtype=bool)
    cross = -(exaggeration * near[apart] * np.log(kernel[apart])).sum()
    return float(cross + near.sum() * np.log(kernel.sum()))


def test_each_digit_has_the_perplexity() -> None:
    distances = np.square(FEATURES[:, None] - FEATURES).sum(axis=2)
    distances[np.arange(230), np.arange(230)] = np.inf
    found = embedding._gaussians(distances, np.log(30)).astype(np.float64)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    entropies = [-(row[row > 0] * np.log(row[row > 0])).sum() for row in found]
    np.testing.assert_allclose(np.exp(entropies), 30, rtol=1e-4)
    for row, own in zip(found, distances, strict=True):  # Gaussian: log p falls with the square
        seen = row > 1e-12
        slope, constant = np.polyfit(own[seen], np.log(row[seen]), 1)
        np.testing.assert_allclose(slope * own[seen] + constant, np.log(row[seen]), atol=1e-6)
        assert slope < 0


def test_neighbourhoods_are_mutual_and_do_not_know_the_unit_of_length() -> None:
    near = embedding._joint_probabilities(FEATURES)
    assert near.dtype == np.float32
    assert np.array_equal(near, near.T)
    assert not near.diagonal().any()
    assert near.sum(dtype=np.float64) == pytest.approx(1, abs=1e-6)
    large = embedding._joint_probabilities(FEATURES * 1e30)
    np.testing.assert_allclose(large, near, rtol=1e-4, atol=1e-12)


@pytest.mark.parametrize("exaggeration", [1, 12])
def test_the_gradient_is_numerical(exaggeration: float) -> None:
    points = GENERATOR.normal(0, 2, (230, 2)).astype(np.float32)
    near = embedding._joint_probabilities(FEATURES)
    found = embedding._gradient(points, near, exaggeration)
    step = 1e-5
    for digit, axis in [(0, 0), (0, 1), (99, 0), (100, 1), (229, 0)]:
        sides = []
        for change in (step, -step):
            moved = points.astype(np.float64)
            moved[digit, axis] += change
            sides.append(divergence(moved, near.astype(np.float64), exaggeration))
        slope = (sides[0] - sides[1]) / (2 * step)
        assert found[digit, axis] == pytest.approx(slope, rel=1e-3, abs=1e-6)


@pytest.mark.long
def test_neighbours_agree_better_than_on_the_map_of_principal_components(sample: Dataset) -> None:
    images, labels = sample.test_images[:600] / np.float32(255), sample.test_labels[:600]
    *_, last = embed(images)
    flat = agreement(project(images).points, labels)
    assert flat < 0.45
    assert agreement(last.points, labels) > flat + 0.25


def test_it_tells_how_far_it_is_and_is_the_same_each_time() -> None:
    first, second = list(embed(FEATURES, 37)), list(embed(FEATURES, 37))
    assert [(each.iteration, each.iterations) for each in first] == [
        (0, 37), (10, 37), (20, 37), (30, 37), (37, 37),
    ]  # fmt: skip
    for one, other in zip(first, second, strict=True):
        assert one.points.shape == (230, 2)
        assert np.array_equal(one.points, other.points)
    assert not np.array_equal(first[-1].points, first[-2].points)


@pytest.mark.parametrize(
    "features",
    [
        np.full((50, 6), np.nan, np.float32),
        np.zeros((1, 6)),
        FEATURES[:3],
    ],
    ids=["diverged", "one", "three"],
)
def test_what_has_no_neighbourhoods_is_projected(features: np.ndarray) -> None:
    (only,) = embed(features)
    assert only.points.shape == (len(features), 2)
    assert only.iteration == only.iterations


def test_equal_digits_have_places() -> None:
    for features in (np.zeros((40, 6)), np.repeat(FEATURES[:20], 5, axis=0)):
        *_, last = embed(features, 150)
        assert np.isfinite(last.points).all()


def test_too_many_digits_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 2,000 digits can be embedded, not 2,001"):
        next(embed(np.zeros((2_001, 3))))
