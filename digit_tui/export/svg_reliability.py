"""A reliability diagram as SVG: how often the network is right, by how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from digit_tui.export.markup import element, safe
from digit_tui.export.svg_axes import HEIGHT, LEFT, TOP, WIDTH, Axes, chart, number, text
from digit_tui.insight.calibration import Reliability
from digit_tui.insight.significance import wilson_interval

KEY_LINE = 130
"""Distance of two names in the key."""
ASIDE = 2.5
"""The points of two curves are so far to the left and right, where they would hide each other."""


class Reliabilities(NamedTuple):
    """One curve of the diagram."""

    name: str
    kind: str
    """Its looks, as of `svg_chart.Curve`."""
    bins: Reliability


def right_in(bins: Reliability, place: int) -> int:
    """How many digits of a bin, which has some, are right."""
    return round(float(bins.accuracy[place]) * int(bins.counts[place]))


def reliability_chart(name: str, title: str, curves: Sequence[Reliabilities]) -> str:
    """A chart; each point has the 95% interval of its bin.

    Args:
        name: of the chart on the page.
        title: what it shows.
        curves: one or two.
    """
    axes = Axes(0.0, 1.0, 0.0, 1.0, percent=True)
    parts = [
        axes.svg("how sure the network is", x_percent=True),
        f'<path class="mark" d="M{LEFT} {TOP + HEIGHT}L{LEFT + WIDTH} {TOP}"/>',
        text(LEFT + 8, TOP - 10, "how often it is right"),
    ]
    for index, curve in enumerate(curves):
        x = LEFT + KEY_LINE * index
        parts.append(
            element("g", f'<path d="M{x} 15h24"/>{_dot(curve, x + 12, 15)}', class_=_class(curve))
        )
        parts.append(text(x + 32, 20, curve.name))
        aside = ASIDE * (2 * index - 1) if len(curves) > 1 else 0.0
        parts.append(_drawn(axes, curve, aside))
    return chart(name, title, describe(title, curves), "\n".join(parts))


def describe(title: str, curves: Sequence[Reliabilities]) -> str:
    """The diagram in words."""
    words = [f"{title}."]
    for curve in curves:
        words.append(
            f"{curve.name.capitalize()}: the calibration error is {curve.bins.error:.2%}. "
            "The table has the numbers of each bin."
        )
    return " ".join(words)


def _drawn(axes: Axes, curve: Reliabilities, aside: float) -> str:
    bins = curve.bins
    line: list[str] = []
    points: list[str] = []
    for place, count in enumerate(bins.counts.tolist()):
        if not count:
            continue
        sure, accuracy = float(bins.confidence[place]), float(bins.accuracy[place])
        x, y = axes.x(sure) + aside, axes.y(accuracy)
        right = right_in(bins, place)
        low, high = wilson_interval(right, count)
        line.append(f"{'L' if line else 'M'}{number(x)} {number(y)}")
        words = safe(f"{sure:.1%} sure: {right:,} of {count:,} right ({accuracy:.1%})")
        points.append(
            f'<path class="interval" d="M{number(x)} {number(axes.y(high))}'
            f'V{number(axes.y(low))}"/>'
            f"<g><title>{words}</title>{_dot(curve, x, y)}</g>"
        )
    return element("g", f'<path d="{"".join(line)}"/>' + "\n".join(points), class_=_class(curve))


def _dot(curve: Reliabilities, x: float, y: float) -> str:
    if curve.kind == "monitored":
        return f'<rect x="{number(x - 3.5)}" y="{number(y - 3.5)}" width="7" height="7"/>'
    return f'<circle cx="{number(x)}" cy="{number(y)}" r="4"/>'


def _class(curve: Reliabilities) -> str:
    return f"curve {curve.kind}"
