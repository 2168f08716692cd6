"""What is inside the network, layer by layer, and what ails the run."""

from __future__ import annotations

from digit_tui.export.markup import element, safe, scrolling, table
from digit_tui.export.report.content import Measured
from digit_tui.insight.health.finding import HARMED, LOST, NOTE
from digit_tui.insight.layer_report import HEADINGS, layer_cells, notes
from digit_tui.run.health_words import CHECKS, finding_parts, looked_at, no_finding

SEVERITIES = {LOST: "Serious", HARMED: "Harmful", NOTE: "Worth knowing"}


def layers(measured: Measured) -> str:
    """A row for each layer, and how to read the table."""
    grid = table("Layer by layer", map(_joined, HEADINGS), layer_cells(measured.layers))
    return (
        "<p>The weights, what a training step would change now, and what the units put out for "
        f"the {safe(measured.split)} digits. A unit is dead if it is 0 for all of them, and "
        "saturated if it is 0 for none, so that its ReLU does nothing.</p>\n"
        f"{scrolling(grid, 'Layers')}\n<p>{safe(' '.join(notes(measured.layers)))}</p>"
    )


def _joined(heading: tuple[str, str]) -> str:
    """A heading of two lines in one."""
    first, second = heading
    return first[:-1] + second if first.endswith("-") else f"{first} {second}".strip()


def health(measured: Measured) -> str:
    """The findings, the worst first, and what was looked at."""
    items = [
        f"<li><strong>{SEVERITIES[each.severity]}:</strong> "
        f"{safe('; '.join(finding_parts(each, None)))}</li>"
        for each in measured.findings
    ]
    found = (
        element("ul", "\n".join(items), class_="findings")
        if items
        else f"<p>{safe(no_finding(measured.record).capitalize())}.</p>"
    )
    told = f"{found}\n<p>Looked at: {safe(looked_at(measured.record))}.</p>"
    if measured.findings or not measured.record.epochs:
        return told
    return f"{told}\n<p>Checked for: {safe(CHECKS)}.</p>"
