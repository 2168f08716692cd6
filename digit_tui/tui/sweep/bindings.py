"""The keys of a sweep. Those of a view are in the view's own `BINDINGS`."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from digit_tui.tui.bindings import COMMON_KEYS

WORKERS = Binding.Group("Workers", compact=True)

SWEEP_KEYS: list[BindingType] = [
    Binding("space", "toggle_pause", "Pause", id="pause", tooltip="Pause all workers, or go on"),
    Binding(
        "minus",
        "remove_worker",
        "Workers",
        key_display="-",
        group=WORKERS,
        id="remove_worker",
        tooltip="One worker less on this machine",
    ),
    Binding(
        "plus",
        "add_worker",
        "Workers",
        key_display="+",
        group=WORKERS,
        id="add_worker",
        tooltip="One more worker on this machine",
    ),
    Binding(  # the same key without shift
        "equals_sign",
        "add_worker",
        "Workers",
        show=False,
        key_display="=",
        id="add_worker_too",
        tooltip="One more worker on this machine",
    ),
    *(each for each in COMMON_KEYS if each.id != "whole_log"),
    Binding(
        "Q", "stop_sweep", "Stop", id="stop_sweep", tooltip="Save and stop on all machines: asks"
    ),
    Binding(
        "q,ctrl+c",
        "quit",
        "Quit",
        key_display="q",
        id="quit",
        tooltip="Leave it to others, or stop it: asks",
    ),
]
"""Keys of a sweep, on every view."""

SWEEP_FIRST = (
    *("next_view", "help", "palette", "quit"),
    *("open_trial", "filter", "sort", "back", "setting_left", "setting_right", "pause"),
    *("remove_worker", "add_worker", "up", "down", "stop_sweep"),
)
"""What the key bar has room for first, by id."""
