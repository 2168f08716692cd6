"""`digit-tui manual`: the manual."""

from __future__ import annotations

import sys

import click
from click.shell_completion import CompletionItem


def _topics(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """What a shell completes."""
    from digit_tui.manual import topics

    return [
        CompletionItem(topic, help=title)
        for topic, title in topics().items()
        if topic.startswith(incomplete)
    ]


@click.command()
@click.argument("topic", required=False, shell_complete=_topics)
def manual(topic: str | None) -> None:
    """List the topics of the manual, or show one."""
    from digit_tui.cli.manual import show_manual

    sys.exit(show_manual(topic))
