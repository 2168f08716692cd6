"""Which settings matter, and how good trials are by each."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal

from digit_tui.sweep.board import Board
from digit_tui.tui.drawing.ink import Line
from digit_tui.tui.sweep.frame import SweepFrame
from digit_tui.tui.sweep.model import SweepModel
from digit_tui.tui.sweep.slice_chart import SliceChart
from digit_tui.tui.sweep.widgets import fitted
from digit_tui.tui.sweep.words import shortened, value_words
from digit_tui.tui.widgets.canvas import Canvas
from digit_tui.tui.widgets.mouse import RowChosen, Turned, Wheel

SETTING = Binding.Group("Setting", compact=True)
FULL, PARTS = "█", "▏▎▍▌▋▊▉█"
BAR = 10
"""Columns of the longest bar."""
UNKNOWN = "Importance is known after a few complete trials."


class ImportanceBars(Wheel, Canvas):
    """A line a setting: its name, a bar, and its share of what is explained."""

    COMPONENT_CLASSES = {"importance-bars--chosen", "importance-bars--bar", "importance-bars--note"}

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    def show(self, model: SweepModel) -> None:
        """Draw it."""
        board, names, width = model.board, model.settings, self.size.width
        self._count = len(names)
        shares = {} if board is None else dict(board.importance)
        column = max((len(shortened(name)) for name in names), default=0)
        room = max(min(width - column - 8, BAR), 1)
        lines: list[Line] = []
        for name in names:
            chosen = name == model.chosen_setting
            style = self.part("importance-bars--chosen") if chosen else None
            share = shares.get(name)
            start = Segment(f"{'▸' if chosen else ' '}{shortened(name):<{column}} ", style)
            if share is None:
                lines.append([start, Segment("·".rjust(room + 5))])
                continue
            bar = _bar(share, room)
            lines.append(
                [
                    start,
                    Segment(bar.ljust(room), self.part("importance-bars--bar")),
                    Segment(f"{share:>5.0%}", style),
                ]
            )
        if names:
            lines.append([])
        if board is not None and not shares:
            note = self.part("importance-bars--note")
            lines += [fitted(text, width, note) for text in _wrapped(UNKNOWN, width)]
        elif board is not None:
            lines += [fitted(text, width) for text in best_trial_words(board, names)]
        self.paint(lines)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and offset.y < self._count:
            self.post_message(RowChosen(offset.y))


class SettingsView(SweepFrame):
    """The importance of each setting; beside it the accuracy of the trials by one of them."""

    TAB = "Settings"
    BINDINGS = [
        Binding(
            "left",
            "setting(-1)",
            "Setting",
            key_display="←",
            group=SETTING,
            id="setting_left",
            tooltip="Look at the setting before",
        ),
        Binding(
            "right",
            "setting(1)",
            "Setting",
            key_display="→",
            group=SETTING,
            id="setting_right",
            tooltip="Look at the next setting",
        ),
        Binding(
            "up", "setting(-1)", "Before", show=False, id="up", tooltip="Look at the setting above"
        ),
        Binding(
            "down", "setting(1)", "Next", show=False, id="down", tooltip="Look at the setting below"
        ),
    ]

    def compose_content(self) -> ComposeResult:
        with Horizontal(id="sweep-settings"):
            yield ImportanceBars()
            yield SliceChart()

    def on_mount(self) -> None:
        self.query_one(ImportanceBars).border_title = "Importance"

    def draw(self, model: SweepModel) -> None:
        self.query_one(ImportanceBars).show(model)
        self.query_one(SliceChart).show(model.board, model.chosen_setting)

    def action_setting(self, steps: int) -> None:
        self.host.model.next_setting(steps)
        self.redraw()

    def on_turned(self, message: Turned) -> None:
        self.action_setting(message.rows)

    def on_row_chosen(self, message: RowChosen) -> None:
        model = self.host.model
        if message.row < len(model.settings):
            model.setting = model.settings[message.row]
        self.redraw()


def best_trial_words(board: Board, names: Sequence[str]) -> list[str]:
    """The settings that the best trial has."""
    best = board.ranked[0].params if board.ranked else {}
    values = [f"{name} {value_words(best[name], name)}" for name in names if name in best]
    return ["Best trial has", *values] if values else []


def _bar(share: float, columns: int) -> str:
    eighths = round(min(max(share, 0.0), 1.0) * columns * len(PARTS))
    whole, part = divmod(eighths, len(PARTS))
    return FULL * whole + (PARTS[part - 1] if part else "")


def _wrapped(text: str, width: int) -> list[str]:
    """A text in lines of a width, each of whole words."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if len(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
