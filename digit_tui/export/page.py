"""A page as a whole: its head, and that it reaches for nothing outside itself."""

from __future__ import annotations

from collections.abc import Iterable

from digit_tui.export.markup import ascii_only, safe

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""Whatever text got into the page, it can fetch and send nothing."""

START = f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">"""
"""How every page begins, which tells it from the pages of others."""


def whole_page(title: str, style: str, body: Iterable[str]) -> str:
    """A page, in ASCII.

    Args:
        title: a text.
        style: CSS.
        body: lines of markup, so that texts in them are `safe` already.
    """
    parts = [
        START,
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{safe(title)}</title>",
        f"<style>{style}</style>",
        "</head>",
        "<body>",
        *body,
        "</body>",
        "</html>",
        "",
    ]
    return ascii_only("\n".join(parts))
