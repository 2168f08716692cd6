"""What a view needs of the app that shows it."""

from __future__ import annotations

from typing import Protocol

from digit_tui.tui.inspector import Inspector
from digit_tui.tui.screens.frame_host import FrameHost
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.confusion_matrix import Cell


class ViewHost(FrameHost, Protocol):
    """A Textual app with a run to show. The apps of a training run and of a replay are ones."""

    model: RunModel
    """The run that the views draw."""

    inspector: Inspector
    """Looks inside its network."""

    def look_inside(self) -> None:
        """Ask the run for a copy of its state; the model has it later."""

    @property
    def shows_tips(self) -> bool:
        """Whether the training view says what is seen and which keys to try."""

    def show_digits(self, selection: str) -> None:
        """Switch to the mistakes view, filtered by a selection such as "true=4 pred=9"."""

    def show_digit(self, index: int) -> None:
        """Switch to the mistakes view, at a digit of the split that is shown."""

    def show_inside(self, index: int) -> None:
        """Switch to the network view, at a digit of the split that is shown."""

    def show_cell(self, cell: Cell) -> None:
        """Switch to the confusion view, at a cell."""

    def switch_units(self, layer: int, units: tuple[int, ...], on: bool) -> None:
        """Ask the run to switch units off, or on again.

        Args:
            layer: from 1.
            units: from 0.
            on: whether they are to be on.
        """

    def prune(self, share: float) -> None:
        """Ask the run to keep this share of its weights, the smallest, at 0."""

    def show_health(self) -> None:
        """Switch to the page that says what ails the run."""
