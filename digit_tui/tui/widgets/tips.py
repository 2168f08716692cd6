"""What is seen and which keys to try, at the first start."""

from __future__ import annotations

from rich.text import Text
from textual.geometry import Size
from textual.widgets import Static

from digit_tui.tui.key_words import with_keys

TIPS = (
    "A network learns to read digits; the large figure is the part it reads right.",
    "Curves: its loss and error, which should fall. Below them its worst mistakes.",
    "Try {pause} (pause), {double_rate} (twice the learning rate), {next_view} (mistakes), "
    "{help} (help).",
)
WHEN_DONE = (
    "Try {restart} (another run), {epochs} (ten more epochs), {next_view} (mistakes), "
    "{help} (help)."
)
"""In place of the last one: there is nothing to pause any more."""
ROOM = Size(80, 24)
"""Of the screen, from which nothing is covered by them."""


class Tips(Static):
    """Three lines, which go with the first key or click."""

    def __init__(self) -> None:
        super().__init__()
        self.border_title = "First start: any key closes this"
        self.display = False
        self._done: bool | None = None

    def show(self, done: bool) -> None:
        """Show them.

        Args:
            done: whether all epochs of the run are done.
        """
        if done == self._done:  # each refresh is sent to the terminal
            return
        self._done = done
        tips = (*TIPS[:-1], WHEN_DONE) if done else TIPS
        self.update(Text("\n".join(with_keys(self.app, tip) for tip in tips)))
