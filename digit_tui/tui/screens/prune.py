"""The dialog that prunes the run's network, or puts back what was pruned."""

from __future__ import annotations

from textual.binding import Binding

from digit_tui.config import RunConfig
from digit_tui.run import removal_words
from digit_tui.run.commands import Prune
from digit_tui.run.setting_ranges import check_changes
from digit_tui.run.setting_words import setting_words
from digit_tui.run.settings import Settings, share
from digit_tui.tui.key_words import key_names
from digit_tui.tui.screens.form import OR, Form
from digit_tui.tui.widgets.choice import Choice
from digit_tui.tui.widgets.entry import Entry

SHARES = (0.0, 0.3, 0.5, 0.8)
"""Of the weights; the share in force is offered beside them."""


class ShareChoice(Choice):
    """A row with the share of the weights that is pruned."""

    def __init__(self, name: str, pruned: float) -> None:
        """Make it.

        Args:
            name: what is chosen.
            pruned: the share in force.
        """
        self._shares = sorted({*SHARES, pruned})
        labels = [removal_words.share(each) for each in self._shares]
        super().__init__(name, labels, self._shares.index(pruned))

    @property
    def share(self) -> float:
        """The chosen one, from 0 to 1."""
        return self._shares[self.chosen]


class PruneDialog(Form[Prune | None]):
    """Choose the share of the weights that stays at 0; None changes nothing."""

    TITLE = "Prune"
    INTRODUCTION = "Keep the smallest of all weights at 0 from now on\n"
    BINDINGS = [
        Binding("enter", "submit", "Prune", key_display="enter"),
        Binding("escape", "leave", "Cancel", key_display="esc"),
    ]

    def __init__(self, settings: Settings, config: RunConfig) -> None:
        """Make it.

        Args:
            settings: those in force.
            config: the run's.
        """
        self._settings = settings
        self._config = config
        self._share = ShareChoice("share", settings.pruned)
        self._typed = Entry(OR, hint="another share, such as 65%", restrict=r"[0-9.]*%?")
        super().__init__([self._share, self._typed])

    def changed(self, row: Choice | Entry | None = None) -> None:
        if row is self._share:
            self._typed.fill("")
            self._share.in_force = True
        elif row is self._typed:
            self._share.in_force = not self._typed.text
        command = self._check()
        if command is None:
            return
        if command.share == self._settings.pruned:
            self.tell("As it is now.")
        elif command.share < self._settings.pruned:
            self.tell(f"{setting_words(command).capitalize()}: the others are put back.")
        else:
            key = key_names(self.app)["pruned"]
            self.tell(f"{setting_words(command).capitalize()}; {key} shows what that does.")

    def action_submit(self) -> None:
        command = self._check()
        if command is not None:
            self.dismiss(command if command.share != self._settings.pruned else None)

    def _check(self) -> Prune | None:
        """The command; None if the value is wrong, which is told."""
        try:
            typed = self._typed.text
            command = Prune(share("share", typed) if typed else self._share.share)
            check_changes([command], self._config)
        except ValueError as error:
            self.tell(str(error), wrong=True)
            return None
        return command
