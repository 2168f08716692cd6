"""Curves as SVG."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from digit_tui.export.svg_axes import HEIGHT, LEFT, TOP, WIDTH, Axes
from digit_tui.export.svg_chart import UNDONE, Curve, Mark, line_chart, thinned


def curve(*values: float, kind: str = "training", name: str = "training") -> Curve:
    return Curve(name, kind, np.arange(1.0, len(values) + 1), np.array(values, np.float64))


def drawn(chart: str) -> ElementTree.Element:
    return ElementTree.fromstring(chart)


def path_of(svg: ElementTree.Element, kind: str) -> list[tuple[str, float, float]]:
    """The points of the last curve of a kind: how the pen came there, and where that is."""
    path = svg.findall(f".//g[@class='curve {kind}']/path")[-1].attrib["d"]
    points = re.findall(r"([ML])([\d.]+) ([\d.]+)", path)
    return [(pen, float(x), float(y)) for pen, x, y in points]


def texts(svg: ElementTree.Element, class_: str | None = None) -> list[str]:
    found = svg.iter("text")
    return [
        (each.text or "") + "".join(part.tail or "" for part in each)
        for each in found
        if each.get("class") == class_
    ]


def test_points_are_where_the_axes_say() -> None:
    svg = drawn(line_chart("c", "Loss", [curve(0.5, 0.25, 0.1)], (0, 3)))
    points = path_of(svg, "training")
    assert [pen for pen, _, _ in points] == ["M", "L", "L"]
    assert [x for _, x, _ in points] == pytest.approx(
        [LEFT + WIDTH * n / 3 for n in (1, 2, 3)], abs=0.1
    )
    # The labels of the grid tell the values of the points.
    grid = [
        float(each.attrib["d"].split()[1].split("h")[0])
        for each in svg.findall("path[@class='grid']")
    ]
    labels = [float(word) for word in texts(svg)[: len(grid)]]
    slope, start = np.polyfit(grid, labels, 1)
    values = [slope * y + start for _, _, y in points]
    assert values == pytest.approx([0.5, 0.25, 0.1], abs=0.003)
    assert all(TOP <= y <= TOP + HEIGHT for _, _, y in points)
    titles = [each.text for each in svg.findall(".//circle/title")]
    assert titles == [
        f"epoch {n}, training: {each}" for n, each in ((1, "0.5"), (2, "0.25"), (3, "0.1"))
    ]


def test_a_logarithm_only_where_values_differ_much_and_are_positive() -> None:
    for values, log in (((5.0, 0.1), True), ((0.5, 0.1), False), ((5.0, 0.0), False)):
        svg = drawn(line_chart("c", "Loss", [curve(*values)], (0, 2), log=True))
        assert ("logarithmic" in (svg.findtext("desc") or "")) is log
    heights = [
        y
        for _, _, y in path_of(
            drawn(line_chart("c", "Loss", [curve(10, 1, 0.1)], (0, 3), log=True)), "training"
        )
    ]
    assert heights[1] - heights[0] == pytest.approx(heights[2] - heights[1], abs=0.2)


def test_what_is_no_number_is_a_gap() -> None:
    svg = drawn(line_chart("c", "Loss", [curve(1, 2, np.nan, np.inf, 3)], (0, 5)))
    assert [pen for pen, _, _ in path_of(svg, "training")] == ["M", "L", "M"]
    assert len(svg.findall(".//circle")) == 3
    for values in ((np.nan, np.nan), (), (0.0,), (1e30, -1e30)):
        drawn(line_chart("c", "Loss", [curve(*values)], (0, 2), log=True))


def test_what_was_undone_does_not_squeeze_the_rest() -> None:
    kept = curve(0.5, 0.4, 0.3)
    alone = path_of(drawn(line_chart("c", "Loss", [kept], (0, 3))), "training")
    both = [curve(0.5, 90, kind=UNDONE, name="undone"), kept]
    svg = drawn(line_chart("c", "Loss", both, (0, 3)))
    assert path_of(svg, "training") == alone
    assert svg.find("clipPath") is not None
    dotted = [each.get("class") for each in svg.iter("g") if each.find("circle") is not None]
    assert dotted == ["curve training"]
    assert texts(svg)[-2:] == ["training", "undone"]


def test_letters_do_not_hide_each_other() -> None:
    marks = [
        Mark(epoch, letter, f"<{letter}>")
        for letter, epoch in zip("ABCDEF", (3, 9, 3, 3.1, 3.2, 20), strict=True)
    ]
    svg = drawn(line_chart("c", "Loss", [curve(*range(20))], (0, 20), marks))
    assert texts(svg, "letter") == ["A\N{HORIZONTAL ELLIPSIS}E", "B", "F"]
    titles = [each.findtext("title") for each in svg.iter("text") if each.get("class") == "letter"]
    assert titles[0] == "A: <A>; C: <C>; D: <D>; E: <E>"
    assert len(svg.findall("path[@class='mark']")) == len(marks)
    few = drawn(line_chart("c", "Loss", [curve(*range(20))], (0, 20), marks[:3]))
    assert texts(few, "letter") == ["A,C", "B"]


def test_thinning_keeps_the_extremes() -> None:
    generator = np.random.default_rng(0)
    x, y = np.arange(50_000.0), generator.normal(size=50_000)
    y[1234], y[40_000], y[20_000:20_600] = 99, -99, np.nan
    short_x, short_y = thinned(x, y, 100)
    assert len(short_x) <= 202
    assert {short_x[0], short_x[-1]} == {x[0], x[-1]}
    assert (np.nanmax(short_y), np.nanmin(short_y)) == (99, -99)
    assert np.isnan(short_y).any()
    assert (np.diff(short_x) > 0).all()
    assert np.array_equal(y[short_x.astype(int)], short_y, equal_nan=True)
    assert len(line_chart("c", "Loss", [Curve("loss", "training", x, y)], (0, 5e4))) < 20_000


def test_axes_have_room_around_any_values() -> None:
    for values, log in (
        ([3.0], False),
        ([3.0], True),
        ([0.0], False),
        ([-2.0, 5.0], False),
        ([1e-8, 1e8], True),
    ):
        axes = Axes.around((0, 0), values, log, False)
        assert all(TOP < axes.y(each) <= TOP + HEIGHT for each in values)
        assert axes.start < axes.end
    assert Axes.around((0, 1), [0.001, 0.002], False, False).low >= 0
