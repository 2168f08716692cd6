"""Points for charts: collected, smoothed, thinned."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digit_tui.tui.state.series import MAX_POINTS, MEMORY, Series, Smoother, thin

# Without the tiniest numbers: half of the smallest is zero.
values = st.floats(-1e6, 1e6, allow_subnormal=False)


class TestSeries:
    def test_points_stay_as_they_came(self) -> None:
        series = Series()
        series.append(0.0, 5.0)
        series.append(np.array([1.0, 2.0]), np.array([6.0, 7.0]))
        series.append(np.arange(3, 1_003), 8.0)
        series.append(np.empty(0), np.empty(0))
        assert len(series) == 1_003
        np.testing.assert_array_equal(series.x, np.arange(1_003))
        np.testing.assert_array_equal(series.y, [5, 6, 7, *[8] * 1_000])

    @pytest.mark.parametrize(
        ("start", "count"), [(-1, 4), (0, 4), (0.5, 3), (2, 2), (3, 1), (3.1, 0)]
    )
    def test_since(self, start: float, count: int) -> None:
        series = Series()
        series.append([0, 1, 2, 3], [9, 8, 7, 6])
        x, y = series.since(start)
        np.testing.assert_array_equal(x, [0, 1, 2, 3][4 - count :])
        np.testing.assert_array_equal(y, [9, 8, 7, 6][4 - count :])

    def test_nothing_yet(self) -> None:
        x, y = Series().since(0)
        assert len(x) == len(y) == 0


class TestSmoother:
    @given(values, st.integers(1, 200))
    def test_a_constant_stays_itself_from_its_first_value_on(
        self, constant: float, count: int
    ) -> None:
        np.testing.assert_allclose(Smoother().add(np.full(count, constant)), constant, rtol=1e-9)

    @given(st.lists(values, min_size=1, max_size=100), st.data())
    def test_the_pieces_that_values_come_in_do_not_matter(
        self, points: list[float], data: st.DataObject
    ) -> None:
        cut = data.draw(st.integers(0, len(points)))
        pieces = Smoother()
        joined = np.concatenate([pieces.add(points[:cut]), pieces.add(points[cut:])])
        np.testing.assert_array_equal(joined, Smoother().add(points))

    @given(st.lists(values, min_size=1, max_size=100))
    def test_it_stays_between_the_lowest_and_the_highest(self, points: list[float]) -> None:
        smoothed = Smoother().add(points)
        slack = 1e-9 * max(abs(point) for point in points)
        assert min(points) - slack <= smoothed.min()
        assert smoothed.max() <= max(points) + slack

    def test_it_is_the_weighted_mean(self) -> None:
        np.testing.assert_allclose(
            Smoother(0.5).add([1.0, 4.0, 16.0]), [1, (1 + 2 * 4) / 3, (1 + 2 * 4 + 4 * 16) / 7]
        )

    def test_it_forgets_a_spike_when_it_is_over(self) -> None:
        spike = [0.3] * 50 + [1e7] * 10 + [2.3] * 60
        smoothed = Smoother().add(spike)
        assert smoothed[59] > 1e6
        np.testing.assert_allclose(smoothed[60 + MEMORY :], 2.3, rtol=1e-9)

    def test_a_low_point_now_and_then_makes_it_forget_nothing(self) -> None:
        points = np.where(np.arange(300) % 20, 0.001, 1.0)
        assert Smoother().add(points)[100:].min() > 0.02

    def test_it_goes_on_from_smoothed_points(self) -> None:
        past = Series()
        past.append([0, 1], [5.0, 2.0])
        np.testing.assert_allclose(Smoother(past=past).add([2.0, 3.0]), [2.0, 2.03])

    @pytest.mark.parametrize("hole", [np.nan, np.inf, -np.inf])
    def test_what_is_no_number_is_skipped(self, hole: float) -> None:
        with_holes = Smoother().add([hole, 1.0, hole, 3.0, hole])
        first, *rest = with_holes
        assert np.isnan(first)
        one, three = Smoother().add([1.0, 3.0])
        np.testing.assert_array_equal(rest, [one, one, three, three])


points = st.lists(
    st.floats(-1e9, 1e9) | st.sampled_from([np.nan, np.inf, -np.inf]), max_size=300
).map(np.array)


class TestThin:
    @given(points, st.integers(1, 40))
    def test_the_lowest_and_highest_of_each_column_are_kept(
        self, y: np.ndarray, columns: int
    ) -> None:
        x = np.linspace(3, 7, len(y))
        kept_x, kept_y = thin(x, y, columns)

        finite = np.isfinite(y)
        x, y = x[finite], y[finite]
        assert np.isfinite(kept_y).all()
        assert np.isin(kept_x, x).all()
        if len(x) > 2 * columns:

            def column(position: np.ndarray) -> np.ndarray:
                part = (position - x[0]) * (columns / (x[-1] - x[0]))
                return part.astype(int).clip(0, columns - 1)

            for each in range(columns):
                all_, kept = y[column(x) == each], kept_y[column(kept_x) == each]
                assert len(kept) <= 2
                if len(all_):
                    assert (kept.min(), kept.max()) == (all_.min(), all_.max())
        else:
            np.testing.assert_array_equal(kept_y, y)

    @given(points, st.integers(1, 40))
    def test_points_keep_their_order_and_their_place(self, y: np.ndarray, columns: int) -> None:
        x = np.arange(len(y), dtype=float)
        kept_x, kept_y = thin(x, y, columns)
        assert (np.diff(kept_x) > 0).all()
        np.testing.assert_array_equal(kept_y, y[kept_x.astype(int)])

    def test_a_million_points_become_two_a_column(self) -> None:
        generator = np.random.default_rng(1)
        y = generator.normal(size=1_000_000)
        y[123_456] = 99
        kept_x, kept_y = thin(np.arange(1_000_000.0), y, 80)
        assert len(kept_x) <= 160
        assert kept_y.max() == 99
        assert kept_x[kept_y.argmax()] == 123_456

    def test_points_at_one_place_are_left(self) -> None:
        x, _ = thin(np.full(100, 2.0), np.arange(100.0), 3)
        assert len(x) == 100

    def test_nothing_but_holes(self) -> None:
        x, y = thin(np.arange(50.0), np.full(50, np.nan), 3)
        assert len(x) == len(y) == 0


def test_a_very_long_series_is_thinned_and_keeps_its_peaks() -> None:
    series = Series()
    values = np.zeros(1_000)
    for block in range(200):
        values[:] = 1 + block % 7
        values[500] = 1_000 + block
        series.append(np.arange(1_000) + 1_000 * block, values)
    assert len(series) <= MAX_POINTS
    assert (np.diff(series.x) > 0).all()
    assert set(range(1_000, 1_200)) <= set(series.y)
    assert series.x[-1] == 199_999
