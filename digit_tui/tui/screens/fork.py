"""The dialogs that start a fork, and that end it by keeping one of the two branches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Label, OptionList

from digit_tui.config import AUGMENTATIONS, OPTIMIZERS, ConfigError
from digit_tui.run.commands import (
    Prune,
    SetAugmentation,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    SetSam,
    WeightChange,
)
from digit_tui.run.commands import Setting as SettingCommand
from digit_tui.run.setting_ranges import check_changes
from digit_tui.run.setting_words import NAMES, setting_value, setting_words
from digit_tui.run.settings import changes_of, commands_of, number
from digit_tui.session.run_status import MORE_EPOCHS
from digit_tui.tui.screens.form import OR, Form
from digit_tui.tui.screens.list_dialog import ListDialog
from digit_tui.tui.screens.prune import ShareChoice
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.choice import Choice
from digit_tui.tui.widgets.entry import Entry
from digit_tui.tui.widgets.lines import Lines

RATE_FACTORS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Evenly spaced on a logarithmic scale, as nearly as round numbers are."""
OWN_RATE = RATE_FACTORS.index(1.0)
CLIPPINGS = ((None, None), (1.0, None), (None, 0.1))
"""(norm, value): off, by norm, by value. The clipping key cycles through them too."""

RADII = (0.0, 0.05, 0.1, 0.2)
"""Of sharpness-aware minimisation: off, and others. Its key cycles through them too."""
NOTHING_YET = "Nothing differs yet: choose with ←→, or type where nothing is listed."


class ForkDialog(Form[tuple[SettingCommand, ...] | None]):
    """Choose the settings in which the fork differs; None makes no fork."""

    TITLE = "Fork"
    INTRODUCTION = "Train a copy beside the run, on the same batches, with\n"
    BINDINGS = [
        Binding("enter", "submit", "Start", key_display="enter"),
        Binding("escape", "leave", "Cancel", key_display="esc"),
    ]

    def __init__(self, model: RunModel) -> None:
        """Make it for a run, with the settings that are in force."""
        self._model = model
        self._settings = settings = model.settings
        self._config = model.config
        clipping = (settings.clip_norm, settings.clip_value)
        self._clippings = [*CLIPPINGS, *([] if clipping in CLIPPINGS else [clipping])]
        clippings = [clipping_text(*each) for each in self._clippings]
        self._optimizer = Choice("optimizer", OPTIMIZERS, OPTIMIZERS.index(settings.optimizer))
        self._rate = Choice("learning rate", [], OWN_RATE)
        self._typed_rate = Entry(OR, hint="another learning rate")
        self._clipping = Choice("clipping", clippings, self._clippings.index(clipping))
        self._radii = [*RADII, *([] if settings.sam in RADII else [settings.sam])]
        radii = [f"{rho:g}" if rho else "off" for rho in self._radii]
        self._sam = Choice("sam", radii, self._radii.index(settings.sam))
        self._augmentation = Choice(
            "augmentation", AUGMENTATIONS, AUGMENTATIONS.index(settings.augment)
        )
        self._pruned = ShareChoice("pruned", settings.pruned)
        self._units_off = Entry("units off", hint="units of a layer, such as 1:17+23")
        self._show_rates()
        super().__init__(
            [
                *(self._optimizer, self._rate, self._typed_rate, self._clipping),
                *(self._sam, self._augmentation, self._pruned, self._units_off),
            ]
        )

    def _show_rates(self) -> None:
        """Offer rates around the one that the copy has without a choice."""
        rate = self._settings.learning_rate
        if self._optimizer.differs:
            switch = SetOptimizer(OPTIMIZERS[self._optimizer.chosen])
            rate = changes_of(switch, self._settings, self._config)["learning_rate"]
        self._rates = rates_around(rate)
        self._rate.relabel([setting_value(each) for each in self._rates])

    def changed(self, row: Choice | Entry | None = None) -> None:
        if row is self._optimizer:
            self._show_rates()
        elif row is self._rate:
            self._typed_rate.fill("")
            self._rate.in_force = True
        elif row is self._typed_rate:
            self._rate.in_force = not self._typed_rate.text
        changes = self._check()
        if changes is not None:
            words = ", ".join(map(self._words, changes))
            told = [f"The copy: {words}." if changes else "The same as the run, so far."]
            if changes and needs_epochs(changes, self._model):
                rate = self._rate_words(changes)
                told.append(f"All epochs are done: both train {MORE_EPOCHS} more{rate}.")
            self.tell(*told)

    def _rate_words(self, changes: Sequence[SettingCommand]) -> str:
        """With which rate further epochs of the copy begin, if that is not what was chosen."""
        settings = self._settings
        for change in changes:
            settings = replace(settings, **changes_of(change, settings, self._config))
        rate = self._model.further_rate_with(settings)
        return "" if rate == settings.learning_rate else f", the copy from rate {rate:.2g}"

    def _words(self, change: SettingCommand) -> str:
        """A change in words; with an optimizer what comes with it."""
        words = setting_words(self._with_rate(change))
        after = changes_of(change, self._settings, self._config).get("weight_decay")
        if after is None or after == self._settings.weight_decay:
            return words
        return f"{words}, {NAMES['weight_decay']} {setting_value(after)}"

    def _with_rate(self, change: SettingCommand) -> SettingCommand:
        """A change; with an optimizer the learning rate that comes with it."""
        if isinstance(change, SetOptimizer) and change.learning_rate is None:
            return SetOptimizer(change.name, self._rates[OWN_RATE])
        return change

    def action_submit(self) -> None:
        changes = self._check()
        if changes:
            self.dismiss(changes)
        elif changes is not None:
            self.tell(NOTHING_YET, wrong=True)

    def _check(self) -> tuple[SettingCommand, ...] | None:
        """The commands for what differs; None if a value is wrong, which is told."""
        try:
            changes = self._changes()
            check_changes(changes, self._config)
        except ConfigError as error:
            self.tell(f"{NAMES[error.option]}: {error}", wrong=True)
        except ValueError as error:
            self.tell(str(error), wrong=True)
        else:
            return changes
        return None

    def _changes(self) -> tuple[SettingCommand, ...]:
        """The same, not checked yet.

        Raises:
            ValueError: if what was typed is no number, or no units.
        """
        changes: list[SettingCommand] = []
        rate = self._rates[self._rate.chosen] if self._rate.differs else None
        if self._typed_rate.text:
            rate = number(NAMES["learning_rate"], self._typed_rate.text)
        if self._optimizer.differs:
            changes.append(SetOptimizer(OPTIMIZERS[self._optimizer.chosen], rate))
        elif rate is not None and rate != self._settings.learning_rate:
            changes.append(SetLearningRate(rate))
        if self._clipping.differs:
            changes.append(SetClipping(*self._clippings[self._clipping.chosen]))
        if self._sam.differs:
            changes.append(SetSam(self._radii[self._sam.chosen]))
        if self._augmentation.differs:
            changes.append(SetAugmentation(AUGMENTATIONS[self._augmentation.chosen]))
        if self._pruned.differs:
            changes.append(Prune(self._pruned.share))
        if self._units_off.text:
            changes += commands_of({"off": self._units_off.text})
        return tuple(changes)


