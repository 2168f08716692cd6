"""The manual, inside the program: a list of its topics, and each of them to be read.

A topic is laid out by rich in one widget, as `digit-tui manual` does it. Textual's own Markdown
makes a widget of every cell of a table, which takes three times as long to open and leaves columns
of a word's width in a small terminal; and its links would open a browser.
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.widgets import OptionList, Static

from digit_tui.manual import read, topics
from digit_tui.manual.layout import Topic
from digit_tui.tui.screens.dialog import Dialog

CLOSE = Binding("escape,q", "dismiss", "Back")


class ManualDialog(Dialog[None]):
    """The list of topics."""

    BINDINGS = [CLOSE]
    CSS = """
    ManualDialog .dialog OptionList {
        width: 56;
        max-width: 100%;
        max-height: 100%;
        margin: 0;
        text-wrap: nowrap;
        text-overflow: ellipsis;
    }
    """

    def compose(self) -> ComposeResult:
        self._topics = topics()
        width = max(map(len, self._topics))
        lines = [f"{topic:<{width}}  {title}" for topic, title in self._topics.items()]
        with Vertical(classes="dialog") as box:
            box.border_title = "Manual"
            box.border_subtitle = "enter opens a topic, esc goes back"
            yield OptionList(*lines, markup=False)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        if self.app.screen is self:  # a second enter in one write opens no second topic
            self.app.push_screen(TopicDialog(list(self._topics)[event.option_index]))


class TopicDialog(Dialog[None]):
    """One topic."""

    BINDINGS = [CLOSE]
    CSS = """
    TopicDialog .dialog {
        width: 100%;
        max-width: 92;
        height: 100%;
        max-height: 100%;
        padding: 0 1;
    }
    """

    def __init__(self, topic: str) -> None:
        super().__init__()
        self._topic = topic

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="dialog") as box:
            box.border_title = f"Manual: {self._topic}"
            box.border_subtitle = "\u2191 \u2193 pgup pgdn scroll, esc goes back"
            yield Static(Topic(read(self._topic)))
