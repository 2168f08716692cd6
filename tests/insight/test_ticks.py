"""Labels of a chart's axes."""

from __future__ import annotations

from itertools import pairwise
from math import floor, log10

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from digit_tui.insight.ticks import label, linear_ticks, ticks_up

counts = st.integers(1, 40)
# Wider than a chart ever draws: it clips at ±1e12.
ends = st.floats(-1e13, 1e13)


def mantissa(value: float) -> float:
    return value / 10 ** floor(log10(value))


def rows_of(positions: list[float], low: float, high: float, rows: int) -> list[int]:
    """Where plotext draws them."""
    return [floor(0.5 + (rows - 1) * (each - low) / (high - low)) for each in positions]


class TestUp:
    """Ticks up an axis."""

    @given(st.floats(-4, 2), st.floats(0.01, 5), st.integers(5, 30), st.booleans(), st.booleans())
    def test_equal_steps_look_equal(
        self, low: float, span: float, rows: int, log: bool, percent: bool
    ) -> None:
        high = low + span
        positions, labels = ticks_up(low, high, rows, log, percent)
        assert len(positions) == len(labels) == len({*labels}) >= 2
        at = rows_of(positions, low, high, rows)
        gaps = {after - before for before, after in pairwise(at)}
        assert min(gaps) >= 2 or gaps == {1}, (at, labels)
        if not log:
            steps = [after - before for before, after in pairwise(positions)]
            assert steps == pytest.approx([steps[0]] * len(steps))
        assert low - 1e-6 <= positions[0] < positions[-1] <= high + 1e-6

    @given(st.floats(-40, 12), st.floats(1e-9, 40), st.integers(1, 40))
    def test_any_range_has_one(self, low: float, span: float, rows: int) -> None:
        positions, labels = ticks_up(low, low + span, rows, log=True)
        assert 1 <= len(positions) == len(labels)
        assert positions == sorted(positions)

    def test_none_of_a_series_is_left_out(self) -> None:
        # Steps of 2% would be at rows 0, 2, 3, 5, 6.
        ticks = ticks_up(0.92, 1.0, 7, log=False, percent=True)
        assert ticks[1] == ["92.5%", "95%", "97.5%", "100%"]
        # 0.03 would be at row 1; nobody misses one at an end.
        assert ticks_up(log10(0.02), log10(1.3), 7, log=True)[1] == ["0.1", "0.3", "1"]

    def test_known_ones(self) -> None:
        positions, labels = ticks_up(-2, 0, 16, log=True)
        assert labels == ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"]
        assert positions == pytest.approx([log10(float(each)) for each in labels])
        assert ticks_up(-2, 0, 9, log=True, percent=True)[1] == ["1%", "3%", "10%", "30%", "100%"]
        assert ticks_up(-3, 3, 7, log=True)[1] == ["0.001", "0.1", "10", "1000"]
        assert ticks_up(0, 1, 11, log=False)[1] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
        assert ticks_up(log10(0.905), log10(0.975), 16, log=True)[1][:2] == ["0.91", "0.92"]

    def test_none_reads_as_another(self) -> None:
        labels = ticks_up(2.32401, 2.32409, 40, log=False)[1]
        assert len(labels) == len({*labels}) > 0

    @pytest.mark.parametrize("log", [False, True])
    def test_a_range_of_nothing_is_one_label(self, log: bool) -> None:
        assert len(ticks_up(2.0, 2.0, 6, log)[1]) == 1


class TestLinear:
    @given(ends, ends, counts)
    def test_within_the_range_and_not_too_many(self, low: float, high: float, count: int) -> None:
        assume(high - low > 1e-290)
        positions, labels = linear_ticks(low, high, count)
        slack = (high - low) * 1e-6 + max(abs(low), abs(high)) * 1e-12
        assert all(low - slack <= position <= high + slack for position in positions)
        assert len(positions) == len(labels) <= count + 1

    @given(st.floats(-1e3, 1e3), st.floats(1e-2, 1e6), counts)
    def test_they_are_round_and_evenly_spaced(self, low: float, span: float, count: int) -> None:
        positions, _ = linear_ticks(low, low + span, count)
        assume(len(positions) > 1)
        step = positions[1] - positions[0]
        assert min(abs(mantissa(step) - round_) for round_ in (1, 2, 2.5, 5, 10)) < 1e-3
        for position in positions:
            assert position / step == pytest.approx(round(position / step), abs=1e-3)

    @given(st.floats(1e-300, 1e300), counts)
    def test_tiny_and_huge_ranges(self, span: float, count: int) -> None:
        positions, _ = linear_ticks(0, span, count)
        assert 1 <= len(positions) <= count + 1
        assert positions[0] == 0
        assert positions[-1] <= span * (1 + 1e-6)

    def test_known_ones(self) -> None:
        assert linear_ticks(0, 1, 5) == (
            pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1]),
            ["0", "0.2", "0.4", "0.6", "0.8", "1"],
        )
        assert linear_ticks(0.13, 4.2, 4)[1] == ["1", "2", "3", "4"]
        assert linear_ticks(0.9, 0.95, 5, percent=True)[1] == [
            "90%",
            "91%",
            "92%",
            "93%",
            "94%",
            "95%",
        ]

    @pytest.mark.parametrize(("low", "high"), [(2.0, 2.0), (3.0, 2.0)])
    def test_a_range_of_nothing_is_one_label(self, low: float, high: float) -> None:
        assert linear_ticks(low, high, 5) == ([low], [f"{low:g}"])


def test_labels_of_tiny_steps_differ() -> None:
    for low, high in ((-2.6e-5, 1.4e-5), (-1.2e-5, 4e-6)):
        _, labels = linear_ticks(low, high, 8)
        assert len({*labels}) == len(labels) >= 6


@pytest.mark.parametrize(
    ("value", "percent", "text"),
    [
        (9.01e22, False, "9e22"),
        (-9.62e22, False, "-9.6e22"),
        (2.5e-7, False, "2.5e-7"),
        (83_420.0, False, "83.42k"),
        (0.902, True, "90.2%"),
    ],
)
def test_labels_are_short(value: float, percent: bool, text: str) -> None:
    assert label(value, percent) == text
