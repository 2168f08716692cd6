"""What a view of a sweep needs of the app that shows it."""

from __future__ import annotations

from typing import Protocol

from digit_tui.tui.screens.frame_host import FrameHost
from digit_tui.tui.sweep.model import SweepModel


class SweepHost(FrameHost, Protocol):
    """A Textual app with a sweep to show."""

    model: SweepModel
    """What the views draw."""

    def open_trial(self) -> None:
        """Show the chosen trial in a dialog."""
