"""`digit-tui completion`: what makes a shell complete the words of a command."""

from __future__ import annotations

import sys

import click


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def completion(shell: str) -> None:
    """Print what makes a SHELL complete options, names of runs and datasets.

    On a terminal it says how to install it; else it prints the script itself.
    """
    from digit_tui.cli.completion import print_completion

    sys.exit(print_completion(shell))
