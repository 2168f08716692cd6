"""Tables and sizes as plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from digit_tui.data import printable
from digit_tui.session.output import Output
from digit_tui.storage.run_summary import RunSummary


def print_lines(output: Output, lines: Iterable[str]) -> None:
    """Print lines that may contain text from a file, or a folder's name."""
    for line in lines:
        output.line(printable(line))


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines, with each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def human_size(count: int) -> str:
    """A number of bytes for people, for example "1.6 MB"."""
    value, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}" if unit != "B" and value < 9.95 else f"{value:.0f} {unit}"


def network_words(run: RunSummary) -> str:
    """For example "784-512-256-10"."""
    return "-".join(map(str, run.network))
