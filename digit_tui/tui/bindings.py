"""The keys of the apps. Those of a view are in the view's own `BINDINGS`.

The key bar, the help, the command palette and the tables of the manual are made from them, in this
order.
"""

from __future__ import annotations

from textual.binding import Binding, BindingType

from digit_tui.config import OPTIMIZERS
from digit_tui.training.snapshots import UNDO_BYTES

OPTIMIZER_KEYS = dict(zip("1234567890", OPTIMIZERS, strict=False))
"""The keys that switch to an optimizer, on the training screen and in the list of optimizers."""

COMMON_KEYS = [
    Binding(
        "question_mark",
        "help",
        "Help",
        key_display="?",
        id="help",
        tooltip="Explain this view, and its keys",
    ),
    Binding(
        "ctrl+p",
        "command_palette",
        "More",
        priority=True,
        key_display="ctrl+p",
        id="palette",
        tooltip="Find any command by its name",
    ),
    Binding(
        "G", "show_log", "Log", show=False, id="whole_log", tooltip="Show all lines of the log"
    ),
    Binding(
        "T",
        "next_theme",
        "Light",
        show=False,
        id="theme",
        tooltip="Use dark, light or high contrast",
    ),
    Binding(
        "ctrl+z",
        "suspend_process",
        "Suspend",
        show=False,
        priority=True,
        key_display="ctrl+z",
        id="suspend",
        tooltip="Suspend; the shell's fg goes on",
    ),
]
"""Keys of every app."""

STEP = Binding.Group("Step", compact=True)
UNDO = Binding.Group("Undo", compact=True)
RATE = Binding.Group("Rate", compact=True)
SPEED = Binding.Group("Speed", compact=True)
SCRUB = Binding.Group("Epoch", compact=True)

TRAINING_KEYS: list[BindingType] = [
    Binding("space", "toggle_pause", "Pause", id="pause", tooltip="Pause, or train on"),
    Binding(
        "n",
        "step_batch",
        "Step",
        group=STEP,
        id="batch",
        tooltip="Train on one batch, then pause",
    ),
    Binding(
        "N",
        "step_epoch",
        "Step",
        group=STEP,
        id="epoch",
        tooltip="Train to the end of the epoch",
    ),
    Binding(
        "left_square_bracket",
        "scale_rate(0.5)",
        "Rate",
        key_display="[",
        group=RATE,
        id="halve_rate",
        tooltip="Halve the learning rate",
    ),
    Binding(
        "right_square_bracket",
        "scale_rate(2.0)",
        "Rate",
        key_display="]",
        group=RATE,
        id="double_rate",
        tooltip="Double the learning rate",
    ),
    Binding(
        "L",
        "find_rate",
        "Find rate",
        show=False,
        id="find_rate",
        tooltip="Find a learning rate: a range test on a copy",
    ),
    Binding("o", "choose_optimizer", "Optimizer", id="optimizer", tooltip="Choose an optimizer"),
    Binding(
        "u",
        "undo",
        "Undo",
        group=UNDO,
        id="undo",
        tooltip="Go back to before the last command",
    ),
    Binding(
        "U",
        "timeline",
        "Undo",
        group=UNDO,
        id="timeline",
        tooltip=f"Go back to any snapshot kept (up to {UNDO_BYTES >> 20} MiB)",
    ),
    Binding("f", "fork", "Fork", id="fork", tooltip="Train a copy beside the run"),
    Binding("H", "teach", "Teach", id="teach", tooltip="Teach a copy the digits that you drew"),
    Binding("k", "keep", "End fork", id="keep", tooltip="End a fork: keep the run or the copy"),
    Binding("c", "next_clipping", "Clip", id="clip", tooltip="Clip by norm, by value, or not"),
    Binding(
        "S",
        "next_sam",
        "SAM",
        show=False,
        id="sam",
        tooltip="SAM: gradients at the top of the surroundings",
    ),
    Binding("a", "next_augmentation", "Augment", id="augment", tooltip="Change augmentation"),
    Binding("e", "add_epochs", "Extend", id="epochs", tooltip="Train ten epochs more"),
    Binding("s", "save", "Save", id="save", tooltip="Save a checkpoint now"),
    Binding("r", "restart", "Restart", id="restart", tooltip="Keep this run, begin another one"),
    Binding(
        "t",
        "show_test",
        "Test set",
        id="test",
        tooltip="Open the test set, or go back (--validation)",
    ),
    *(
        Binding(
            key,
            f"set_optimizer('{name}')",
            name,
            show=False,
            id=f"optimizer_{name}",
            tooltip=f"Go on with {name}",
        )
        for key, name in OPTIMIZER_KEYS.items()
    ),
    *COMMON_KEYS,
    Binding(
        "ctrl+c",
        "break_off",
        "Break",
        show=False,
        priority=True,
        key_display="ctrl+c",
        id="break",
        tooltip="Pause; once more saves and leaves",
    ),
    Binding("q", "quit", "Quit", id="quit", tooltip="Save and leave"),
]
"""Keys of a run that trains."""

