"""How a topic looks in a terminal. Apart from the texts, as it needs rich."""

from __future__ import annotations

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Markdown, TableElement
from rich.table import Table
from rich.theme import Theme

THEME = Theme(
    {
        # Without rich's own black background, which is a stain on a light terminal.
        "markdown.code": "bold cyan",
        "markdown.h2": "bold underline",
        "markdown.h3": "bold",
    }
)


class FoldedTable(TableElement):
    """A table that breaks long words where a narrow terminal has no room, and cuts none off."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for table in super().__rich_console__(console, options):
            assert isinstance(table, Table)
            for column in table.columns:
                column.overflow = "fold"
            yield table


class TopicMarkdown(Markdown):
    elements = Markdown.elements | {"table_open": FoldedTable}


class Topic:
    """Markdown laid out in columns, in the colours of the terminal's own theme."""

    def __init__(self, text: str) -> None:
        """Parse it.

        Args:
            text: a topic, in Markdown.
        """
        self._markdown = TopicMarkdown(text, code_theme="ansi_dark", hyperlinks=False)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        with console.use_theme(THEME):
            yield from console.render(self._markdown, options)
