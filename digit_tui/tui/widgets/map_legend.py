"""What stands beside a map of digits: which one is chosen, and which colour is which class."""

from __future__ import annotations

from rich.segment import Segment

from digit_tui.data import counted
from digit_tui.tui.drawing.ink import Line
from digit_tui.tui.drawing.scatter import COLORS, MARKS, MISTAKE, can_draw_dots, class_styles
from digit_tui.tui.state.selected_digit import SelectedDigit
from digit_tui.tui.widgets.canvas import Canvas


class MapLegend(Canvas):
    """The chosen digit in words, the classes, and how many mistakes there are on the map."""

    COMPONENT_CLASSES = {"map-legend--true", "map-legend--predicted"}

    def show(self, chosen: SelectedDigit, mistakes: int, progress: str) -> None:
        """Draw it.

        Args:
            chosen: the digit that the cursor is at.
            mistakes: how many are on the map.
            progress: how far the map is. In its title that would be sent with the whole map.
        """
        right = chosen.true == chosen.predicted
        confidence = float(chosen.table.confidences[chosen.index])
        verdict = self.part(f"map-legend--{'true' if right else 'predicted'}")
        classes = chosen.dataset.classes
        self.paint(
            [
                [
                    Segment(f"#{chosen.index}  "),
                    Segment(f"{chosen.true}", self.part("map-legend--true")),
                    Segment(" → "),
                    Segment(f"{chosen.predicted}", verdict),
                    Segment(f"  {confidence:.0%}"),
                ],
                [Segment(f"loss {chosen.table.evaluation.losses[chosen.index]:.2f}")],
                [Segment(progress)],
                *self._entries(classes),
                [Segment(f"{MISTAKE} {counted(mistakes, 'mistake')}")],
            ]
        )

    def _entries(self, classes: int) -> list[Line]:
        dots = can_draw_dots(self.app, classes)
        entries = []
        for each, style in enumerate(class_styles(self.app, classes)):
            mark = "●" if dots else f"{MARKS[each]}=" if classes > COLORS else ""
            entries.append(Segment(f"{mark}{each}", style))
        wide = max(len(entry.text) for entry in entries) + 1
        across = max(self.size.width // wide, 1)
        if classes <= COLORS:
            across = min(across, COLORS // 2)  # two even rows
        return [
            [Segment(entry.text.ljust(wide), entry.style) for entry in entries[at : at + across]]
            for at in range(0, classes, across)
        ]
