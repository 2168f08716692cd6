"""An app that explains itself: help, command palette, and tips at the first start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.theme import ThemeProvider

from digit_tui.tui.bindings import ALSO, TRAINING_KEYS
from digit_tui.tui.first_start import remember_tips
from digit_tui.tui.key_words import IdsThemselves, key_sign, key_word
from digit_tui.tui.keymap import Keymap
from digit_tui.tui.palette import Commands
from digit_tui.tui.resilient_app import ResilientApp
from digit_tui.tui.screens.dialog import Palette
from digit_tui.tui.screens.frame import Frame
from digit_tui.tui.screens.help import Group, HelpDialog
from digit_tui.tui.screens.meanings import EVERYWHERE, MEANINGS, OF_DIALOGS, STATES, Meaning
from digit_tui.tui.terminal.charset import shows
from digit_tui.tui.widgets.tips import ROOM
from digit_tui.tui.widgets.too_small import MINIMUM

OPENS_A_DIALOG = (
    *("help", "command_palette", "choose_optimizer", "prune"),
    *("timeline", "fork", "keep", "restart", "find_rate"),
)
"""Actions of keys."""


class GuidedApp(ResilientApp):
    """Says what is seen, and what can be done.

    Attributes:
        tips: whether those of the first start are to be shown, where there is room for them.
        keymap: the keys that the user has changed.
    """

    keymap = Keymap()

    COMMANDS = {Commands}
    SHOWS = "run"
    """What this app shows, in a word."""
    VIEWS: ClassVar[dict[str, type[Frame]]]
    """By their modes, in the order of the tabs."""
    MEANINGS: ClassVar[Mapping[str, Sequence[Meaning]]] = MEANINGS
    """Of what is seen on the views, by their names and those of their pages."""

    def __init__(self) -> None:
        super().__init__()
        self.tips = False

    def use_keys(self, keymap: Keymap) -> None:
        """Have other keys than those that are declared, before the app runs."""
        self.keymap = keymap
        vars(self).pop("key_names", None)  # of the keys before
        bindings = [each for _, group in self.key_groups() for each in group]
        self.set_keymap(keymap.for_textual(bindings))

    @cached_property
    def key_names(self) -> Mapping[str, str]:
        """The keys in force in words, by the ids of their bindings; also those of remedies."""
        groups = [bindings for _, bindings in self.key_groups()]
        names = IdsThemselves(
            (each.id, self._key_word(each))
            for bindings in (keys(TRAINING_KEYS), *groups)
            for each in bindings
            if each.id is not None
        )
        names |= {action: names[binding] for action, binding in ALSO.items()}
        return names

    def _key_word(self, binding: Binding) -> str:
        changed = self.keymap.changed.get(binding.id or "")
        return key_word(replace(binding, key=changed[0], key_display=None) if changed else binding)

    def get_key_display(self, binding: Binding) -> str:
        """The key in force of a binding, of several the first."""
        changed = self.keymap.changed.get(binding.id or "")
        if changed:
            return key_sign(changed[0])
        display = binding.key_display
        return display if display and shows(display) else key_sign(binding.key.partition(",")[0])

    @property
    def shows_tips(self) -> bool:
        return self.tips and self.size.width >= ROOM.width and self.size.height >= ROOM.height

    def _end_tips(self) -> None:
        self.tips = False
        remember_tips()
        view = self.screen_stack[0]
        if isinstance(view, Frame) and view.ready:
            view.redraw_once()

    async def on_event(self, event: events.Event) -> None:
        if self.shows_tips and isinstance(event, events.Key | events.MouseDown):
            self._end_tips()
        await super().on_event(event)

    def action_command_palette(self) -> None:
        if isinstance(self.screen, Frame):  # not on top of a dialog
            self.push_screen(Palette(id="--command-palette"))

    def search_themes(self) -> None:
        if isinstance(self.screen, Frame):  # Textual's own palette does not close once only
            self.push_screen(Palette([ThemeProvider], placeholder="Search for themes…"))

    @property
    def is_too_small(self) -> bool:
        """Whether the terminal has no room for what the app shows."""
        return self.size.width < MINIMUM.width or self.size.height < MINIMUM.height

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self.is_too_small and action in OPENS_A_DIALOG:  # nobody could read it
            return False
        return super().check_action(action, parameters)

    def offers(self, action: str) -> bool:
        """Whether an action makes sense now: else its key says why not, and is offered nowhere."""
        return True

    def action_help(self) -> None:
        view = self.screen_stack[0]
        is_open = any(isinstance(screen, HelpDialog) for screen in self.screen_stack)
        if not isinstance(view, Frame) or is_open:  # none has been opened yet; or the manual is
            return
        groups, title = dict(self.key_groups()), str(self.screen.title)
        parts = [each for each in dict.fromkeys((view.part, view.TAB)) if each in groups]
        dialog = [("In this dialog", OF_DIALOGS[title])] if title in OF_DIALOGS else []
        self.push_screen(
            HelpDialog(
                view.TAB,
                [*dialog, ("On this view", self.MEANINGS[view.part]), *self.common_meanings],
                [
                    *((f"Keys of {each}", groups[each]) for each in parts),
                    (f"Keys of the {self.SHOWS}", groups["Everywhere"]),
                ],
            )
        )

    @property
    def common_meanings(self) -> list[tuple[str, Sequence[Meaning]]]:
        """What is seen on every view, for the help."""
        return [("On every view", (*STATES, *EVERYWHERE))]

    @classmethod
    def key_groups(cls) -> list[Group]:
        """All keys, for the help and the documentation."""
        return [
            ("Everywhere", keys([*Frame.BINDINGS, *cls.BINDINGS])),
            *(
                (title, keys(bindings))
                for view in cls.VIEWS.values()
                for title, bindings in view.parts()
                if bindings
            ),
        ]


def keys(bindings: Iterable[BindingType]) -> list[Binding]:
    """Those that are instances of `Binding`; all of ours are."""
    return [each for each in bindings if isinstance(each, Binding)]
