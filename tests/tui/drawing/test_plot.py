"""Curves on a chart: where they meet, and how far the axes go."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from rich.color import Color
from support.rarely import endurance
from textual_plotext import PlotextPlot

from digit_tui.tui.drawing.chart import Curve, Drawing, Plot
from digit_tui.tui.drawing.plot import Painter, plot

COLORS = {"training": (255, 0, 0), "test": (0, 0, 255), "fork": (0, 255, 0)}
X = np.linspace(0, 10, 500)
FALLING = np.exp(-X)
CURVES = [FALLING, FALLING**2, 0.05 + FALLING / 20, 2 + np.sin(X), 0.9 + X / 100]


def draw(*curves: Curve, width: int = 60, height: int = 16, **options: Any) -> Plot:
    figure = PlotextPlot().plt
    painter = Painter(
        figure, "textual-dark", lambda curve: COLORS[curve.color], (99,) * 3, (200,) * 3
    )
    options = {"span": (0.0, 10.0), "marks": [], "log": True, **options}
    return plot(Drawing([*curves], **options), width, height, painter)


def colored(plotted: Plot, name: str) -> list[tuple[int, int]]:
    """Row and column of the cells of a colour, columns counted from the first x."""
    wanted = Color.from_rgb(*COLORS[name]).triplet
    return [
        (y, x - plotted.left)
        for y, row in enumerate(plotted.rows)
        for x, cell in enumerate(row)
        if cell.style is not None
        and cell.style.color is not None
        and cell.style.color.triplet == wanted
    ]


def labels(plotted: Plot) -> list[str]:
    """Those of the y axis, from the top."""
    texts = ["".join(cell.text for cell in row[: plotted.left - 1]) for row in plotted.rows[:-2]]
    return [text.strip() for text in texts if text.strip()]


def text(plotted: Plot) -> str:
    return "\n".join("".join(cell.text for cell in row) for row in plotted.rows)


class TestMeeting:
    """Two curves at the same place, as training and test often are."""

    @pytest.mark.parametrize("marker", ["braille", "blocks", "ascii"])
    @pytest.mark.parametrize("apart", [0.0, 0.02])
    def test_both_are_seen_all_along(self, apart: float, marker: str) -> None:
        plotted = draw(
            Curve(X, FALLING, "training", 0),
            Curve(X, FALLING * (1 + apart), "test", 1),
            marker=marker,
        )
        for name in ("training", "test"):
            columns = {x for _, x in colored(plotted, name)}
            gaps = np.diff(sorted({*columns, 0, plotted.columns - 1}))
            assert gaps.max() <= 2, f"{name} is hidden\n{text(plotted)}"

    def test_three_take_turns(self) -> None:
        plotted = draw(*(Curve(X, FALLING, name) for name in COLORS))
        for name in COLORS:
            assert len({x for _, x in colored(plotted, name)}) >= plotted.columns // 3

    def test_where_they_are_apart_each_has_its_own_cells(self) -> None:
        training, test = Curve(X, FALLING, "training"), Curve(X, FALLING * 3, "test")
        plotted = draw(training, test)
        for name in ("training", "test"):
            assert {x for _, x in colored(plotted, name)} == {*range(plotted.columns)}

    def test_dots_of_both_are_kept(self) -> None:
        ends = Curve(np.array([0.0, 0.0]), np.array([2.0, 1e-5]), "fork")  # the same range for all
        training, test = Curve(X, FALLING, "training"), Curve(X, FALLING * 1.1, "test")
        both = draw(training, test, ends)
        for alone in (draw(training, ends), draw(test, ends)):
            for y, row in enumerate(alone.rows[:-2]):
                for x in range(alone.left + 1, len(row)):
                    if "\u2800" < row[x].text <= "\u28ff":
                        assert ord(both.rows[y][x].text) & ord(row[x].text) == ord(row[x].text)

    def test_an_undone_part_is_behind(self) -> None:
        undone = Curve(X, FALLING, "test", faint=True)
        plotted = draw(undone, Curve(X, FALLING, "training"))
        assert colored(plotted, "test") == []
        assert {x for _, x in colored(plotted, "training")} == {*range(plotted.columns)}


class TestRange:
    def test_an_outlier_does_not_flatten_the_rest(self) -> None:
        spiked = 1 + 0.2 * np.sin(X)
        spiked[250] = 1e6
        plotted = draw(Curve(X, spiked, "training"), log=False)
        rows = {y for y, _ in colored(plotted, "training")}
        assert len(rows) >= 12
        top = "".join(cell.text for cell in plotted.rows[0])
        assert "▲1M" in top
        column = top.index("▲") - plotted.left
        assert column == pytest.approx(plotted.columns / 2, abs=1)

    def test_a_value_at_the_right_edge_is_written_before_its_arrow(self) -> None:
        spiked = 1 + 0.2 * np.sin(X)
        spiked[-1] = 1e6
        plotted = draw(Curve(X, spiked, "training"), log=False)
        assert "".join(cell.text for cell in plotted.rows[0]).endswith("1M▲")

    @pytest.mark.parametrize(
        ("letters", "pattern"),
        [
            ((), "▲9e22 "),
            ((10, 275), " 9e22▲.? C"),
            ((225, 275), "B [^9]?▲.? C"),  # no room for the value
            ((250,), "B ▲9e22 "),
        ],
    )
    def test_a_value_is_not_written_over_letters(
        self, letters: tuple[int, ...], pattern: str
    ) -> None:
        spiked = 1 + 0.2 * np.sin(X)
        spiked[250] = 9.01e22
        marks = [(float(X[at]), name) for at, name in zip(letters, "BC", strict=False)]
        plotted = draw(Curve(X, spiked, "training"), log=False, marks=marks)
        assert re.search(pattern, "".join(cell.text for cell in plotted.rows[0])), text(plotted)

    def test_letters_of_changes_that_are_near_are_below_each_other(self) -> None:
        at = (150, 151, 152, 160, 161)
        marks = [(float(X[each]), name) for each, name in zip(at, "ABCDE", strict=True)]
        plotted = draw(Curve(X, FALLING, "training"), marks=marks)
        seen = ["".join(cell.text for cell in row if cell.text.isalpha()) for row in plotted.rows]
        assert seen[:4] == ["AD", "BE", "C", ""]

    def test_where_there_is_no_room_below_the_latest_letter_is_seen(self) -> None:
        marks = [(float(X[150]), name) for name in "ABCDEFGH"]
        drawn = text(draw(Curve(X, FALLING, "training"), marks=marks))
        assert re.findall("[A-Z]", drawn) == ["A", "B", "C", "H"]

    @pytest.mark.parametrize("column", [250, 255])
    def test_of_two_spikes_one_value_is_written(self, column: int) -> None:
        curves = []
        for role, value, place in (("training", 1.23e6, 250), ("test", 1e6, column)):
            spiked = 1 + 0.2 * np.sin(X)
            spiked[place] = value
            curves.append(Curve(X, spiked, role))
        top = "".join(cell.text for cell in draw(*curves, log=False).rows[0])
        assert top.count("M") == 1
        assert "M " in top

    def test_a_dip_has_an_arrow_too(self) -> None:
        dipped = 1 + 0.2 * np.sin(X)
        dipped[250] = -1e6
        assert "▼-1M" in text(draw(Curve(X, dipped, "training"), log=False))

    def test_where_there_is_no_error_at_all_the_arrow_says_so(self) -> None:
        errors = 0.2 + 0.01 * np.sin(X)
        errors[250] = least = 1 / 4_000
        plotted = draw(Curve(X, errors, "training"), log=True, percent=True, least=least)
        assert "▼0% " in text(plotted)

    def test_the_l_shape_of_a_long_run_is_cut_off(self) -> None:
        plotted = draw(
            Curve(X, 0.1 + 0.02 * np.sin(X) + 2 * np.exp(-20 * X), "training"), log=False
        )
        assert float(labels(plotted)[0]) < 0.5
        assert "▲" in text(plotted)

    def test_what_was_undone_counts_for_nothing(self) -> None:
        undone = Curve(X, FALLING * 1e6, "test", faint=True)
        alone = draw(Curve(X, FALLING, "training"))
        assert labels(draw(undone, Curve(X, FALLING, "training"))) == labels(alone)

    def test_but_is_shown_where_nothing_else_is(self) -> None:
        undone, first = Curve(X, FALLING, "test", faint=True), Curve(X[:1], X[:1] + 50, "training")
        assert "▼" not in text(draw(undone, first))  # one point is no line
        plotted = draw(undone, Curve(X[:0], X[:0], "training"))
        assert {x for _, x in colored(plotted, "test")} == {*range(plotted.columns)}

    def test_a_steady_fall_is_shown_whole(self) -> None:
        plotted = draw(Curve(X, FALLING, "training"), log=False)
        assert "▲" not in text(plotted)
        assert float(labels(plotted)[0]) >= 0.8


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize(("width", "height"), [(40, 8), (40, 10), (60, 18), (100, 25)])
@pytest.mark.parametrize(
    "curve", [FALLING, FALLING**2, 0.05 + FALLING / 20, 2 + np.sin(X), 0.9 + X / 100]
)
@pytest.mark.parametrize("end", [3.4, *endurance(0.7, 25.0, 138.0)])
def test_each_axis_has_some_ticks(
    curve: Any, width: int, height: int, end: float, log: bool
) -> None:
    plotted = draw(
        Curve(X * end / 10, curve, "training"),
        width=width,
        height=height,
        log=log,
        span=(0.0, end),
    )
    assert len(labels(plotted)) >= (2 if height < 18 else 3), text(plotted)
    assert len("".join(cell.text for cell in plotted.rows[-1]).split()) >= 4, text(plotted)


@pytest.mark.parametrize("span", [(-0.000416, 0.000419), (-0.0016, 0.0009), (-3.3e-7, 8e-7)])
def test_an_axis_of_tiny_numbers_has_some_too(span: tuple[float, float]) -> None:
    """Their labels are long."""
    plotted = draw(Curve(np.linspace(*span, 50), X[:50], "test"), width=40, height=8, span=span)
    numbers = [float(each) for each in text(plotted).split("\n")[-1].split()]
    assert len(numbers) >= 3
    assert numbers == sorted(numbers)
    assert max(map(abs, numbers)) > 0.5 * max(map(abs, span))


def test_accuracies_are_shown_from_0_to_100_percent_where_charts_are_compared() -> None:
    curve = Curve(X, 0.6 + X / 100, "test")
    faint = Curve(X, 0.2 - X / 100, "training", faint=True)
    options = {"log": False, "percent": True}
    whole, close = (draw(curve, faint, bounds=each, **options) for each in ((0.0, 1.0), None))
    assert [labels(whole)[0], labels(whole)[-1]] == ["100%", "0%"]
    assert "0%" not in labels(close)
    rows = [row for row, _ in colored(whole, "test")]
    assert 0 < min(rows) <= max(rows) < len(whole.rows) // 2
    assert max(row for row, _ in colored(whole, "training")) > max(rows)


@pytest.mark.parametrize("height", [5, 6, 8, 16])
def test_letters_that_would_hide_each_other_are_below_each_other(height: int) -> None:
    marks = [(2.0, "A"), (2.01, "B"), (2.4, "C")]
    shown = text(draw(Curve(X, FALLING, "training"), height=height, marks=marks)).split("\n")
    places = {name: y for y, row in enumerate(shown) for name in "ABC" if name in row}
    assert places["A"] == places["C"] == 0
    assert places["B"] == 1
