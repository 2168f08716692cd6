"""Labels of a chart's axes."""

from __future__ import annotations

from math import floor, log10

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from digit_tui.tui.drawing.ticks import apart, linear_ticks, log_ticks

counts = st.integers(1, 40)
# Wider than a chart ever draws: it clips at ±1e12.
ends = st.floats(-1e13, 1e13)
exponents = st.floats(-46, 13)


def mantissa(value: float) -> float:
    return value / 10 ** floor(log10(value))


def test_none_shares_a_row_with_another() -> None:
    ticks = log_ticks(log10(0.1), log10(2.4), 5)
    assert len(ticks[1]) > 3
    for rows in range(1, 12):
        positions, labels = apart(ticks, log10(0.1), log10(2.4), rows)
        at = [floor(0.5 + (rows - 1) * (each + 1) / log10(24)) for each in positions]
        assert len(set(at)) == len(at) == len(labels) > 0
        assert labels[0] == ticks[1][0]
    assert apart(ticks, log10(0.1), log10(2.4), 200) == ticks


def test_none_reads_as_another() -> None:
    ticks = linear_ticks(2.32401, 2.32409, 7)
    assert len(ticks[1]) > len({*ticks[1]})
    positions, labels = apart(ticks, 2.32401, 2.32409, 40)
    assert len(positions) == len(labels) == len({*labels}) > 0


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


class TestLogarithmic:
    @given(exponents, exponents, counts)
    def test_within_the_range_and_not_too_many(self, low: float, high: float, count: int) -> None:
        assume(low < high)
        positions, labels = log_ticks(low, high, count)
        assert 1 <= len(positions) == len(labels) <= count
        assert all(low - 1e-6 <= position <= high + 1e-6 for position in positions)
        assert positions == sorted(positions)

    @given(exponents, st.floats(1, 20), st.integers(2, 40))
    def test_over_a_decade_they_are_round(self, low: float, span: float, count: int) -> None:
        positions, _ = log_ticks(low, low + span, count)
        for position in positions:
            tenths = 10 * mantissa(10**position * (1 + 1e-9))
            assert tenths == pytest.approx(round(tenths), abs=1e-6)

    def test_known_ones(self) -> None:
        positions, labels = log_ticks(-2, 0, 5)
        assert labels == ["0.01", "0.03", "0.1", "0.3", "1"]
        assert positions == pytest.approx([-2, log10(0.03), -1, log10(0.3), 0])
        assert log_ticks(-2, 0, 5, percent=True)[1] == ["1%", "3%", "10%", "30%", "100%"]
        assert log_ticks(-3, 3, 4)[1] == ["0.001", "0.1", "10", "1000"]

    def test_on_a_part_of_a_decade_they_are_those_of_a_linear_axis(self) -> None:
        positions, labels = log_ticks(log10(0.905), log10(0.975), 7)
        assert labels == ["0.91", "0.92", "0.93", "0.94", "0.95", "0.96", "0.97"]
        assert positions[0] == pytest.approx(log10(0.91))
        assert log_ticks(log10(0.905), log10(0.9749), 4)[1] == ["0.92", "0.94", "0.96"]

    def test_between_round_numbers_the_ends_are_labelled(self) -> None:
        positions, labels = log_ticks(log10(0.91), log10(0.97), 1)
        assert labels == ["0.91"]
        assert positions == pytest.approx([log10(0.91)])
