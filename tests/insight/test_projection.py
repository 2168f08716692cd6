"""The map of digits, against scikit-learn and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes
from sklearn.decomposition import PCA

from digit_tui.data import Dataset
from digit_tui.insight.projection import align, project

GENERATOR = np.random.default_rng(4)
FEATURES = GENERATOR.normal(size=(300, 12)) @ GENERATOR.normal(size=(12, 12)) + 5


def turned(degrees: float, flipped: bool) -> np.ndarray:
    angle = np.deg2rad(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return rotation * [1, -1] if flipped else rotation


def test_it_is_principal_components_analysis(sample: Dataset) -> None:
    for features in (FEATURES, sample.test_images.astype(np.float32) / 255):
        oracle = PCA(2, svd_solver="full").fit(features.astype(np.float64))
        expected = oracle.transform(features.astype(np.float64))
        found = project(features)
        signs = np.sign((found.points * expected).sum(axis=0))
        np.testing.assert_allclose(found.points, expected * signs, atol=1e-8)
        np.testing.assert_allclose(found.shares, oracle.explained_variance_ratio_, atol=1e-12)


@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("degrees", [0, 30, 90, 135, 180, 250])
def test_a_turned_copy_comes_back(degrees: float, flipped: bool) -> None:
    before = project(FEATURES).points
    points = before @ turned(degrees, flipped)
    np.testing.assert_allclose(align(points, before), before, atol=1e-9)


def test_it_is_the_best_of_all_turns_and_flips() -> None:
    before = project(FEATURES).points
    points = project(FEATURES + GENERATOR.normal(0, 0.5, FEATURES.shape)).points
    points = points @ turned(70, flipped=True)
    best, _ = orthogonal_procrustes(points, before)
    np.testing.assert_allclose(align(points, before), points @ best, atol=1e-9)


def test_a_map_keeps_still_while_its_axes_change_places() -> None:
    """Two axes whose variances cross, as the network learns: only the one before is known."""
    plane = GENERATOR.normal(size=(400, 2))
    before = None
    for first in (1.2, 1.1, 1.01, 0.99, 0.9):
        features = np.concatenate([plane * [first, 1], np.zeros((400, 3))], axis=1)
        found = project(features, before)
        if before is not None:
            moved = np.linalg.norm(found.points - before, axis=1).max()
            assert moved < 0.2 * np.abs(plane).max()
        before = found.points


def test_the_shares_are_those_of_the_axes_that_are_shown() -> None:
    alone = project(FEATURES)
    found = project(FEATURES, before=alone.points @ turned(40, flipped=False))
    total = FEATURES.var(axis=0).sum()
    np.testing.assert_allclose(found.shares, found.points.var(axis=0) / total, atol=1e-12)
    assert found.shares.sum() == pytest.approx(alone.shares.sum())
    assert abs(found.shares[0] - alone.shares[0]) > 0.01


def test_one_unit_makes_a_line_and_equal_digits_one_point() -> None:
    line = project(FEATURES[:, :1])
    assert line.points.any(axis=0).tolist() == [True, False]
    np.testing.assert_allclose(line.shares, [1, 0], atol=1e-12)
    point = project(np.full((7, 5), 3.0))
    assert not point.points.any()
    assert point.shares.tolist() == [0, 0]


def test_huge_activations_have_a_place() -> None:
    large = project((FEATURES * 1e30).astype(np.float32))
    np.testing.assert_allclose(large.shares, project(FEATURES).shares, atol=1e-6)


def test_a_diverged_network_has_a_map_all_the_same() -> None:
    before = project(FEATURES).points
    lost = project(np.full((300, 12), np.nan, np.float32), before)
    assert np.isnan(lost.points).all()
    found = project(FEATURES, lost.points)  # after an undo
    assert np.array_equal(found.points, before)
