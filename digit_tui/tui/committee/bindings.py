"""The keys of a committee. Those of a view are in the view's own `BINDINGS`."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from digit_tui.tui.bindings import COMMON_KEYS

COMMITTEE_KEYS: list[BindingType] = [
    *(each for each in COMMON_KEYS if each.id != "whole_log"),
    Binding("q,ctrl+c", "quit", "Quit", key_display="q", id="leave", tooltip="Leave"),
]
"""Keys of a committee, on every view."""

COMMITTEE_FIRST = (
    *("next_view", "help", "palette", "leave", "open_member"),
    *("back", "show_digits", "against", "filter", "order", "up", "down"),
)
"""What the key bar has room for first, by id."""