def needs_epochs(changes: Sequence[SettingCommand], model: RunModel) -> bool:
    """Whether a copy would never differ from a run: by its steps only, of which none is left."""
    return model.all_done and not any(isinstance(each, WeightChange) for each in changes)


def rates_around(rate: float) -> list[float]:
    """A learning rate with lower and higher ones, these of two digits."""
    return [rate if factor == 1 else float(f"{rate * factor:.2g}") for factor in RATE_FACTORS]


def clipping_text(norm: float | None, value: float | None) -> str:
    """How gradients are clipped."""
    if norm is not None:
        return f"by norm {setting_value(norm)}"
    return "off" if value is None else f"by value {setting_value(value)}"


class KeepDialog(ListDialog[bool | None]):
    """Which branch to keep: True is the fork, False the run; None goes on with both."""

    TITLE = "Keep"
    BINDINGS = [
        Binding("enter", "submit", "Choose", key_display="enter"),
        Binding("r", "dismiss(False)", show=False),
        Binding("f", "dismiss(True)", show=False),
        Binding("escape,q", "dismiss(None)", "Go on with both", key_display="esc"),
    ]

    def __init__(self, model: RunModel) -> None:
        super().__init__()
        self._options = _branches(model)
        self._words = model.fork.words if model.fork else ""

    def compose_content(self) -> ComposeResult:
        yield Lines(*self._options)
        yield Label(Text(f"\nThe fork has {self._words}.\nThe other is saved as a run of its own."))

    def follow(self, model: RunModel) -> None:
        """Show the accuracies of now."""
        before, self._options = self._options, _branches(model)
        for index, (old, new) in enumerate(zip(before, self._options, strict=True)):
            if old != new and self.is_mounted:
                self.query_one(Lines).replace_option_prompt_at_index(index, new)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_index == 1)


def _branches(model: RunModel) -> tuple[Text, Text]:
    """The run and its fork, each with its key and its accuracy, at one moment if there is one."""
    fork = model.fork
    latest = (model.evaluation, None if fork is None else fork.evaluation)
    pair = (fork.compared if fork is not None else None) or latest
    run, copy = ("" if each is None else f"{each.accuracy:.2%}" for each in pair)
    return Text(f"  r  go on with the run   {run:>7}"), Text(f"  f  go on with the fork  {copy:>7}")
