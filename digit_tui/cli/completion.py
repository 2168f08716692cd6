"""`digit-tui completion`: the script for a shell, or how it is installed."""

from __future__ import annotations

import sys

import click
from click.shell_completion import get_completion_class

from digit_tui.cli.bash_completion import BashScript
from digit_tui.session.exit_status import ExitStatus

VARIABLE = "_DIGIT_TUI_COMPLETE"
"""By which the script asks the program; click makes it of the program's name."""
INSTALL = {
    "bash": """To complete in this shell:

    eval "$(digit-tui completion bash)"

In each new shell (bash 4.4 or newer): add that line to ~/.bashrc.""",
    "zsh": """To complete in this shell:

    eval "$(digit-tui completion zsh)"

In each new shell: add that line to ~/.zshrc, below the line with compinit (if there is
none, add this one first: autoload -Uz compinit && compinit).""",
    "fish": """To complete in this shell:

    digit-tui completion fish | source

In each new shell:

    digit-tui completion fish > ~/.config/fish/completions/digit-tui.fish""",
}


def print_completion(shell: str) -> int:
    """Print the script for a shell; on a terminal, how to use it. Returns the exit status.

    Args:
        shell: bash, zsh or fish.
    """
    if sys.stdout is not None and sys.stdout.isatty():
        click.echo(INSTALL[shell])
        return ExitStatus.DONE
    kind = BashScript if shell == "bash" else get_completion_class(shell)
    assert kind is not None
    program = click.get_current_context().find_root().command
    try:
        script = kind(program, {}, "digit-tui", VARIABLE).source()
    except RuntimeError as error:  # a bash that is too old
        click.echo(f"digit-tui: {error}", err=True)
        return ExitStatus.FAILURE
    click.echo(script)
    return ExitStatus.DONE
