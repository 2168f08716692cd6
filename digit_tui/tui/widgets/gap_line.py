"""The gap between a run and its fork, and whether it is statistically significant."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from digit_tui.insight.significance import compare, ends_words, gap_words
from digit_tui.tui.state.run_model import RunModel


class GapLine(Static):
    """Three lines below the charts, while a fork trains."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[str, str, int] = ("", "", 0)

    def show(self, model: RunModel, legend: str) -> None:
        """Draw the gap.

        Args:
            model: the run.
            legend: which curve is which, as markup; it is at the end of the second line.
        """
        self.set_class(model.fork is not None, "-forked")
        if model.fork is None:
            return
        width = self.size.width
        shown = gap(model, width), legend, width
        if shown != self._shown:  # each update is sent to the terminal
            self._shown = shown
            self.update(_with_legend(*shown), layout=False)  # its height is fixed


def _with_legend(text: str, legend: str, width: int) -> Content:
    key = Content.from_markup(legend)
    lines = [Content(line) for line in text.split("\n")]
    room = width - key.cell_length
    if len(lines) > 1 and lines[1].cell_length + 2 <= room:
        lines[1] = lines[1].pad_right(room - lines[1].cell_length) + key
    return Content("\n").join(lines)


def gap(model: RunModel, width: int = 1_000) -> str:
    """The three lines; "" where there is no fork."""
    fork = model.fork
    if fork is None:
        return ""
    first = f"Fork: {fork.words}"
    if fork.evaluation is None or model.evaluation is None:
        return f"{first}\nnot evaluated yet"
    compared = fork.compared or (model.evaluation, fork.evaluation)
    if compared[0] is compared[1]:  # of before the fork
        return f"{first}\nwhat it is worth is seen when both are evaluated, after this epoch"
    comparison = compare(*compared)
    # The log has what it was at once, where that is known.
    now = ("" if fork.weights_changed_at is None else "now ") + gap_words(comparison)
    branches = dict(zip(("run", "fork"), compared, strict=True))
    whole = f"{first}  {now}"
    if len(whole) <= width:
        accuracies = [
            f"{name} {each.accuracy:.2%} ({ends_words(each.correct, each.total)})"
            for name, each in branches.items()
        ]
        return "\n".join([whole, comparison.words, "  ".join([*accuracies, "95% intervals"])])
    accuracies = [f"{name} {each.accuracy:.2%}" for name, each in branches.items()]
    return "\n".join([first, now, "  ".join([comparison.words, *accuracies])])
