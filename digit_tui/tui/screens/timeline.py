"""The dialog that lists the snapshots to go back to."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import OptionList

from digit_tui.run.events import SnapshotInfo
from digit_tui.run.wording import snapshot_words
from digit_tui.tui.screens.list_dialog import ListDialog


class TimelineDialog(ListDialog[SnapshotInfo | None]):
    """Choose a snapshot; None stays at the current step."""

    TITLE = "Timeline"
    BINDINGS = [
        Binding("enter", "submit", "Go there", key_display="enter"),
        Binding("escape,U,q", "dismiss(None)", "Stay", key_display="esc"),
    ]

    def __init__(self, snapshots: list[SnapshotInfo]) -> None:
        super().__init__()
        self._snapshots = sorted(
            snapshots, key=lambda snapshot: (snapshot.step, len(snapshot.lineage))
        )

    def compose_content(self) -> ComposeResult:
        yield OptionList(*(line(snapshot) for snapshot in self._snapshots))

    def on_mount(self) -> None:
        current = [i for i, snapshot in enumerate(self._snapshots) if not snapshot.undone]
        self.query_one(OptionList).highlighted = current[-1] if current else 0

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._snapshots[event.option_index])


def line(snapshot: SnapshotInfo) -> Text:
    """The line of a snapshot; dim if it was undone."""
    text = Text(snapshot_words(snapshot), no_wrap=True, overflow="ellipsis")
    if snapshot.undone:
        text.stylize("dim")
    return text
