"""The log of a run, the latest line last."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text
from textual.widgets import Static

from digit_tui.tui.state.run_model import RunModel

FEW_ROWS = 4
"""In fewer rows results of epochs would leave no room for what a person should not miss."""


class EventLog(Static):
    """Shows as many of the latest lines as there is room for."""

    COMPONENT_CLASSES = {"event-log--change", "event-log--trouble"}

    def __init__(self) -> None:
        super().__init__()
        self.border_title = "Log"
        self._shown = Text()

    def show(self, model: RunModel) -> None:
        """Draw the last lines; a long one takes more than one row.

        Of one that there is no room for the beginning is shown, which says more than the end.
        """
        width, height = self.size
        rows: list[Text] = []
        for line in reversed(model.log):
            room = height - len(rows)
            if room <= 0:
                break
            if line.kind == "epoch" and height < FEW_ROWS:
                continue  # the line above the charts says it too
            style: str | Style = ""
            if line.kind in ("change", "trouble"):
                style = self.get_component_rich_style(f"event-log--{line.kind}", partial=True)
            mark = f"{line.mark} " if line.mark else ""
            wrapped = Text(mark + line.text, style).wrap(self.app.console, max(width, 1))
            shown = list(wrapped)[:room]
            if len(wrapped) > room:  # the whole log has the rest
                shown[-1].rstrip()
                shown[-1].truncate(width - 1)
                shown[-1].append("…")
            rows[:0] = shown
        text = Text("\n").join(rows)
        if text != self._shown:  # each update is sent to the terminal
            self._shown = text
            self.update(text, layout=False)  # its height is fixed
