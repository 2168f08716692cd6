"""The dialog that chooses the optimizer."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import OptionList

from digit_tui.config import OPTIMIZERS, RunConfig
from digit_tui.run.commands import SetOptimizer
from digit_tui.run.setting_words import NAMES, setting_value
from digit_tui.run.settings import Settings, changes_of
from digit_tui.tui.bindings import OPTIMIZER_KEYS
from digit_tui.tui.screens.list_dialog import ListDialog
from digit_tui.tui.widgets.lines import Lines

DESCRIPTIONS = {
    "sgd": "down the gradient",
    "momentum": "builds a velocity",
    "nesterov": "looks a step ahead",
    "rmsprop": "a step per weight",
    "adam": "velocity, own step",
    "adamw": "adam, decay apart",
    "lion": "only signs count",
    "schedulefree": "adamw, own average",
    "prodigy": "adam, finds a rate",
    "muon": "equal directions",
}


class OptimizerDialog(ListDialog[str | None]):
    """Choose an optimizer by name; None keeps the current one."""

    TITLE = "Optimizer"
    MESSAGE = True
    BINDINGS = [
        Binding("enter", "submit", "Switch", key_display="enter"),
        Binding("escape,q", "dismiss(None)", "Cancel", key_display="esc"),
    ]

    def __init__(self, settings: Settings, config: RunConfig) -> None:
        """Make it.

        Args:
            settings: those in force.
            config: the run's.
        """
        super().__init__()
        self._settings = settings
        self._config = config

    def compose_content(self) -> ComposeResult:
        current = self._settings.optimizer
        yield Lines(
            *(
                f" {'●' if name == current else ' '} {key} {name:<13}{DESCRIPTIONS[name]:<19}"
                f"{self._rate_words(name)}"
                for key, name in OPTIMIZER_KEYS.items()
            ),
            markup=False,
        )

    def _rate_words(self, name: str) -> str:
        """The learning rate that a switch brings: the run's own, for the one that it began with.

        Of the optimizer that is in use it is the one in force.
        """
        rate = changes_of(SetOptimizer(name), self._settings, self._config)["learning_rate"]
        present = self._settings.learning_rate
        if name == self._settings.optimizer and rate != present:
            return f"now at {setting_value(present)}"
        return f"at rate {setting_value(rate)}"

    def on_mount(self) -> None:
        self.query_one(Lines).highlighted = OPTIMIZERS.index(self._settings.optimizer)

    def on_key(self, event: events.Key) -> None:
        if event.key in OPTIMIZER_KEYS:
            event.stop()  # or the view behind would handle it too
            self.dismiss(OPTIMIZER_KEYS[event.key])

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        self.tell(*consequences(OPTIMIZERS[event.option_index], self._settings, self._config))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(OPTIMIZERS[event.option_index])


def consequences(name: str, settings: Settings, config: RunConfig) -> list[str]:
    """What changes with a switch to an optimizer, and what does not, in two lines."""
    changes = changes_of(SetOptimizer(name), settings, config)
    told = ", ".join(
        f"{NAMES[field]} {setting_value(old)} → {setting_value(new)}"
        for field in ("learning_rate", "weight_decay")
        if (old := getattr(settings, field)) != (new := changes[field])
    )
    if name == settings.optimizer:
        return [f"{name} is in use.", f"Chosen again: {told}." if told else ""]
    told = told or "learning rate and weight decay stay"
    return [f"{name}: {told}.", "The weights and the schedule stay, its memory begins empty."]
