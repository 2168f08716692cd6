"""The units of a layer as an image."""

from __future__ import annotations

import numpy as np
import pytest

from digit_tui.tui.widgets.layer_outputs import unit_image


@pytest.mark.parametrize(
    ("units", "shape", "together"),
    [(10, (2, 20), 1), (40, (2, 20), 1), (41, (4, 20), 1), (80, (4, 20), 1), (81, (4, 20), 2)],
)
def test_units_share_a_place_only_where_they_must(
    units: int, shape: tuple[int, int], together: int
) -> None:
    image, shared = unit_image(np.ones(units), 20, 2, 2)
    assert shared == together
    assert image.shape == shape or together > 1
    assert np.count_nonzero(image) == -(-units // together)


def test_the_strongest_of_a_place_is_seen_and_where_no_unit_is_nothing() -> None:
    values = np.zeros(30)
    values[[3, 29]] = [2.0, 4.0]
    image, together = unit_image(values, 10, 1, 1)
    assert together == 3
    assert image.shape == (1, 10)
    assert image[0, 9] == 255
    assert image[0, 1] == pytest.approx(255 * 0.56, abs=1)
    assert 0 < image[0, 0] < image[0, 1]
    blank, _ = unit_image(np.zeros(4), 10, 1, 1)
    assert (blank[0, 4:] == 0).all()
    assert (blank[0, :4] > 0).all()


def test_what_is_no_number_is_drawn_as_nothing() -> None:
    image, _ = unit_image(np.array([np.nan, 1.0]), 10, 1, 1)
    assert image[0, 0] < image[0, 1] == 255
