"""What every window on a run has: its views, drawn from a model that events fill."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from functools import partial
from time import monotonic

from textual import constants, events
from textual.app import App, ScreenStackError, SystemCommand
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.driver import Driver
from textual.geometry import Size
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import MountError
from textual.worker import WorkerFailed

from digit_tui.config import RunConfig
from digit_tui.run.events import BranchEvent, EpochEnded, Evaluated, StepsDone, TimelineChanged
from digit_tui.session.runner import RunnerEvent
from digit_tui.training.pace import Pace
from digit_tui.tui.screens.confusion import ConfusionView
from digit_tui.tui.screens.dialog import Palette
from digit_tui.tui.screens.help import Group, HelpDialog
from digit_tui.tui.screens.mistakes import MistakesView
from digit_tui.tui.screens.train import TrainView
from digit_tui.tui.screens.view import View
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.terminal.stdio_capture import STDIO
from digit_tui.tui.widgets.filter_line import FilterInput

DRAW_SECONDS = 0.5
"""Charts are drawn at most this often while training; see `start.py`."""
DRAW_SHARE = 0.03
"""The most of the time that drawing them may take: training waits for it where processors are few.
A drawing takes some 40 ms, or twice that while all processors train."""
ANY_SHARE = 1e9
LONGEST_SECONDS = 5.0
"""They are drawn after this time, whatever it takes."""
SHOWS = 0.7
"""Words change as often as after this part of that time; what a command did is shown at once."""
ROUTINE = (StepsDone, Evaluated, EpochEnded, TimelineChanged, BranchEvent)
"""Events that quick epochs bring many times in a second."""
HALF_MADE = (NoMatches, MountError, ScreenStackError)
"""Errors of screens and widgets that are not there yet, or not any more."""
REPAINT_SECONDS = 0.2
"""After the last change of size, all is drawn once more."""


COMMON = [
    Binding("question_mark", "help", "Help", key_display="?", id="help", tooltip="Show all keys"),
    Binding("T", "toggle_theme", "Theme", show=False, id="theme", tooltip="Dark or light"),
]
"""Keys of every window; in the bindings of each, so that they come after its own."""


def terminal_size() -> os.terminal_size:
    """Columns and rows of the terminal that is drawn on."""
    try:
        return os.get_terminal_size(sys.__stderr__.fileno())  # type: ignore[union-attr]
    except (AttributeError, OSError, ValueError):
        return shutil.get_terminal_size()


class RunApp(App[None]):
    """One window on one run at a time.

    Attributes:
        model: what the views show.
    """

    TITLE = "digit-tui"
    CSS_PATH = "styles/app.tcss"
    NOTIFICATION_TIMEOUT = 3
    """Seconds; a note covers the keys of a small terminal."""
    MODES = {"train": TrainView, "mistakes": MistakesView, "confusion": ConfusionView}

    def __init__(self, config: RunConfig) -> None:
        super().__init__()
        far = any(os.environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY"))
        if far and "TEXTUAL_ANIMATIONS" not in os.environ:  # each frame of them is sent
            self.animation_level = "none"
        self._words = ""
        self._drawn = 0.0
        self._pace = Pace(DRAW_SHARE)
        self._shown = 0.0
        self._stale = False
        self._forked = False
        self._repaint: Timer | None = None
        self.model = RunModel(config)

    def get_driver_class(self) -> type[Driver]:
        if sys.platform == "win32" or constants.DRIVER is not None:
            return super().get_driver_class()
        from digit_tui.tui.terminal.driver import TerminalDriver

        return TerminalDriver

    def on_load(self) -> None:
        self.begin_capture_print(self)
        STDIO.listener = lambda text: self.post_message(events.Print(text, stderr=True))

    def on_unmount(self) -> None:
        STDIO.listener = None

    def on_print(self, event: events.Print) -> None:
        """What a library wrote to stdout or stderr is told in the log, line by line."""
        *lines, self._words = (self._words + event.text).split("\n")
        for line in lines:
            if line.strip():
                self.model.say("note", line.rstrip())
        if lines:
            self.ingest((), urgent=True)

    def on_resize(self) -> None:
        if self._repaint is not None:
            self._repaint.stop()
        self._repaint = self.set_timer(REPAINT_SECONDS, self._repaint_all)

    def _repaint_all(self) -> None:
        """Draw everything, once sizes have stopped to change.

        A terminal made smaller and larger again has lost what did not fit meanwhile, but Textual
        may see no change. And signals in quick succession may tell it the sizes in a wrong order.
        """
        size = Size(*terminal_size())
        if not self.is_headless and size and size != self.size:
            self.post_message(events.Resize(size, size))
        else:
            self.refresh(layout=True)

    def ingest(self, events: Iterable[RunnerEvent], urgent: bool = False) -> None:
        """Learn from events, then draw what they changed.

        Args:
            events: what happened.
            urgent: whether words are shown at once, whatever happened.
        """
        before = self.model.state
        for event in events:
            self.model.ingest(event)
            self._stale = True
            urgent = urgent or not isinstance(event, ROUTINE)
        if (self.model.fork is not None) != self._forked:
            self._forked = not self._forked
            self.refresh_bindings()
        view = self.screen_stack[0]  # the run goes on behind a dialog
        if not isinstance(view, View) or not view.ready:
            return
        now = monotonic()
        waited = now - self._drawn
        due = waited >= DRAW_SECONDS and (self._pace.allowed or waited >= LONGEST_SECONDS)
        due = due or self.model.state != before
        # A new look at the digits changes words, charts and lists: all of them at one time.
        together = self.model.shown is not view.drawn and not due
        patience = DRAW_SECONDS if together else DRAW_SECONDS * SHOWS
        if urgent or now - self._shown >= patience:
            view.show(self.model)
            self._shown = now
        if self._stale and due:
            with self._pace:
                view.draw(self.model)
            self._stale, self._drawn, view.drawn = False, now, self.model.shown

    def _handle_exception(self, error: Exception) -> None:
        # A key that closes what the key before has just opened finds it half made. That is no
        # failure: on the way out nobody looks any more, and the palette's search goes on by itself.
        cause = error.error if isinstance(error, WorkerFailed) else error
        half_made = isinstance(cause, HALF_MADE)
        palette = half_made and f" on {Palette.__name__}(" in str(cause)
        closed = self._exit or (palette and not Palette.is_open(self))  # type: ignore[arg-type]
        if not (half_made and closed):
            super()._handle_exception(error)

    def delay_update(self, delay: float = 0.0) -> None:
        """Draw a view that is switched to at once.

        Textual would wait for 50 ms, to hide how a screen is made; here all views are made before.
        """

    async def make_views(self) -> None:
        """Mount the views that are not in sight, so that each opens at once."""
        for mode in self.MODES:
            await self._init_mode(mode)

    async def on_event(self, event: events.Event) -> None:
        # What is typed takes a way through queues. In the filter it is taken in at once: otherwise
        # quick letters would overtake the enter that came before them.
        if isinstance(event, events.Key) and await self._filter_obeys(event):
            return
        await super().on_event(event)

    async def _filter_obeys(self, key: events.Key) -> bool:
        line = self.focused
        if not isinstance(line, FilterInput) or key.is_forwarded:
            return False
        return await self._check_bindings(key.key, priority=True) or await line.obey(key)

    def action_next_view(self) -> None:
        modes = list(self.MODES)
        self._go_to(modes[(modes.index(self.current_mode) + 1) % len(modes)])

    def _go_to(self, mode: str) -> None:
        with self.batch_update():  # what it showed when it was last in sight is not drawn
            self.switch_mode(mode)
            if isinstance(self.screen, View):
                self.screen.redraw()

    def show_digits(self, selection: str) -> None:
        """Go to the mistakes view and show there what is selected, as in "true=4 pred=9"."""
        self._go_to("mistakes")
        view = self.screen
        assert isinstance(view, MistakesView)

        def choose() -> None:
            view.draw(self.model)  # it may not have seen the last look yet
            view.choose(selection)

        view.call_after_refresh(choose)  # its widgets may not be there yet

    def action_command_palette(self) -> None:
        if isinstance(self.screen, View):  # a dialog has questions of its own
            self.push_screen(Palette(id="--command-palette"))

    def action_toggle_theme(self) -> None:
        self.theme = "textual-light" if self.current_theme.dark else "textual-dark"

    def action_help(self) -> None:
        own = keys(self.screen_stack[0].BINDINGS)
        # Those of the view in sight come first.
        groups = sorted(self.key_groups(), key=lambda group: group[1] != own)
        self.push_screen(HelpDialog(groups))

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
            ("Confusion", keys(ConfusionView.BINDINGS)),
        ]


def keys(bindings: Iterable[BindingType]) -> list[Binding]:
    return [each for each in bindings if isinstance(each, Binding)]
