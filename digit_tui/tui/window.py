"""What every window on a run has: its views, drawn from a model that events fill."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from functools import partial
from time import monotonic

from textual import events
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.screen import Screen
from textual.timer import Timer

from digit_tui.config import RunConfig
from digit_tui.training.events import Event
from digit_tui.tui.model import RunModel
from digit_tui.tui.runner import Failed, Loaded
from digit_tui.tui.screens.help import Group, HelpDialog
from digit_tui.tui.screens.mistakes import MistakesView
from digit_tui.tui.screens.train import TrainView
from digit_tui.tui.screens.view import View

DRAW_SECONDS = 0.5
"""Charts are drawn at most this often while training."""
REPAINT_SECONDS = 0.2
"""After the last change of size, all is drawn once more."""


COMMON = [
    Binding("question_mark", "help", "Help", key_display="?", id="help", tooltip="Show all keys"),
    Binding("T", "toggle_theme", "Theme", show=False, id="theme", tooltip="Dark or light"),
]
"""Keys of every window; in the bindings of each, so that they come after its own."""


class RunApp(App[None]):
    """One window on one run at a time.

    Attributes:
        model: what the views show.
    """

    TITLE = "digit-tui"
    CSS_PATH = "styles/app.tcss"
    MODES = {"train": TrainView, "mistakes": MistakesView}

    def __init__(self, config: RunConfig) -> None:
        super().__init__()
        self._drawn = 0.0
        self._stale = False
        self._forked = False
        self._repaint: Timer | None = None
        self.model = RunModel(config)

    def on_resize(self) -> None:
        if self._repaint is not None:
            self._repaint.stop()
        self._repaint = self.set_timer(REPAINT_SECONDS, self._repaint_all)

    def _repaint_all(self) -> None:
        """Draw everything, once sizes have stopped to change.

        A terminal made smaller and larger again has lost what did not fit meanwhile, but Textual
        may see no change. And signals in quick succession may tell it the sizes in a wrong order.
        """
        size = Size(*shutil.get_terminal_size())
        if not self.is_headless and size and size != self.size:
            self.post_message(events.Resize(size, size))
        else:
            self.refresh(layout=True)

    def take_in(self, events: Iterable[Event | Loaded | Failed]) -> None:
        """Learn from events, then draw what they changed."""
        before = self.model.state
        for event in events:
            self.model.take_in(event)
            self._stale = True
        if (self.model.fork is not None) != self._forked:
            self._forked = not self._forked
            self.refresh_bindings()
        view = self.screen_stack[0]  # the run goes on behind a dialog
        if not isinstance(view, View) or not view.ready:
            return
        view.show(self.model)
        now = monotonic()
        due = now - self._drawn >= DRAW_SECONDS or self.model.state != before
        if self._stale and due:
            view.draw(self.model)
            self._stale, self._drawn = False, now

    def action_next_view(self) -> None:
        modes = list(self.MODES)
        self.switch_mode(modes[(modes.index(self.current_mode) + 1) % len(modes)])

    def action_command_palette(self) -> None:
        if isinstance(self.screen, View):  # a dialog has questions of its own
            super().action_command_palette()

    def action_toggle_theme(self) -> None:
        self.theme = "textual-light" if self.current_theme.dark else "textual-dark"

    def action_help(self) -> None:
        self.push_screen(HelpDialog(self.key_groups()))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield SystemCommand("Theme", "Change the current theme", self.action_change_theme)
        for namespace, binding, _, _ in screen.active_bindings.values():
            if binding.id is not None:
                yield SystemCommand(
                    binding.tooltip,
                    f"key {self.get_key_display(binding)}",
                    partial(self.run_action, binding.action, namespace),
                )

    @classmethod
    def key_groups(cls) -> list[Group]:
        """All keys, for the help and the documentation."""
        return [
            ("Everywhere", keys([*View.BINDINGS, *cls.BINDINGS])),
            ("Training", keys(TrainView.BINDINGS)),
            ("Mistakes", keys(MistakesView.BINDINGS)),
        ]


def keys(bindings: Iterable[BindingType]) -> list[Binding]:
    return [each for each in bindings if isinstance(each, Binding)]