WAYS = {
    each.id: each.key_display or each.key
    for each in TRAINING_KEYS
    if isinstance(each, Binding) and each.id
}
ALSO = {"go": "pause", "held_out": "test", "clip_norm": "clip"}
"""Actions of remedies, and the bindings that do them under another name."""
WAYS |= {action: WAYS[binding] for action, binding in ALSO.items()}
"""The keys of what can be done about something; see run/remedies.py."""

REPLAY_KEYS: list[BindingType] = [
    Binding("space", "toggle_play", "Play", id="play", tooltip="Stop, or play on"),
    Binding(
        "left_square_bracket",
        "speed(0.5)",
        "Speed",
        key_display="[",
        group=SPEED,
        id="slower",
        tooltip="Play half as fast",
    ),
    Binding(
        "right_square_bracket",
        "speed(2.0)",
        "Speed",
        key_display="]",
        group=SPEED,
        id="faster",
        tooltip="Play twice as fast",
    ),
    Binding(
        "comma",
        "scrub(-1)",
        "Epoch",
        key_display=",",
        group=SCRUB,
        id="epoch_back",
        tooltip="Go an epoch back",
    ),
    Binding(
        "full_stop",
        "scrub(1)",
        "Epoch",
        key_display=".",
        group=SCRUB,
        id="epoch_on",
        tooltip="Go an epoch on",
    ),
    Binding(
        "less_than_sign",
        "scrub(-10)",
        "Ten back",
        show=False,
        key_display="<",
        id="epochs_back",
        tooltip="Go ten epochs back",
    ),
    Binding(
        "greater_than_sign",
        "scrub(10)",
        "Ten on",
        show=False,
        key_display=">",
        id="epochs_on",
        tooltip="Go ten epochs on",
    ),
    *COMMON_KEYS,
    Binding("q,ctrl+c", "quit", "Quit", key_display="q", id="leave", tooltip="Leave"),
]
"""Keys of a run that is replayed."""

SAVED_KEYS: list[BindingType] = [
    *COMMON_KEYS,
    Binding("q,ctrl+c", "quit", "Quit", key_display="q", id="leave", tooltip="Leave"),
]
"""Keys of a saved run that is only shown."""

SHOWN_FIRST = (
    *("next_view", "help", "palette", "quit", "leave"),
    *("pen", "wipe", "keep_drawing", "undo_stroke", "why", "as_drawn"),
    *("draw_left", "brush", "rubber", "leave_canvas", "drawn_pixels"),
    *("explain", "back", "pixels", "show_digits", "page", "histogram"),
    *("filter", "order", "up", "down"),
    *("open_unit", "apply_share", "close_unit", "switch", "prune", "pruned"),
    *("map_stop", "embed", "harder", "easier", "digit_open", "map_open"),
    *("undo", "timeline", "pause", "play"),
    *("baseline",),
    *("halve_rate", "double_rate", "fork", "keep", "epochs"),
    *("slower", "faster", "epoch_back", "epoch_on"),
)
"""What the key bar has room for first, by id; then those of the view, then the rest."""
