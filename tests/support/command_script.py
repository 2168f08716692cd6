"""Commands that come by themselves, each before a step of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from digit_tui.run.commands import Command


class CommandScript:
    """Commands with the step before which each takes effect, as a journal records them."""

    def __init__(self, commands: Iterable[tuple[int, Command]]) -> None:
        self._commands = list(commands)

    def take(self, step: int) -> Iterator[Command]:
        while self._commands and self._commands[0][0] <= step:
            yield self._commands.pop(0)[1]

    def steps_until_due(self, step: int) -> int:
        return self._commands[0][0] - step if self._commands else sys.maxsize

    def waiting(self) -> bool:
        return False

    def stopping(self) -> bool:
        return False

    def wait(self, step: int) -> Command:
        """The next command, whatever its step: a paused run makes no steps to wait for.

        Raises:
            EOFError: if the script has ended and the run would wait for ever.
        """
        if not self._commands:
            raise EOFError(f"the script leaves the run paused at step {step}")
        return self._commands.pop(0)[1]
