"""The dialog that lists the snapshots to go back to."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from time import perf_counter

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import OptionList

from digit_tui.run.events import SnapshotInfo
from digit_tui.run.setting_words import setting_value
from digit_tui.run.timeline import SnapshotGroup, group_snapshots
from digit_tui.run.wording import snapshot_words
from digit_tui.session.fork_status import NEARLY
from digit_tui.tui.screens.list_dialog import ListDialog
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.button import Button
from digit_tui.tui.widgets.lines import Lines


@dataclass(frozen=True)
class Row:
    """A line of the timeline."""

    group: SnapshotGroup
    snapshot: SnapshotInfo | None
    """None for the line of a whole group."""
    text: Text

    @property
    def entry(self) -> Hashable:
        """What the line is of, also when its text has changed."""
        if self.snapshot is None:
            return self.group.key
        return self.snapshot.step, self.snapshot.lineage

    @property
    def step(self) -> int:
        """Of its last snapshot."""
        return (self.snapshot or self.group.snapshots[-1]).step


class TimelineDialog(ListDialog[SnapshotInfo | None]):
    """Choose a snapshot; None stays at the current step.

    It follows the run while it is open, and keeps what is selected.
    """

    TITLE = "Timeline"
    MESSAGE = True
    BINDINGS = [
        Binding("enter", "submit", "Go there", key_display="enter"),
        # The list would scroll.
        Binding("right", "unfold(True)", "Unfold", key_display="→", priority=True),
        Binding("left", "unfold(False)", "Fold", key_display="←", priority=True),
        Binding("escape,q", "dismiss(None)", "Stay", key_display="esc"),
    ]

    def __init__(self, model: RunModel, seconds: float = 0.0) -> None:
        """List snapshots.

        Args:
            model: the run, with those that there are now.
            seconds: others are shown at most this often.
        """
        super().__init__()
        self._model = model
        self._snapshots = snapshots = model.snapshots
        self._groups = group_snapshots(snapshots)
        self._unfolded: set[Hashable] = set()
        self._seconds = seconds
        self._shown = perf_counter()
        self._rows = self._make_rows()

    def compose_content(self) -> ComposeResult:
        yield Lines(*(row.text for row in self._rows))

    def on_mount(self) -> None:
        current = [place for place, row in enumerate(self._rows) if not row.group.undone]
        commands = [place for place in current if _is_command(self._rows[place])]
        self._list.highlighted = (self._advised(current) or commands or current or [0])[-1]

    def _advised(self, places: list[int]) -> list[int]:
        """The line that undo leads to out of a trouble, or that the health line sends here for."""
        rows = [(place, self._rows[place].snapshot) for place in places]
        way_back = self._model.history.way_back
        if way_back is not None:
            return [at for at, each in rows if each and abs(each.epoch - way_back) < NEARLY][:1]
        found = [] if self._model.health is None else self._model.health.findings
        ways = [way for finding in found for way in finding.remedies]
        if "slower_start" in ways:
            return places[:1]
        if "timeline" not in ways:
            return []
        return [at for at, each in rows if each and each.lowest_loss is not None][:1]

    @property
    def _list(self) -> Lines:
        return self.query_one(Lines)

    @property
    def _selected(self) -> Row | None:
        place = self._list.highlighted
        return None if place is None else self._rows[place]

    def follow(self, model: RunModel) -> None:
        """Show the snapshots that there are now, if it is time; what is selected stays so."""
        now, snapshots = perf_counter(), model.snapshots
        if snapshots is self._snapshots or now - self._shown < self._seconds or not self.is_mounted:
            return
        self._snapshots, self._shown = snapshots, now
        if not snapshots:  # another run begins
            self.dismiss(None)
            return
        self._groups = group_snapshots(snapshots)
        selected = self._selected
        if selected is not None and selected.snapshot is not None:
            key = selected.entry
            for group in self._groups:
                if key in [(each.step, each.lineage) for each in group.snapshots]:
                    self._unfolded.add(group.key)
        self._show_rows(selected)
        if self._selected is not None:
            self._describe(self._selected)  # the run may be elsewhere now

    def action_unfold(self, unfold: bool) -> None:
        """Show the snapshots of the selected group one by one, or as one line again."""
        selected = self._selected
        if selected is None or not selected.group.folds:
            return
        if unfold:
            self._unfolded.add(selected.group.key)
        else:
            self._unfolded.discard(selected.group.key)
            selected = Row(selected.group, None, Text())
        self._show_rows(selected)
        if self._selected is not None:
            self._describe(self._selected)  # the same line may offer something else now

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        row = self._row_of(event)
        if row is not None:
            self._describe(row)

    def _describe(self, row: Row) -> None:
        self._offer(row)
        if row.snapshot is None:
            listed = row.group.key in self._unfolded
            way = "choose one of those below" if listed else "enter lists them, to choose one"
            self.tell(f"Several moments: {way}.")
            return
        if self._is_here(row.snapshot):
            text = "The run is here."
        else:
            way = "On" if row.snapshot.step > self._model.step else "Back"
            text = f"{way} to epoch {row.snapshot.epoch:.2f}{self._rate_words(row.snapshot)}; "
            text += "what was undone last is listed until you quit."
        following = filter(None, [row.snapshot.following])
        self.tell(text, *following)  # the list may have no room for all of it

    def _rate_words(self, snapshot: SnapshotInfo) -> str:
        """The optimizer and the rate there, as far as they are others than now."""
        there, now = self._model.settings_at(snapshot.lineage), self._model.settings
        rate = setting_value(there.learning_rate)
        if there.optimizer != now.optimizer:
            return f", {there.optimizer} at rate {rate}"
        return "" if there.learning_rate == now.learning_rate else f", rate {rate}"

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        row = self._row_of(event)
        if row is None:
            return
        if row.snapshot is None:
            self.action_unfold(row.group.key not in self._unfolded)
        else:
            self.dismiss(None if self._is_here(row.snapshot) else row.snapshot)

    def _is_here(self, snapshot: SnapshotInfo) -> bool:
        """Whether the run is at that moment, with no command after it that could be undone."""
        here = snapshot.step == self._model.step and not snapshot.undone
        return here and not snapshot.in_force

    def _row_of(self, event: OptionList.OptionMessage) -> Row | None:
        """None where the list has changed since: another line may have that index now."""
        return next((row for row in self._rows if row.text is event.option.prompt), None)

    def _make_rows(self) -> list[Row]:
        rows: list[Row] = []
        for group in self._groups:
            unfolded = group.key in self._unfolded
            if group.folds:
                text = _styled(f"  {'-' if unfolded else '+'} {group.words}", group.snapshots[0])
                rows.append(Row(group, None, text))
            if unfolded or not group.folds:
                indent = "      " if group.folds else "  "
                rows += [Row(group, each, line(each, indent)) for each in group.snapshots]
        return rows

    def _offer(self, row: Row) -> None:
        """Show the buttons of what can be done with a line."""
        unfolded = row.group.key in self._unfolded
        possible = {
            "Go there": row.snapshot is not None,
            "Unfold": row.group.folds and not unfolded,
            "Fold": row.group.folds and unfolded,
        }
        for button in self.query(Button):
            button.display = possible.get(button.binding.description, True)

    def _show_rows(self, selected: Row | None) -> None:
        """Draw the list anew where it has changed, with the same line selected, or the nearest."""
        before, self._rows = self._rows, self._make_rows()
        options = self._list
        place = 0 if selected is None else self._place_of(selected)
        with self.app.batch_update():
            if [row.entry for row in before] == [row.entry for row in self._rows]:
                for index, (old, new) in enumerate(zip(before, self._rows, strict=True)):
                    if old.text != new.text:
                        options.replace_option_prompt_at_index(index, new.text)
                    else:  # the list still has the one of before, by which a row is found
                        self._rows[index] = replace(new, text=old.text)
            else:
                top = options.scroll_offset.y
                options.set_options(row.text for row in self._rows)
                options.scroll_to(y=top, animate=False, immediate=True)
            options.highlighted = place

    def _place_of(self, selected: Row) -> int:
        entries = [row.entry for row in self._rows]
        if selected.entry in entries:
            return entries.index(selected.entry)
        return min(  # it was dropped
            range(len(self._rows)),
            key=lambda place: (
                self._rows[place].group.undone != selected.group.undone,
                abs(self._rows[place].step - selected.step),
            ),
        )


def line(snapshot: SnapshotInfo, indent: str = "") -> Text:
    """The line of a snapshot; bold if a command followed, dim if it was undone."""
    return _styled(f"{indent}{snapshot_words(snapshot, step=False)}", snapshot)


def _is_command(row: Row) -> bool:
    """Whether it is of a snapshot that a command followed."""
    return row.snapshot is not None and bool(row.snapshot.following)


def _styled(words: str, snapshot: SnapshotInfo) -> Text:
    text = Text(words, no_wrap=True, overflow="ellipsis")
    if snapshot.undone:
        text.stylize("dim")
    elif snapshot.following:
        text.stylize("bold")
    return text
