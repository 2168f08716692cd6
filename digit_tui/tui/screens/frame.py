"""The base class of all full-screen views: tabs above, keys below, and when it is drawn."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.geometry import Size
from textual.screen import Screen
from textual.visual import VisualType

from digit_tui.tui.bindings import SHOWN_FIRST
from digit_tui.tui.screens.frame_host import FrameHost
from digit_tui.tui.screens.hints import hint_at
from digit_tui.tui.widgets.key_bar import KeyBar
from digit_tui.tui.widgets.tab_bar import TabBar
from digit_tui.tui.widgets.too_small import MINIMUM, TooSmall

LARGE = Size(160, 50)
"""From here on there is more to see at once; it has the classes of a wide and high screen too."""


class Frame(Screen[None]):
    """Tabs, what a subclass shows, and the bar of keys; or that the terminal is too small."""

    TAB: ClassVar[str]
    """Its name on the tab bar."""

    BINDINGS = [
        Binding(
            "tab",
            "app.next_view",
            "View",
            id="next_view",
            priority=True,
            tooltip="Show the next view of the run",
        ),
        Binding(
            "shift+tab",
            "app.next_view(-1)",
            "View before",
            show=False,
            id="previous_view",
            priority=True,
            tooltip="Show the view before",
        ),
    ]
    HORIZONTAL_BREAKPOINTS = [
        (0, "-too-small"),
        (MINIMUM.width, "-tiny"),
        (74, "-narrow"),
        (110, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [
        (0, "-too-low"),
        (MINIMUM.height, "-flat"),
        (24, "-low"),
        (36, "-high"),
    ]

    ready = False
    """Whether all its widgets are mounted; events may come before."""

    def __init__(self) -> None:
        super().__init__()
        self._redraw_pending = False
        # Textual parses all styles again for a new screen, twice, in case the theme has changed:
        # half of the time that it takes to open a view. The app has parsed them already.
        self._css_update_count = self.app._css_update_count
        # Styles are applied as soon as there are widgets: for the screen as it is, else they would
        # be applied to all of them again.
        width, height = self.app.size
        self._classes |= self._get_breakpoint_classes(width, self.HORIZONTAL_BREAKPOINTS)
        self._classes |= self._get_breakpoint_classes(height, self.VERTICAL_BREAKPOINTS)

    @classmethod
    def parts(cls) -> list[tuple[str, Sequence[BindingType]]]:
        """What has keys, with its title: the view itself, and its pages where it has some."""
        return [(cls.TAB, cls.BINDINGS)]

    @property
    def part(self) -> str:
        """The title of what is shown."""
        return self.TAB

    @property
    def host(self) -> FrameHost:
        """The app, as views see it."""
        return cast(FrameHost, self.app)

    @property
    def words_now(self) -> dict[str, str]:
        """What keys do at this moment where that changes, by their ids."""
        return self.host.words_now

    @property
    def keys_first(self) -> Sequence[str]:
        """What the key bar has room for first, by id."""
        return SHOWN_FIRST

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """What the key bar and the palette offer."""
        found: dict[str, ActiveBinding] = {}
        for key, active in super().active_bindings.items():
            binding = active.binding
            if self.host.offers(binding.action):
                word = self.words_now.get(binding.id or "", binding.description)
                found[key] = active._replace(binding=replace(binding, description=word))
        if not self.app._keymap:
            return found
        # Textual puts keys of the user's own last, and so tears groups apart.
        places: dict[str, int] = {}
        for _, bindings in self.app._binding_chain:
            for key, binding in bindings:
                places.setdefault(binding.id or key, len(places))
        last = len(places)
        in_order = sorted(
            found.items(), key=lambda item: places.get(item[1].binding.id or item[0], last)
        )
        return dict(in_order)

    @property  # type: ignore[misc]
    def tooltip(self) -> VisualType | None:
        """Textual asks for it when the mouse rests on something without a tooltip of its own."""
        return hint_at(self, self.app.mouse_position)

    def compose(self) -> ComposeResult:
        yield TabBar(self.host.tabs, self.TAB)
        yield from self.compose_body()
        yield KeyBar(lambda: self.keys_first)
        yield TooSmall()

    @abstractmethod
    def compose_body(self) -> ComposeResult:
        """All between the tabs and the keys."""

    def on_mount(self) -> None:
        self.ready = True
        # Canvas lines hold colours, so a new theme shows only when they are drawn again.
        self.app.theme_changed_signal.subscribe(
            self, lambda _: self.call_after_refresh(self.redraw)
        )
        self.call_after_refresh(self.redraw)

    def on_screen_suspend(self) -> None:
        self.query_one(KeyBar).refresh()  # under a dialog few keys work

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        self.query_one(KeyBar).refresh()
        event.refresh_styles = False  # they are up to date, and take as long as all else
        # Textual sends a new size only to the screen on top: catch up on the breakpoints.
        self.post_message(events.Resize(self.app.size, self.app.size))

    def on_tab_bar_chosen(self, message: TabBar.Chosen) -> None:
        self.host.show_view(message.mode)

    def on_resize(self) -> None:
        width, height = self.app.size
        self.set_class(width >= LARGE.width and height >= LARGE.height, "-large")
        self.call_after_refresh(self.redraw)

    def on_canvas_resized(self) -> None:
        self.redraw_once()

    def redraw_once(self) -> None:
        """Draw everything after the present messages, once for all that ask for it."""
        if not self._redraw_pending:
            self._redraw_pending = True
            self.call_after_refresh(self._redraw_now)

    def _redraw_now(self) -> None:
        self._redraw_pending = False
        self.redraw()

    @abstractmethod
    def redraw(self) -> None:
        """Draw everything now."""
