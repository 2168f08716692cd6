"""`digit-tui manual`: the manual."""

from __future__ import annotations

import sys

import click


@click.command()
@click.argument("topic", required=False)
def manual(topic: str | None) -> None:
    """List the topics of the manual, or show one."""
    from digit_tui.cli.manual import show_manual

    sys.exit(show_manual(topic))
