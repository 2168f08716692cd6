"""Usage errors know the command that they are of, so that its own help is named."""

from __future__ import annotations

from types import TracebackType

import click


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
        return super().__exit__(exc_type, exc_value, tb)


def name_in_errors(command: click.Command) -> None:
    """Have the errors of a command, and of its subcommands, name it."""
    command.context_class = NamingContext
    if isinstance(command, click.Group):
        for each in command.commands.values():
            name_in_errors(each)
