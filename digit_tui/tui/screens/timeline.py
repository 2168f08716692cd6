"""The moments of a run that one can go back to."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import OptionList

from digit_tui.run.events import Moment
from digit_tui.run.wording import moment_words
from digit_tui.tui.screens.dialog import Dialog


class TimelineDialog(Dialog[Moment | None]):
    """Choose a moment; None is to stay."""

    BINDINGS = [Binding("escape,U,q", "dismiss(None)", "Stay")]

    def __init__(self, moments: list[Moment]) -> None:
        super().__init__()
        self._moments = sorted(moments, key=lambda moment: (moment.step, len(moment.lineage)))

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = "Timeline"
            box.border_subtitle = "enter goes there, esc stays"
            yield OptionList(*(line(moment) for moment in self._moments))

    def on_mount(self) -> None:
        present = [place for place, moment in enumerate(self._moments) if not moment.undone]
        self.query_one(OptionList).highlighted = present[-1] if present else 0

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._moments[event.option_index])


def line(moment: Moment) -> Text:
    """A moment in words."""
    text = Text(moment_words(moment), no_wrap=True, overflow="ellipsis")
    if moment.undone:
        text.stylize("dim")
    return text
