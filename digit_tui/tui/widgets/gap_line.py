"""The gap between a run and its fork, and whether it is statistically significant."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from digit_tui.insight.significance import compare, ends_words, gap_words
from digit_tui.tui.state.run_model import RunModel


class GapLine(Static):
    """Three lines below the charts, while a fork trains."""

    def __init__(self) -> None:
        super().__init__()
        self._shown = ""

    def show(self, model: RunModel) -> None:
        self.display = model.fork is not None
        text = gap(model)
        if text != self._shown:  # each update is sent to the terminal
            self._shown = text
            self.update(Text(text), layout=False)  # its height is fixed


def gap(model: RunModel) -> str:
    """The three lines; "" where there is no fork."""
    fork = model.fork
    if fork is None:
        return ""
    first = f"Fork: {fork.words}"
    if fork.evaluation is None or model.evaluation is None:
        return f"{first}\nnot evaluated yet"
    comparison = compare(model.evaluation, fork.evaluation)
    accuracies = [
        f"{branch} {evaluation.accuracy:.2%} ({ends_words(evaluation.correct, evaluation.total)})"
        for branch, evaluation in (("run", model.evaluation), ("fork", fork.evaluation))
    ]
    return "\n".join(
        [
            f"{first}  {gap_words(comparison)}",
            comparison.words,
            "  ".join([*accuracies, "95% intervals"]),
        ]
    )
