"""The digits that are read wrong, with pictures."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import numpy as np

from digit_tui.data import a_digit, counted
from digit_tui.export.digit_records import biographies, digit_records, shown
from digit_tui.export.markup import element, safe
from digit_tui.export.png import grey_png
from digit_tui.export.report.content import Measured
from digit_tui.insight.selection import highest_first
from digit_tui.insight.suspects import CONFIDENT, STEADY


def mistakes(measured: Measured, most: int) -> str:
    """Those of the highest loss: what the network was surest of, and wrong.

    Args:
        measured: the network.
        most: how many are shown.
    """
    table = measured.table
    wrong = np.flatnonzero(table.wrong)
    if not len(wrong):
        return "<p>Not one digit is read wrong.</p>"
    indices = wrong[highest_first(table.evaluation.losses[wrong])][:most]
    listed = (
        f"All {len(wrong):,}" if len(indices) == len(wrong) > 1 else f"{len(indices):,} of them"
    )
    if len(wrong) == 1:
        listed = "It"
    words = (
        f"<p>{counted(len(wrong), 'digit is', 'digits are')} read wrong. {listed} "
        f"{'is' if len(wrong) == 1 else 'are'} shown, those first of which the network thought the "
        "true class least likely. The percentage is how sure it was of its answer.</p>"
    )
    if not len(indices):
        return f"<p>{counted(len(wrong), 'digit is', 'digits are')} read wrong.</p>"
    lives = biographies(table, indices)
    cards = [
        _card(measured, record, life)
        for record, life in zip(digit_records(table, indices), lives, strict=True)
    ]
    if table.suspects[indices].any():
        words += (
            f"<p>Suspect: the network contradicts the label with {CONFIDENT:.0%} or more, the same "
            f"way for {STEADY} epochs. The label may be wrong.</p>"
        )
    return words + element("ul", "\n".join(cards), class_="digits")


def _card(measured: Measured, record: dict[str, Any], life: str) -> str:
    index, side = record["index"], measured.dataset.side
    picture = b64encode(grey_png(measured.images[index].reshape(side, side))).decode("ascii")
    true, predicted = record["true"], record["predicted"]
    alt = f"{measured.split} digit {index}, {a_digit(true)} that is read as {predicted}"
    doubts = "".join(
        f'<p class="doubt">{safe(doubt)}</p>' for doubt in measured.table.doubts(index)
    )
    history = f"<p>{safe(life)}</p>" if life else ""
    return (
        f'<li><img alt="{safe(alt)}" width="72" height="72" '
        f'src="data:image/png;base64,{picture}">'
        f"<span><b>{true} \N{RIGHTWARDS ARROW} {predicted}</b>"
        f"{shown('confidence', record['confidence'])} sure<br>no. {index:,}</span>"
        f"{history}{doubts}</li>"
    )
