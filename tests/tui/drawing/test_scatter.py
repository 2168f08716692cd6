"""Digits on a map as dots or characters."""

from __future__ import annotations

import numpy as np
import pytest
from rich.style import Style

from digit_tui.tui.drawing.scatter import Scatter, draw_scatter

STYLES = [Style(color=f"color({number})") for number in range(3)]
CHOSEN = Style(reverse=True)


def drawn(
    places: list[tuple[float, float]],
    classes: list[int],
    wrong: tuple[int, ...] = (),
    dots: bool = True,
    chosen: int | None = None,
) -> list[str]:
    """The rows of a map of six columns."""
    mistakes = np.isin(np.arange(len(places)), wrong)
    scatter = Scatter(np.array(places, float).reshape(-1, 2), np.array(classes, int), mistakes)
    cursor = None if chosen is None else (chosen, CHOSEN)
    lines = draw_scatter(scatter, 6, 3, STYLES, dots, cursor)
    rows = ["".join(segment.text for segment in line) for line in lines]
    assert [len(row) for row in rows] == [6, 6, 6]
    return rows


def test_a_few_digits_are_characters() -> None:
    assert drawn([(0, 0), (5, 2), (3, 1)], [0, 1, 2]) == ["0     ", "   2  ", "     1"]


def test_many_in_a_cell_are_dots_at_their_places() -> None:
    corners = [(-0.4, 0.4), (0.4, -0.4), (0.4, -0.4)]
    assert drawn(corners, [0, 0, 1]) == ["⡈     ", "      ", "      "]
    assert drawn(corners, [0, 0, 1], dots=False)[0] == "0     "


def test_a_cell_has_the_colour_of_most_of_its_digits() -> None:
    places = np.zeros((5, 2))
    scatter = Scatter(places, np.array([2, 1, 2, 0, 2]), np.zeros(5, bool))
    (first, *_), *_ = draw_scatter(scatter, 6, 3, STYLES, True, None)
    assert first.style == STYLES[2]


@pytest.mark.parametrize("dots", [True, False])
def test_a_cross_where_at_least_half_are_mistakes(dots: bool) -> None:
    places = [(1, 1)] * 4 + [(3, 1)] * 4
    (_, row, _) = drawn(places, [0] * 8, wrong=(0, 1, 4), dots=dots)
    assert row[1] == "✗"
    assert row[3] not in "✗ "


def test_the_chosen_one_is_pointed_at_and_the_edge_cuts() -> None:
    assert drawn([(2, 1)] * 3, [1, 1, 2], chosen=2)[1] == " ▸2◂  "
    assert drawn([(0, 1)], [1], chosen=0)[1] == "1◂    "
    assert drawn([(9, 1)], [1], chosen=0)[1] == "      "


def test_what_is_outside_is_left_out() -> None:
    outside = [(-0.6, 0), (5.6, 0), (0, -0.6), (0, 2.6), (5.4, 2.4)]
    assert drawn(outside, [0, 0, 0, 0, 1]) == ["      ", "      ", "     1"]
    assert drawn([], []) == ["      "] * 3


@pytest.mark.parametrize(("mistakes", "crosses"), [(1, 1), (5, 5), (6, 0)])
def test_few_mistakes_are_all_seen(mistakes: int, crosses: int) -> None:
    """Each cell has ten digits; up to a twentieth of all may be wrong, each in another cell."""
    places = np.repeat(np.stack([np.arange(10.0), np.zeros(10)], axis=1), 10, axis=0)
    wrong = np.zeros(100, np.bool_)
    wrong[: 10 * mistakes : 10] = True
    lines = draw_scatter(
        Scatter(places, np.zeros(100, np.intp), wrong), 10, 1, [Style()], dots=False, chosen=None
    )
    assert "".join(segment.text for segment in lines[0]).count("✗") == crosses
