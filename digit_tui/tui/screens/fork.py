"""The dialogs that start a fork, and that end it by keeping one of the two branches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Label, Static

from digit_tui.config import AUGMENTATIONS, OPTIMIZERS
from digit_tui.run.commands import SetAugmentation, SetClipping, SetLearningRate, SetOptimizer
from digit_tui.run.commands import Setting as SettingCommand
from digit_tui.run.settings import Settings
from digit_tui.run.wording import setting_value
from digit_tui.tui.screens.dialog import Dialog
from digit_tui.tui.state.run_model import RunModel

RATE_FACTORS = (0.01, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 100.0)
CLIPPINGS = ((None, None), (1.0, None), (None, 0.1))
"""(norm, value): off, by norm, by value."""


@dataclass
class Row:
    """One setting with its choices."""

    name: str
    choices: Sequence[Any]
    labels: Sequence[str]
    current: int
    """Index of the run's own choice."""
    chosen: int
    """Index of the fork's choice."""

    @property
    def differs(self) -> bool:
        return self.chosen != self.current

    @property
    def value(self) -> Any:
        return self.choices[self.chosen]


def row(name: str, choices: Sequence[Any], labels: Sequence[str], current: int) -> Row:
    """A row where the fork's choice is the run's."""
    return Row(name, choices, labels, current, current)


class ForkDialog(Dialog[tuple[SettingCommand, ...] | None]):
    """Choose the settings in which the fork differs; None makes no fork."""

    BINDINGS = [
        Binding("escape,q", "dismiss(None)", "Cancel"),
        Binding("up", "move(-1)", "Up"),
        Binding("down,tab", "move(1)", "Down"),
        Binding("left", "choose(-1)", "Before"),
        Binding("right,space", "choose(1)", "Next"),
        Binding("enter,f", "start", "Start"),
    ]

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._selected = 0
        rates = [settings.learning_rate * factor for factor in RATE_FACTORS]
        clipping = (settings.clip_norm, settings.clip_value)
        clippings = [*CLIPPINGS] if clipping in CLIPPINGS else [*CLIPPINGS, clipping]
        self._rows = [
            row("optimizer", OPTIMIZERS, OPTIMIZERS, OPTIMIZERS.index(settings.optimizer)),
            row(
                "learning rate",
                rates,
                [setting_value(rate) for rate in rates],
                RATE_FACTORS.index(1.0),
            ),
            row(
                "clipping",
                clippings,
                [clipping_text(*each) for each in clippings],
                clippings.index(clipping),
            ),
            row(
                "augmentation",
                AUGMENTATIONS,
                AUGMENTATIONS,
                AUGMENTATIONS.index(settings.augment),
            ),
        ]

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = "Fork"
            yield Label("Train a copy beside the run, on the same batches, with")
            yield Static(id="choices")
            yield Label("↑↓ setting  ←→ value  enter starts  esc cancels", id="hint")

    def on_mount(self) -> None:
        self._show()

    def _show(self) -> None:
        text = Text("\n")
        for index, each in enumerate(self._rows):
            pointer = "▸" if index == self._selected else " "
            label = each.labels[each.chosen]
            if each.name == "learning rate" and self._rows[0].differs and not each.differs:
                label = "the optimizer's own"
            text.append(f"{pointer} {each.name:<14} ◂ {label} ▸\n", "bold" if each.differs else "")
        self.query_one("#choices", Static).update(text)

    def action_move(self, rows: int) -> None:
        self._selected = (self._selected + rows) % len(self._rows)
        self._show()

    def action_choose(self, steps: int) -> None:
        each = self._rows[self._selected]
        each.chosen = (each.chosen + steps) % len(each.choices)
        self._show()

    def action_start(self) -> None:
        changes = self._changes()
        if changes:
            self.dismiss(changes)
        else:
            self.query_one("#hint", Label).update("Choose with ←→ what the copy does otherwise.")

    def _changes(self) -> tuple[SettingCommand, ...]:
        optimizer, rate, clipping, augmentation = self._rows
        changes: list[SettingCommand] = []
        if optimizer.differs:
            changes.append(SetOptimizer(optimizer.value, rate.value if rate.differs else None))
        elif rate.differs:
            changes.append(SetLearningRate(rate.value))
        if clipping.differs:
            changes.append(SetClipping(*clipping.value))
        if augmentation.differs:
            changes.append(SetAugmentation(augmentation.value))
        return tuple(changes)


def clipping_text(norm: float | None, value: float | None) -> str:
    """How gradients are clipped."""
    if norm is not None:
        return f"by norm {setting_value(norm)}"
    return "off" if value is None else f"by value {setting_value(value)}"


class KeepDialog(Dialog[bool | None]):
    """Which branch to keep: True is the fork, False the run; None goes on with both."""

    BINDINGS = [
        Binding("r", "dismiss(False)", "Run"),
        Binding("f", "dismiss(True)", "Fork"),
        Binding("escape,q,k", "dismiss(None)", "Both"),
    ]

    def __init__(self, model: RunModel) -> None:
        super().__init__()
        fork = model.fork
        run = "" if model.evaluation is None else f"{model.evaluation.accuracy:.2%}"
        copy = "" if fork is None or fork.evaluation is None else f"{fork.evaluation.accuracy:.2%}"
        self._text = (
            f"  r   go on with the run   {run:>7}\n"
            f"  f   go on with the fork  {copy:>7}  {fork.words if fork else ''}\n"
            "  esc go on with both\n\n"
            "The other one is saved as a run of its own."
        )

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = "Keep"
            yield Label(Text(self._text))
