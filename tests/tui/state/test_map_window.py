"""The window through which a map of digits is seen."""

from __future__ import annotations

import numpy as np
import pytest

from digit_tui.tui.state.map_window import MOST_ZOOM, MapWindow

POINTS = np.random.default_rng(2).normal(size=(200, 2)) * [30.0, 5.0]
ALL = np.arange(len(POINTS))


def shown(points: np.ndarray = POINTS, width: int = 50, height: int = 18) -> MapWindow:
    window = MapWindow()
    window.take(points)
    window.fit(width, height)
    return window


@pytest.mark.parametrize("size", [(50, 18), (10, 40), (2, 2), (1, 1)])
def test_the_whole_map_fits(size: tuple[int, int]) -> None:
    assert shown(POINTS, *size).inside.sum() >= (len(POINTS) if min(size) > 1 else 1)


def test_distances_are_true_in_both_directions() -> None:
    places = shown().places * [1, 2]  # cells are twice as high as wide
    apart = np.linalg.norm(POINTS[1:] - POINTS[0], axis=1)
    np.testing.assert_allclose(
        np.linalg.norm(places[1:] - places[0], axis=1) / apart,
        np.linalg.norm(places[1] - places[0]) / apart[0],
    )
    up = POINTS[:, 1].argmax()
    assert places[up, 1] == places[:, 1].min()


def test_a_map_that_grows_stays_where_it_is() -> None:
    window = shown()
    window.zoom_by(3, 10, 4)
    before = window.places
    window.take(POINTS * 7 + 100)
    window.fit(50, 18)
    np.testing.assert_allclose(window.places, before, atol=1e-9)


def test_zooming_keeps_what_is_pointed_at() -> None:
    window = shown()
    middle = int(np.abs(POINTS - np.median(POINTS, axis=0)).sum(axis=1).argmin())
    for factor in (2, 1.5, 0.8):
        place = window.places[middle]
        window.zoom_by(factor, *place)
        np.testing.assert_allclose(window.places[middle], place, atol=1e-9)
    assert window.zoom == pytest.approx(2.4)


def test_zoom_has_limits_and_ends_with_the_whole_map() -> None:
    window = shown()
    window.zoom_by(1e9, 3, 3)
    assert window.zoom == MOST_ZOOM
    window.zoom_by(1e-9, 40, 15)
    assert window.zoom == 1
    np.testing.assert_allclose(window.centre, 0)


def test_it_cannot_be_moved_off_the_map() -> None:
    window = shown()
    window.pan(1_000, 1_000)
    np.testing.assert_allclose(window.centre, 0)
    window.zoom_by(4, 25, 9)
    for _ in range(50):
        window.pan(20, 0)
    right = window.centre[0]
    window.pan(20, 0)
    assert window.centre[0] == right
    window.reset()
    assert window.inside.all()


def test_a_digit_outside_is_revealed() -> None:
    window = shown()
    window.zoom_by(8, 25, 9)
    outside = int(np.flatnonzero(~window.inside)[0])
    window.reveal(outside)
    assert window.inside[outside]
    centre = window.centre
    window.reveal(outside)
    assert window.centre is centre


GRID = np.array([[x, y] for y in range(3) for x in range(0, 6, 2)], float)
"""Three rows of three digits, two cells apart."""


@pytest.mark.parametrize(
    ("direction", "reached"), [((1, 0), 5), ((-1, 0), 3), ((0, -1), 7), ((0, 1), 1)]
)
def test_a_key_goes_to_the_nearest_in_its_direction(
    direction: tuple[int, int], reached: int
) -> None:
    window = shown(GRID, 17, 9)
    assert window.next(4, *direction, np.arange(9)) == reached
    assert window.next(reached, *direction, np.arange(9)) == reached  # there is no other


def test_each_press_is_seen_and_one_aside_is_reached_where_none_is_ahead() -> None:
    points = np.array([[0, 0], [0.01, 0], [1, 0], [1.1, 40], [-9, -40]])
    window = shown(points, 40, 20)
    assert window.next(0, 1, 0, np.arange(5)) != 1  # in the same cell
    window = shown(np.array([[0, 0], [3, 40.0]]), 40, 20)
    assert window.next(0, 1, 0, np.arange(2)) == 1


def test_the_nearest_is_the_one_that_looks_nearest() -> None:
    window = shown(np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]]), 41, 21)
    column, row = window.places[0]
    assert window.nearest(column + 4, row, np.arange(3)) == 0
    assert window.nearest(column + 4, row, np.array([1, 2])) == 1
    # Two columns are as wide as a row is high.
    assert window.nearest(column + 10, row - 6, np.array([1, 2])) == 2


def test_digits_in_one_place_are_shown() -> None:
    window = shown(np.zeros((3, 2)), 40, 20)
    assert window.inside.all()
    assert window.next(0, 1, 0, np.arange(3)) == 0
