"""Strokes and their pixels."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digit_tui.data import resample_area
from digit_tui.data.strokes import BRUSHES, EDGE, FINENESS, SIDE, Drawing, Point

places = st.floats(-5, SIDE + 5)
points = st.builds(Point, places, places)


def draw(*path: tuple[float, float], width: float = 2.5, rubs: bool = False) -> Drawing:
    drawing = Drawing()
    add(drawing, *path, width=width, rubs=rubs)
    return drawing


def add(drawing: Drawing, *path: tuple[float, float], width: float, rubs: bool = False) -> None:
    drawing.begin(Point(*path[0]), width, rubs)
    for each in path[1:]:
        drawing.extend(Point(*each))


@pytest.mark.parametrize("width", BRUSHES.values())
def test_a_line_is_as_wide_as_the_brush_and_fades_at_its_edges(width: float) -> None:
    drawing = draw((5, 14), (23, 14), width=width)
    column = drawing.image[:, 14 * FINENESS] / 255
    assert column.sum() / FINENESS == pytest.approx(width, abs=0.05)  # the edge is half inside
    distances = np.abs((np.arange(SIDE * FINENESS) + 0.5) / FINENESS - 14)
    expected = ((width + EDGE) / 2 - distances).clip(0, 1)
    assert column == pytest.approx(expected, abs=1 / 255)


def test_ends_are_round_and_a_click_is_a_dot() -> None:
    dot = draw((14, 14), width=4.0).image
    assert dot.sum() / 255 / FINENESS**2 == pytest.approx(np.pi * 4 + np.pi / 12, rel=0.02)
    assert np.array_equal(dot, dot.T)
    assert np.array_equal(dot, dot[::-1])


@settings(max_examples=30, deadline=None)
@given(st.lists(points, min_size=1, max_size=6))
def test_a_path_is_the_union_of_its_parts(path: list[Point]) -> None:
    whole = draw(*path).image
    parts = [draw(*pair).image for pair in pairwise(path)] or [draw(*path).image]
    assert np.array_equal(whole, np.max(parts, axis=0))


def test_it_is_the_same_in_either_direction_and_through_a_point_between() -> None:
    there, back = draw((3.3, 4.1), (20.2, 17.7)).image, draw((20.2, 17.7), (3.3, 4.1)).image
    between = draw((3.3, 4.1), (11.75, 10.9), (20.2, 17.7)).image
    for other in (back, between):
        assert np.abs(there.astype(int) - other).max() <= 1


def test_what_is_outside_is_drawn_at_the_edge() -> None:
    assert np.array_equal(draw((-9, 14), (14, 99)).image, draw((0, 14), (14, SIDE)).image)


def test_the_rubber_takes_ink_away_and_nothing_else() -> None:
    drawing = draw((4, 14), (24, 14))
    before = drawing.image.copy()
    add(drawing, (14, 4), (14, 24), width=5.0, rubs=True)
    assert not drawing.image[:, 14 * FINENESS].any()
    assert (drawing.image <= before).all()
    assert np.array_equal(drawing.image[:, :40], before[:, :40])


def test_strokes_and_clearing_are_undone_one_after_the_other() -> None:
    drawing = Drawing()
    pictures = [drawing.image.copy()]
    add(drawing, (4, 4), (20, 9), (9, 20), width=2.5)
    pictures.append(drawing.image.copy())
    add(drawing, (4, 14), (24, 14), width=5.0, rubs=True)
    pictures.append(drawing.image.copy())
    drawing.clear()
    assert drawing.is_blank
    drawing.clear()  # of nothing is nothing to undo
    for picture in reversed(pictures):
        assert drawing.undo()
        assert np.array_equal(drawing.image, picture)
    assert not drawing.undo()


def test_small_pictures_have_soft_edges() -> None:
    (small,) = resample_area(draw((5.2, 3.1), (21.7, 24.4)).image[None], SIDE)
    inked = np.count_nonzero(small)
    assert np.count_nonzero((small > 0) & (small < 255)) > inked / 3


def test_many_strokes_take_little_memory() -> None:
    """A key that is held down makes fifteen a second."""
    tracemalloc.start()
    drawing = Drawing()
    for _ in range(2_000):
        drawing.begin(Point(14, 14), 2.5)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 4 * 2**20
