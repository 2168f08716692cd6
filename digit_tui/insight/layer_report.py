"""What is known of a network's layers as plain text, for at most 80 columns."""

from __future__ import annotations

from collections.abc import Sequence

from digit_tui.insight.histograms import Histogram, LayerHistograms
from digit_tui.insight.layers import LayerFacts
from digit_tui.nn import LayerCheck
from digit_tui.nn.gradient_check import TOLERANCE

HEADINGS = (
    ("", "layer"),
    ("", "shape"),
    ("para-", "meters"),
    ("weight", "mean"),
    ("weight", "spread"),
    ("gradient", "norm"),
    ("update", "ratio"),
    ("dead", "units"),
    ("satu-", "rated"),
    ("mean", "output"),
)
"""Of the table of layers, in two lines."""
TEXT_BINS = 12
"""Of a histogram whose bins are lines, to be read one by one."""
BAR = 40
"""Length of a histogram's longest bar."""


def layer_lines(facts: Sequence[LayerFacts]) -> list[str]:
    """A table with a line for each layer, after two lines of headings."""
    return _aligned([*(list(each) for each in zip(*HEADINGS, strict=True)), *layer_cells(facts)])


def layer_cells(facts: Sequence[LayerFacts]) -> list[list[str]]:
    """The rows of that table: for each layer a text for each of `HEADINGS`."""
    rows = []
    for number, each in enumerate(facts, 1):
        last = number == len(facts)
        rows.append(
            [
                str(number),
                "-".join(map(str, each.shape)),
                f"{each.parameters:,}",
                _short(f"{each.weight_mean:.2g}"),
                _short(f"{each.weight_deviation:.2g}"),
                _short(f"{each.gradient_norm:.2g}"),
                _short(f"{each.update_ratio:.1e}") if each.update_ratio else "0",
                "-" if last else f"{each.dead:.1%}",
                "-" if last else f"{each.saturated:.1%}",
                _short(f"{each.activation_mean:.2g}"),
            ]
        )
    return rows


def notes(facts: Sequence[LayerFacts]) -> list[str]:
    """How to read the table, in lines."""
    removed = removed_words(facts)
    return [_about_updates(facts), *([removed] if removed else [])]


def removed_words(facts: Sequence[LayerFacts]) -> str:
    """What the numbers and the histograms leave out; "" if nothing is removed."""
    removed, total = sum(each.removed for each in facts), sum(each.parameters for each in facts)
    return (
        f"Removed, and left out here: {removed:,} of {total:,} weights and biases."
        if removed
        else ""
    )


def _about_updates(facts: Sequence[LayerFacts]) -> str:
    if all(each.update_ratio == 0 for each in facts):
        return "The learning rate is 0: the next step would change nothing."
    return "An update ratio near 0.001 is healthy. The last layer has no ReLU: no dead units."


def histogram_lines(layer: int, histograms: LayerHistograms) -> list[str]:
    """The distributions in a layer: a line for each bin, with a bar as long as its logarithm.

    Args:
        layer: counted from 1.
        histograms: of that layer.
    """
    names = ("weights", "gradients of the weights", "activations, all units for all test digits")
    lines = []
    for name, each in zip(names, histograms, strict=True):
        outside = f"; {each.not_finite:,} are not finite" if each.not_finite else ""
        lines += [f"Layer {layer}, {name} (bars: logarithmic){outside}", *_bars(each)]
    return lines


def _bars(histogram: Histogram) -> list[str]:
    longest = max(float(histogram.log_counts.max()), 1.0)
    edges, rows = histogram.edges, []
    for low, high, count in zip(edges[:-1], edges[1:], histogram.counts, strict=True):
        rows.append([f"{low:.3g}", "to", f"{high:.3g}", f"{count:,}"])
    bars = ["#" * round(BAR * float(each) / longest) for each in histogram.log_counts]
    return [f"{row}  {bar}".rstrip() for row, bar in zip(_aligned(rows), bars, strict=True)]


def check_lines(checks: Sequence[LayerCheck]) -> list[str]:
    """The result of a gradient check: whether the gradient is right, and a line for each layer."""
    rows = [["layer", "checked", "zero", "kinks", "largest error", "at"]]
    for number, each in enumerate(checks, 1):
        counts = [str(count) for count in (number, each.checked, each.zero, each.kinks)]
        error = _short(f"{each.largest_error:.1e}") if each.checked else "-"
        rows.append([*counts, error, _place(each)])
    limit = _short(f"{TOLERANCE:.0e}")
    head = f"Gradient check: {verdict(checks)} (relative errors of a right one: below {limit})"
    return [head, *_aligned(rows)]


def verdict(checks: Sequence[LayerCheck]) -> str:
    """Whether the gradient is right; slopes that are all 0 do not show it."""
    if any(each.largest_error >= TOLERANCE for each in checks):
        return "it is wrong"
    if all(each.passed and each.zero < each.checked for each in checks):
        return "it is right"
    return "that cannot be told"


def _place(check: LayerCheck) -> str:
    if check.unit is None:
        return "-"
    return f"bias of {check.unit}" if check.row is None else f"weight {check.row} to {check.unit}"


def _short(number: str) -> str:
    """A number without the zero of its exponent, for example 1.2e-3."""
    return number.replace("e-0", "e-").replace("e+0", "e+")


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines, with each column as wide as its widest cell, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        " ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
