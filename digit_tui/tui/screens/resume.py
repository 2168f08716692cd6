"""The dialog that offers to resume an interrupted run."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Label

from digit_tui.data import printable
from digit_tui.run.wording import epoch_words
from digit_tui.storage.errors import RunError
from digit_tui.storage.run_summary import aim_of, settings_of
from digit_tui.storage.saved_run import SavedRun
from digit_tui.tui.screens.dialog import Dialog


class ResumeDialog(Dialog[bool | None]):
    """True resumes the last run, False begins a new one, None leaves."""

    TITLE = "The last run has not finished"
    BINDINGS = [
        Binding("enter,y,g", "dismiss(True)", "Go on", key_display="enter"),
        Binding("n", "dismiss(False)", "New run"),
        Binding("escape,q", "dismiss(None)", "Leave", key_display="esc"),
    ]

    def __init__(self, run: SavedRun) -> None:
        super().__init__()
        self._run = run

    def compose_content(self) -> ComposeResult:
        yield Label(
            Text(
                f"{description(self._run)}\n\n"
                "Go on, as if it had not stopped? A new run leaves this one as it is."
            )
        )


def description(run: SavedRun) -> str:
    """When the run began, its dataset and network, and how far it got."""
    lines = [
        f"{run.started:%d %B %Y, %H:%M}: {printable(str(run.record['data']['name']))}, "
        f"{run.config.preset}, hidden layers {', '.join(map(str, run.config.hidden))}"
    ]
    try:
        history = run.history()
        total = settings_of(run, history).epochs
    except RunError as error:
        lines.append(printable(str(error)))
    else:
        epochs, end = history.epochs, history.saved
        kept = [each for each in epochs if end is None or each["step"] <= end]
        if kept:
            monitored_split = run.config.monitored_split
            accuracy = f"{monitored_split} {kept[-1][f'{monitored_split}_accuracy']:.2%}"
            lines.append(f"saved at epoch {kept[-1]['epoch']} of {total}, {accuracy}")
        else:
            lines.append("saved in its first epoch")
        if len(kept) < len(epochs):
            lines.append(f"what it had trained then, up to epoch {epochs[-1]['epoch']}, it repeats")
        if history.trouble is not None:
            lines.append(f"left in trouble: {history.trouble.words}")
        if (aim := aim_of(run, history)) is not None:
            lines.append(f"on its way back to epoch {epoch_words(aim)}, which it repeats")
    return "\n".join(lines)
