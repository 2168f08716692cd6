"""The gap between a run and its fork, and whether it is real."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from digit_tui.insight.significance import compare, gap_words
from digit_tui.tui.model import RunModel


class GapLine(Static):
    """Two lines below the charts, while a fork trains."""

    def __init__(self) -> None:
        super().__init__()
        self._shown = ""

    def show(self, model: RunModel) -> None:
        self.display = model.fork is not None
        words = gap(model)
        if words != self._shown:  # each update is sent to the terminal
            self._shown = words
            self.update(Text(words))


def gap(model: RunModel) -> str:
    """In words, or nothing where there is no fork."""
    fork = model.fork
    if fork is None:
        return ""
    first = f"Fork: {fork.words}"
    if fork.evaluation is None or model.evaluation is None:
        return f"{first}\nno look at the test digits yet"
    comparison = compare(model.evaluation, fork.evaluation)
    return f"{first}  {fork.evaluation.accuracy:.2%}, {gap_words(comparison)}\n{comparison.words}"
