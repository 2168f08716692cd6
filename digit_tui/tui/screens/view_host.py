"""What a view needs of the app that shows it."""

from __future__ import annotations

from typing import Protocol

from digit_tui.tui.state.run_model import RunModel


class ViewHost(Protocol):
    """A Textual app with a run to show. The apps of a training run and of a replay are ones."""

    model: RunModel
    """The run that the views draw."""

    def show_digits(self, selection: str) -> None:
        """Switch to the mistakes view, filtered by a selection such as "true=4 pred=9"."""
