"""What is said below a canvas."""

from __future__ import annotations

from textual.widgets import Static

from digit_tui.tui.key_words import with_keys

DRAW_LARGER = "Too small? Then draw larger."
OTHER_KEYS = "{rubber} rubber, {drawn_pixels} pixels, {as_drawn} as drawn"
SEEN_AS_DRAWN = "Seen as drawn; {as_drawn}: normalised"
LEFT = "You have left the frame; {leave_canvas}: draw again."


class DrawingWords(Static):
    """Which tool is in use, and what there is to say; or a question."""

    def __init__(self) -> None:
        super().__init__(markup=False)

    def ask(self, question: str) -> None:
        self.update(question)

    def show(
        self, tool: str, said: str, is_left: bool, is_too_small: bool, is_normalised: bool
    ) -> None:
        """Show it.

        Args:
            tool: the one in use.
            said: what came of the last key; empty if there is nothing to say.
            is_left: whether keys do not draw.
            is_too_small: whether that may be why the drawing is read as no digit.
            is_normalised: whether the network is given the normalised drawing.
        """
        keys = OTHER_KEYS if is_normalised else SEEN_AS_DRAWN
        said = said or with_keys(self.app, LEFT) * is_left or DRAW_LARGER * is_too_small
        is_short_of_room = self.size.height == 1
        self.update(
            said if said and is_short_of_room else f"{tool}\n{said or with_keys(self.app, keys)}"
        )
