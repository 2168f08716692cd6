"""An HTML page of digits with their pictures: one file, for any browser, offline."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from math import isnan
from typing import Any

from numpy.typing import NDArray

from digit_tui.export.digit_records import digit_records, remarks, shown
from digit_tui.export.markup import safe
from digit_tui.export.page import whole_page
from digit_tui.export.png import grey_png
from digit_tui.insight.digit_table import DigitTable

COLUMNS = {
    "index": "ascending",
    "true": "ascending",
    "predicted": "ascending",
    "confidence": "descending",
    "loss": "descending",
    "margin": "ascending",
    "rank": "descending",
    "history": "descending",
    "label": "descending",
}
"""The columns after the picture, and how each is sorted first. The history is sorted by how often
the digit was forgotten, the label by the number of reasons to doubt it. A committee has no history:
there its members are named, sorted by how many are wrong."""

SORTED_BY = {"loss": "loss", "confidence": "confidence", "index": "index", "forgotten": "history"}
"""The orders of `insight.selection` that sort by a column."""

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1b1b; --faint: #5f5f5f;
  --line: #d6d6d6; --head: #f2f2f2; --doubt: #8a3b00; --invert: 1; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181c; --ink: #e6e6e6; --faint: #a3a3a3;
  --line: #3a3d44; --head: #22252b; --doubt: #ffb37a; --invert: 0; } }
body { margin: 1.5rem auto; padding: 0 1rem; max-width: 68rem; background: var(--paper);
  color: var(--ink); font: 15px/1.4 system-ui, sans-serif; }
h1 { font-size: 1.4rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; }
dt { color: var(--faint); }
dd { margin: 0; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { position: sticky; top: 0; padding: 0; background: var(--head); text-align: right;
  box-shadow: 0 1px var(--line); }
th:first-child { padding: .4rem .5rem; font-weight: 600; text-align: left; }
th button { position: relative; width: 100%; padding: .4rem .5rem; border: 0; background: none;
  color: inherit; font: inherit; font-weight: 600; text-align: inherit; white-space: nowrap;
  cursor: pointer; }
th[aria-sort] button::after { position: absolute; bottom: -.1rem; right: .5rem;
  content: "\\25B2"; font-size: .6em; }
th[aria-sort="descending"] button::after { content: "\\25BC"; }
th:nth-last-child(-n+2) button::after { right: auto; left: .5rem; }
td { padding: .25rem .5rem; border-bottom: 1px solid var(--line); text-align: right; }
td:nth-last-child(-n+2), th:nth-last-child(-n+2) { text-align: left; }
td:last-child { color: var(--doubt); }
img { display: block; width: 56px; height: 56px; image-rendering: pixelated;
  filter: invert(var(--invert)); }
@media print { th { position: static; } }
"""

SCRIPT = """
"use strict";
const body = document.querySelector("tbody");
const heads = document.querySelectorAll("th[data-first]");
function key(row, column) {
  const cell = row.cells[column];
  return Number(cell.dataset.v ?? cell.textContent);
}
function sort(head) {
  const other = { ascending: "descending", descending: "ascending" };
  const way = other[head.getAttribute("aria-sort")] ?? head.dataset.first;
  const sign = way === "ascending" ? 1 : -1;
  const rows = [...body.rows].map(row => [key(row, head.cellIndex), row]);
  rows.sort(([a], [b]) => isNaN(a) || isNaN(b) ? isNaN(a) - isNaN(b) : sign * (a - b));
  body.replaceChildren();  // to move rows that are in their places takes fifty times as long
  for (const [, row] of rows) body.append(row);
  for (const each of heads) each.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", way);
}
for (const head of heads) head.firstChild.addEventListener("click", () => sort(head));
"""


def mistakes_page(
    title: str,
    facts: Mapping[str, str],
    table: DigitTable,
    indices: Sequence[int] | NDArray[Any],
    images: NDArray[Any],
    side: int,
    order: str,
) -> str:
    """The whole page, in ASCII.

    Args:
        title: of the list.
        facts: headings and texts about it, see `list_facts`.
        table: what is known of the n digits.
        indices: those to list, in their order.
        images: (n, side * side) uint8, 0 background to 255 ink.
        side: of the images, in pixels.
        order: in which they are listed: one of `insight.selection.ORDERS`.
    """
    body = [
        f"<h1>{safe(title)}</h1>",
        "<dl>",
        *(f"<dt>{safe(name)}</dt><dd>{safe(text)}</dd>" for name, text in facts.items()),
        "</dl>",
        "<table>",
        f'<thead><tr><th scope="col">digit</th>{"".join(_heads(order, table))}</tr></thead>',
        "<tbody>",
        *_rows(table, indices, images, side),
        "</tbody>",
        "</table>",
        f"<script>{SCRIPT}</script>",
    ]
    return whole_page(title, STYLE, body)


def _heads(order: str, table: DigitTable) -> Iterator[str]:
    remarked, _ = remarks(table, [])
    for name, first in COLUMNS.items():
        sort = f' aria-sort="{first}"' if SORTED_BY.get(order) == name else ""
        shown_name = remarked if name == "history" else name
        yield (
            f'<th scope="col" data-first="{first}"{sort}>'
            f'<button type="button">{shown_name}</button></th>'
        )


def _rows(
    table: DigitTable, indices: Sequence[int] | NDArray[Any], images: NDArray[Any], side: int
) -> Iterator[str]:
    _, words = remarks(table, indices)
    for record, life in zip(digit_records(table, indices), words, strict=True):
        index = record["index"]
        doubts = table.doubts(index)
        picture = b64encode(grey_png(images[index].reshape(side, side))).decode("ascii")
        cells = [
            f'<img alt="digit {index}" loading=lazy decoding=async src="data:image/png;base64,'
            f'{picture}">',
            f"{index}",
            f"{record['true']}",
            f"{record['predicted']}",
        ]
        exact: list[float | int | None] = [None] * len(cells)
        for name in ("confidence", "loss", "margin"):
            value = record[name]
            cells.append(shown(name, value))
            exact.append(float("nan") if value is None else value)
        cells += [f"{record['rank']}", life, ", ".join(doubts)]
        missed = sum(each != record["true"] for each in record.get("members", []))
        exact += [None, record["forgotten"] or missed, len(doubts)]
        yield "<tr>" + "".join(map(_cell, cells, exact)) + "</tr>"


def _cell(content: str, exact: float | int | None) -> str:
    """One cell; `exact` is the number to sort it by, where its text is not."""
    if exact is None:
        return f"<td>{content}</td>"
    return f"<td data-v={'NaN' if isnan(exact) else f'{exact:.9g}'}>{content}</td>"
