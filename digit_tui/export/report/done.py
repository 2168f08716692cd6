"""What was done to a run, as a table: with the letters that mark it on the curves."""

from __future__ import annotations

from digit_tui.export.markup import element, safe, scrolling
from digit_tui.export.report.content import Report
from digit_tui.run.wording import epoch_words

MOST = 500
"""Rows: a person may turn a knob a thousand times, and nobody reads that."""


def what_was_done(report: Report) -> str:
    """The rows, oldest first, or that nothing was done."""
    entries = report.log
    commands = [entry for entry in entries if entry.kind not in ("resumed", "ended")]
    words = "" if commands else "<p>Nothing was changed while it trained.</p>"
    if any(entry.undone for entry in commands):
        words = (
            "<p>What is crossed out was undone: the run went back to before it, and it is not "
            "part of how the network came about.</p>"
        )
    if all(entry.kind == "ended" for entry in entries):
        return words
    left = len(entries) - MOST
    rows = []
    if left > 0:
        rows.append(f'<tr><td colspan="3"></td><td>{left:,} earlier lines are left out</td></tr>')
    for entry in entries[-MOST:]:
        said = safe(entry.words) + ("<span> (undone)</span>" if entry.undone else "")
        rows.append(
            element(
                "tr",
                f'<th scope="row">{entry.mark}</th><td>{epoch_words(entry.epoch)}</td>'
                f"<td>{entry.step:,}</td><td>{said}</td>",
                class_="undone-row" if entry.undone else None,
            )
        )
    heads = "".join(
        f'<th scope="col">{name}</th>' for name in ("mark", "epoch", "step", "what happened")
    )
    body = "\n".join(rows)
    grid = (
        '<table class="log"><caption>In the order in which it happened</caption>'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody></table>"
    )
    return words + scrolling(grid, "What was done")
