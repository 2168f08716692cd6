"""`digit-tui manual`: the list of its topics, or one of them."""

from __future__ import annotations

import os
import shutil
import sys
from io import StringIO

import click

from digit_tui.manual import NoSuchTopic, find, read, topics
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.output import Output, print_error

WIDEST = 100
"""Longer lines of words are hard to read."""


def show_manual(name: str | None) -> int:
    """List the topics, or show one; returns the exit status.

    On a terminal a topic is laid out and paged; anywhere else it is printed as it is written.

    Args:
        name: a topic, or the beginning of its name; None is the list.
    """
    output = Output()
    if name is None:
        output.line(listing())
        return output.status or ExitStatus.DONE
    try:
        text = read(find(name))
    except NoSuchTopic as error:
        print_error(str(error))
        return ExitStatus.USAGE
    if draws():
        # As git does: what fits on the screen needs no pager, and stays there.
        os.environ.setdefault("LESS", "-FRX")
        click.echo_via_pager(laid_out(text, min(shutil.get_terminal_size().columns, WIDEST)))
    else:
        output.line(text, end="")
    return output.status or ExitStatus.DONE


def listing() -> str:
    """All topics, and how to open one."""
    named = topics()
    width = max(map(len, named))
    lines = [f"  {topic:<{width}}  {title}" for topic, title in named.items()]
    return "\n".join(
        ["The manual of digit-tui. To read a topic: digit-tui manual TOPIC", "", *lines]
    )


def draws() -> bool:
    """Whether standard output is a terminal that can show styles and lines of tables."""
    return (
        sys.stdout is not None
        and not sys.stdout.closed
        and sys.stdout.isatty()
        and os.environ.get("TERM") not in ("dumb", "unknown")
        and sys.stdout.encoding.lower().replace("-", "") == "utf8"
    )


def laid_out(text: str, width: int) -> str:
    """A topic as a terminal shows it, with styles.

    Args:
        text: the topic, in Markdown.
        width: in columns.
    """
    from rich.console import Console

    from digit_tui.manual.layout import Topic

    console = Console(file=StringIO(), force_terminal=True, width=width)
    with console.capture() as capture:
        console.print(Topic(text))
    return capture.get()
