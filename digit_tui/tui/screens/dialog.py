"""Base classes of the dialogs: their frame, their buttons, and how they close."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding
from textual.command import CommandPalette, DiscoveryHit
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen, Screen, ScreenResultType
from textual.widgets import Static

from digit_tui.data import printable
from digit_tui.tui.widgets.button import Button


class ClosesOnce(Screen[ScreenResultType]):
    """A screen that closes no other screen.

    If a second key arrives when the first has closed it already, Textual would close the screen
    that is on top by then: perhaps a dialog that is just being opened, or the last screen.
    """

    def dismiss(self, result: Any = None) -> AwaitComplete:
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()


class Dialog(ModalScreen[ScreenResultType], ClosesOnce[ScreenResultType]):
    """A question on top of a view, in a frame with its title (`TITLE`).

    Below it is a row of buttons: one for each of its bindings that is shown. They stay in sight
    where the rest has to be scrolled.
    """

    BINDINGS = [Binding("question_mark", "app.help", show=False, id="help")]
    HORIZONTAL_BREAKPOINTS = [(0, "-slim"), (74, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (24, "-high")]
    SCROLLS: ClassVar[bool] = False
    """Whether keys scroll it."""
    EXPLAINED: ClassVar[bool] = True
    """Whether a key says what it shows."""
    MESSAGE: ClassVar[bool] = False
    """Whether it has two lines above its buttons for a message."""

    def __init__(self) -> None:
        super().__init__()
        # As in View: the app has parsed the styles already.
        self._css_update_count = self.app._css_update_count

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as box:
            box.border_title = self.title
            with VerticalScroll(classes="dialog-body", can_focus=self.SCROLLS):
                yield from self.compose_content()
            with Vertical(classes="dialog-foot"):
                if self.MESSAGE:
                    yield Static(classes="dialog-message")
                with Horizontal():
                    for binding in self.BINDINGS:
                        if isinstance(binding, Binding) and binding.show:
                            yield Button(binding)

    def on_mount(self) -> None:
        self.app.clear_notifications()  # they would cover it

    def compose_content(self) -> ComposeResult:
        """What is in the frame, above the buttons."""
        raise NotImplementedError

    def tell(self, *lines: str, wrong: bool = False) -> None:
        """Show a message.

        Args:
            lines: of the message, which takes the place of the one before.
            wrong: whether it says what is wrong with what was entered.
        """
        for widget in self.query(".dialog-message").results(Static):  # none: it is being opened
            widget.set_class(wrong, "-wrong")
            widget.update(Text("\n".join(map(printable, lines))))


class Palette(CommandPalette, ClosesOnce[None]):
    """Textual's command palette."""

    def dismiss(self, result: None = None) -> AwaitComplete:
        if self.app.screen is not self:
            # A second enter in one write. After this Textual would run the command once more.
            self._selected_command = DiscoveryHit("", lambda: None)
        return super().dismiss(result)
