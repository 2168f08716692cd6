"""The dialog that offers to resume an interrupted run."""

from __future__ import annotations

from operator import itemgetter

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Label

from digit_tui.data import printable
from digit_tui.run.wording import epoch_words
from digit_tui.storage.errors import RunError
from digit_tui.storage.journal import Line
from digit_tui.storage.run_summary import aim_of, settings_of
from digit_tui.storage.saved_run import SavedRun
from digit_tui.storage.start_point import fork_beside
from digit_tui.training.snapshots import is_clearly_less
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
        end = history.reached if history.saved is None else history.saved
        lines.append(f"saved at epoch {epoch_words(run.epoch_at(end, history))} of {total}")
        epochs = history.epochs
        if accuracies := _accuracies_until(end, run, [*epochs, *history.evaluations]):
            lines[-1] += f", {run.config.monitored_split} {accuracies[-1]:.2%}"
            if is_clearly_less(accuracies[-1], max(accuracies)):
                lines[-1] += f", best {max(accuracies):.2%}"
        if epochs and epochs[-1]["step"] > end:
            last = epochs[-1]["epoch"]
            lines.append(f"what it had trained then, up to epoch {last}, it repeats")
        if (trouble := history.trouble) is not None:
            what = "trained on in" if trouble.trained_on else "left in"
            lines.append(f"{what} trouble: {trouble.words}")
        if (aim := aim_of(run, history)) is not None:
            lines.append(f"on its way back to epoch {epoch_words(aim)}, which it repeats")
        if fork_beside(history) is not None:
            lines.append("its fork, which is a run of its own now, does not go on beside it")
    return "\n".join(lines)


def _accuracies_until(step: int, run: SavedRun, lines: list[Line]) -> list[float]:
    """The monitored accuracies up to a step, the last one as near to it as is known.

    Args:
        step: that.
        run: the run.
        lines: of its journal, of all evaluations in force.
    """
    name = f"{run.config.monitored_split}_accuracy"
    known = sorted(lines, key=itemgetter("step"))
    measured = [line for line in known if line[name] is not None]
    found = [float(line[name]) for line in measured if line["step"] <= step]
    results = run.record["results"]
    if results is not None and results["steps"] == step:
        found.append(float(results[name]))
    return found
