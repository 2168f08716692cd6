"""The dialogs that ask a person who leaves what is to be saved."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import ScreenResultType
from textual.widgets import Label

from digit_tui.run.events import SnapshotInfo
from digit_tui.session.run_status import LOST_EPOCHS
from digit_tui.training.restart import NextRun
from digit_tui.tui.screens.dialog import Dialog
from digit_tui.tui.state.run_model import RunModel

Saved = Literal["later", "this"]


class LeavingDialog(Dialog[ScreenResultType]):
    """A question before a run is left; None does not leave.

    Attributes:
        following: the run that begins when this one is left; None ends the program.
    """

    DEFAULT: ClassVar[str]
    """What is done in a hurry."""

    def __init__(self, question: str, following: NextRun | None) -> None:
        """Make it.

        Args:
            question: the text.
            following: see the attribute.
        """
        super().__init__()
        self.following = following
        self._question = question

    def compose_content(self) -> ComposeResult:
        yield Label(self._question, markup=False)


class LeaveDialog(LeavingDialog[Saved | None]):
    """Chooses between the moment that was left and the present one of a run that went back."""

    TITLE = "Leave this run"
    BINDINGS = [
        Binding("enter,l", "dismiss('later')", "Save the later", key_display="enter"),
        Binding("t", "dismiss('this')", "Save this"),
        Binding("escape,q", "dismiss(None)", "Stay", key_display="esc"),
    ]
    DEFAULT = "later"

    def __init__(self, left: SnapshotInfo, model: RunModel, following: NextRun | None) -> None:
        """Make it.

        Args:
            left: the later moment.
            model: the run.
            following: see the attribute.
        """
        self._left = left
        super().__init__(self._ask(model), following)

    def follow(self, model: RunModel) -> None:
        """The run may go on meanwhile."""
        self._question = self._ask(model)
        for label in self.query(Label).results(Label):  # none: it is being opened
            label.update(self._question)

    def _ask(self, model: RunModel) -> str:
        measured = model.measured
        now = None if measured is None else measured[0] / measured[1]
        beside = "" if model.fork is None else "\nThe fork is saved as a run of its own."
        this = _words(model.epoch, now)
        if model.repeats_to is not None:
            this = f"epoch {model.repeats_to:.2f}, when it is there"
        left, way = self._left, " elsewhere" if model.on_another_way else " back"
        later = "as if you had not gone back"
        if model.on_another_way:
            later = "the way that you chose is lost then"
        if model.trained_on:
            later = f"epochs {model.went_back_to:.2f} to {model.epoch:.2f} are lost then"
        moments = [each.epoch for each in model.snapshots if each.undone]
        furthest = max([*moments, *(each.curves.end for each in model.undone)], default=0.0)
        if furthest >= left.epoch + LOST_EPOCHS:
            beside += f"\nWhat was undone before that, up to epoch {furthest:.2f}, is lost."
        return (
            f"You went{way} from epoch {left.epoch:.2f} to {model.went_back_to:.2f}. "
            "Which moment is saved?\n\n"
            f"The later: {_words(left.epoch, left.accuracy)}; {later}.\n"
            f"This: {this}; epochs up to {left.epoch:.2f} are lost then.{beside}"
        )


class LeaveThisDialog(LeaveDialog):
    """The same of a run that has trained on since, or was taken to another way.

    That is what a person most likely wants.
    """

    BINDINGS = [
        Binding("enter,t", "dismiss('this')", "Save this", key_display="enter"),
        Binding("l", "dismiss('later')", "Save the later"),
        Binding("escape,q", "dismiss(None)", "Stay", key_display="esc"),
    ]
    DEFAULT = "this"


def _words(epoch: float, accuracy: float | None) -> str:
    """For example "epoch 12.34 (98.70%)"."""
    return f"epoch {epoch:.2f}" + ("" if accuracy is None else f" ({accuracy:.2%})")
