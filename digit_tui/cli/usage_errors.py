"""Usage errors know the command that they are of, so that its own help is named."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

import click

OTHER_NAMES = {"remove": "rm", "delete": "rm", "settings": "config"}
"""What people call a subcommand that has another name."""
LIKE = 0.8
"""Likeness of names, as difflib measures it, from which what is less like is not offered."""
TO_TRAIN = ("train", "start", "learn")
"""What people call what `digit-tui` does without a subcommand."""


class NamingContext(click.Context):
    """A context that errors take with them; click's parser forgets it where a value is missing."""

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        tb: TracebackType | None,
    ) -> bool | None:
        if isinstance(exc_value, click.UsageError) and exc_value.ctx is None:
            exc_value.ctx = self
        if isinstance(exc_value, click.NoSuchOption) and exc_value.possibilities:
            likely = _likely(exc_value.option_name, exc_value.possibilities)
            exc_value.possibilities[:] = likely
        return super().__exit__(exc_type, exc_value, tb)


def _likely(name: str, possibilities: Sequence[str]) -> Sequence[str]:
    """Those that a name is very like, if there are any; else all of them."""
    from difflib import get_close_matches

    return get_close_matches(name, possibilities, cutoff=LIKE) or possibilities


def hint(error: click.ClickException) -> str:
    """What a person may mean by a subcommand that click finds nothing like; "" if that is open."""
    if not isinstance(error, click.NoSuchCommand) or error.possibilities or error.ctx is None:
        return ""
    from difflib import get_close_matches

    name, context = error.command_name, error.ctx
    other = OTHER_NAMES.get(name)
    if isinstance(context.command, click.Group) and other in context.command.commands:
        return f" Did you mean {other!r}?"
    if name == "help":
        return " Did you mean '--help'?"
    if context.info_name == "runs" and _is_run(name):
        return f" To show a run, write {context.command_path} show {name}."
    if context.parent is None and get_close_matches(name, TO_TRAIN, 1):
        return f" To train, write {context.command_path} or {context.command_path} --batch."
    return ""


def _is_run(name: str) -> bool:
    """Whether a run is called so."""
    from digit_tui.storage.run_files import runs_folder

    plain = name.replace("-", "").replace("_", "").isalnum()
    return name == "last" or (plain and (runs_folder() / name).is_dir())


def name_in_errors(command: click.Command) -> None:
    """Have the errors of a command, and of its subcommands, name it."""
    command.context_class = NamingContext
    if isinstance(command, click.Group):
        for each in command.commands.values():
            name_in_errors(each)
