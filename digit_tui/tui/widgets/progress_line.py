"""How far the run has got, and how long it will still take."""

from __future__ import annotations

from rich.text import Text
from textual.widget import Widget

from digit_tui.run.wording import duration, epoch_words, time_left
from digit_tui.session.fork_status import NEARLY
from digit_tui.tui.state.run_model import RunModel

PARTS = " ▏▎▍▌▋▊▉█"


class ProgressLine(Widget):
    """A progress bar, with the time left."""

    COMPONENT_CLASSES = {"progress-line--done", "progress-line--left"}

    def __init__(self) -> None:
        super().__init__()
        self._fraction = 0.0
        self._text = ""

    def show(self, model: RunModel) -> None:
        total = model.goes_to
        fraction = min(model.epoch / total, 1.0) if total else 1.0
        if model.state == "loading":  # how long a run is that is resumed is not known yet
            fraction = 0.0
        self.show_share(fraction, remaining(model))

    def show_share(self, fraction: float, remaining: str) -> None:
        """Draw it.

        Args:
            fraction: that is done, 0 to 1.
            remaining: the time left, in words.
        """
        text = f"{fraction:>4.0%}  {remaining}"
        if (fraction, text) != (self._fraction, self._text):
            self._fraction, self._text = fraction, text
            self.refresh()

    def render(self) -> Text:
        width = max(self.size.width - max(20, len(self._text) + 2), 1)
        eighths = round(self._fraction * width * 8)
        whole, part = divmod(eighths, 8)
        bar = "█" * whole + (PARTS[part] if part else "")
        return Text.assemble(
            (bar.ljust(width), self.get_component_rich_style("progress-line--done")),
            f" {self._text}",
            no_wrap=True,
        )


def remaining(model: RunModel) -> str:
    """The time left, or the state in which there is none."""
    seconds = model.seconds_left()
    if seconds is None and model.replay is not None:  # somebody moves it by hand
        return "done" if model.epoch >= model.goes_to - NEARLY else ""
    if seconds is None:
        return {"finished": "done", "training": "…"}.get(model.state, model.state)
    if model.repeats_to is not None:
        return f"{duration(seconds)} to epoch {epoch_words(model.repeats_to)}"
    return time_left(seconds)
