"""The manual, inside the program: a list of its topics, and each of them to be read.

A topic is laid out by rich in one widget, as `digit-tui manual` does it. Textual's own Markdown
makes a widget of every cell of a table, which takes three times as long to open and leaves columns
of a word's width in a small terminal; and its links would open a browser.
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import OptionList, Static

from digit_tui.manual import read, topics
from digit_tui.manual.layout import Topic
from digit_tui.tui.screens.dialog import Dialog
from digit_tui.tui.screens.list_dialog import ListDialog
from digit_tui.tui.widgets.lines import Lines

CLOSE = Binding("escape,q", "dismiss", "Back", key_display="esc")


class ManualDialog(ListDialog[None]):
    """The list of topics."""

    TITLE = "Manual"
    EXPLAINED = False
    BINDINGS = [Binding("enter", "submit", "Open", key_display="enter"), CLOSE]

    def compose_content(self) -> ComposeResult:
        self._topics = topics()
        width = max(map(len, self._topics))
        lines = [f"  {topic:<{width}}  {title}" for topic, title in self._topics.items()]
        yield Lines(*lines, markup=False)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        if self.app.screen is self:  # a second enter in one write opens no second topic
            self.app.push_screen(TopicDialog(list(self._topics)[event.option_index]))


class TopicDialog(Dialog[None]):
    """One topic."""

    SCROLLS = True
    EXPLAINED = False
    BINDINGS = [CLOSE]

    def __init__(self, topic: str) -> None:
        super().__init__()
        self.title = f"Manual: {topic}"
        self._topic = topic

    def compose_content(self) -> ComposeResult:
        yield Static(Topic(read(self._topic)))
