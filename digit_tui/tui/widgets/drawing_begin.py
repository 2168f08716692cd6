"""How to draw, which is said beside a canvas as long as it is blank."""

from __future__ import annotations

from textual.widgets import Static

HOW = """\
Draw a digit, large, in the frame on the left.
The network reads it while you draw.

mouse        press the button and drag
arrow keys   move the cursor
space        lowers the pen, and lifts it
b, x         the other brush, the rubber
z, w         take a stroke back, clear all
enter        keeps it: say what it is
0 to 9       keeps it as this digit
esc          leaves the frame, and returns
"""
TEACH = "{:<13}teaches a copy what you kept\n"
NO_NETWORK = "The network has not been evaluated yet."


class DrawingBegin(Static):
    """The keys of the canvas; or that nobody can read yet what is drawn."""

    def __init__(self) -> None:
        super().__init__(markup=False)

    def show(self, is_blank: bool, teach_key: str | None) -> None:
        """Show it.

        Args:
            is_blank: whether the canvas is; else there is no network yet.
            teach_key: what teaches a network the drawings; None if nothing does here.
        """
        how = HOW + (TEACH.format(teach_key) if teach_key else "")
        self.update(how if is_blank else NO_NETWORK)
