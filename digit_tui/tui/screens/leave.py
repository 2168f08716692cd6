"""The dialog that asks a person who went back, and leaves now, which moment is to be saved."""

from __future__ import annotations

from typing import Literal

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Label

from digit_tui.run.events import WentBack
from digit_tui.training.restart import NextRun
from digit_tui.tui.screens.dialog import Dialog
from digit_tui.tui.state.run_model import RunModel

Saved = Literal["later", "this"]


class LeaveDialog(Dialog[Saved | None]):
    """Chooses between the moment that was left and the present one; None does not leave.

    Attributes:
        following: the run that begins when this one is left; None ends the program.
    """

    TITLE = "Leave this run"
    BINDINGS = [
        Binding("enter", "dismiss('later')", "Save the later", key_display="enter"),
        Binding("t", "dismiss('this')", "Save this"),
        Binding("escape,q", "dismiss(None)", "Stay", key_display="esc"),
    ]

    def __init__(self, left: WentBack, model: RunModel, following: NextRun | None) -> None:
        """Make it.

        Args:
            left: how the run left the later moment.
            model: the run.
            following: see the attribute.
        """
        super().__init__()
        self.following = following
        key = left.from_step, left.from_lineage
        found = [each.accuracy for each in model.snapshots if (each.step, each.lineage) == key]
        measured = model.measured
        now = None if measured is None else measured[0] / measured[1]
        self._later = _words(left.from_epoch, next(iter(found), None))
        self._this = _words(model.epoch, now)
        self._back = left.epoch

    def compose_content(self) -> ComposeResult:
        yield Label(
            Text(
                f"You went back to epoch {self._back:.2f}. What is undone is lost when you "
                "leave.\n\n"
                f"Save the later moment, {self._later},\nor this one, {self._this}?"
            )
        )


def _words(epoch: float, accuracy: float | None) -> str:
    """For example "epoch 12.34 (98.70%)"."""
    return f"epoch {epoch:.2f}" + ("" if accuracy is None else f" ({accuracy:.2%})")
