"""HTML and SVG elements whose texts are escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from digit_tui.data import printable


def safe(text: object) -> str:
    """Text from outside, escaped so that it cannot become HTML."""
    return escape(printable(str(text)))


def element(name: str, content: str = "", **attributes: object) -> str:
    """An element.

    Args:
        name: of the element.
        content: markup, so that texts in it are `safe` already.
        attributes: by their names, with _ for -, and class_ for class; those that are None are left
            out. Their values are escaped here.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{safe(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{content}</{name}>"


def table(
    caption: str,
    heads: Iterable[str],
    rows: Iterable[Iterable[str]],
    class_: str | None = None,
) -> str:
    """A table of texts, the first of each row its heading.

    Args:
        caption: what it shows.
        heads: of its columns.
        rows: a text for each column.
        class_: of the table.
    """
    head = "".join(element("th", safe(each), scope="col") for each in heads)
    body = "\n".join(
        element("tr", element("th", safe(first), scope="row") + "".join(map(_cell, cells)))
        for first, *cells in rows
    )
    return element(
        "table",
        f"{element('caption', safe(caption))}<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody>",
        class_=class_,
    )


def _cell(text: str) -> str:
    return element("td", safe(text))


def scrolling(content: str, label: str) -> str:
    """What may be wider than the page: it scrolls by itself, by the keyboard, too."""
    return element("div", content, class_="wide", tabindex=0, role="region", aria_label=label)


def folded(summary: str, content: str) -> str:
    """What only who wants it opens."""
    return element("details", element("summary", safe(summary)) + content)


def ascii_only(markup: str) -> str:
    """The markup with references for all other characters, so that no encoding spoils it."""
    return markup.encode("ascii", "xmlcharrefreplace").decode("ascii")
