"""The dialog that chooses the optimizer."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from digit_tui.config import OPTIMIZERS
from digit_tui.nn import RULES
from digit_tui.tui.screens.dialog import Dialog

DESCRIPTIONS = {
    "sgd": "plain gradient descent",
    "momentum": "with velocity (Polyak)",
    "nesterov": "velocity, looking ahead",
    "rmsprop": "rates scaled by the mean square",
    "adam": "momentum and scaled rates",
    "adamw": "Adam with decoupled weight decay",
}


class OptimizerDialog(Dialog[str | None]):
    """Choose an optimizer by name; None keeps the current one."""

    BINDINGS = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, current: str) -> None:
        super().__init__()
        self._current = current

    def compose(self) -> ComposeResult:
        options = [
            Option(f"{number} {name:<9} rate {rule.learning_rate:<5}  {DESCRIPTIONS[name]}")
            for number, (name, rule) in enumerate(RULES.items(), 1)
        ]
        with Vertical(classes="dialog") as box:
            box.border_title = "Optimizer"
            yield OptionList(*options)
            yield Label("The weights are kept, the optimizer starts with fresh state.")

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = OPTIMIZERS.index(self._current)

    def on_key(self, event: events.Key) -> None:
        if event.key in {str(number) for number in range(1, len(OPTIMIZERS) + 1)}:
            event.stop()  # or the view behind would handle it too
            self.dismiss(OPTIMIZERS[int(event.key) - 1])

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(OPTIMIZERS[event.option_index])
