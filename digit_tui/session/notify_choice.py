"""How a person wants to be told that a run has ended, as it is written."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import dataclass

BELL, TERMINAL, NONE = WAYS = ("bell", "terminal", "none")
"""All but a command."""


@dataclass(frozen=True)
class Notify:
    """A way to tell it."""

    way: str
    """bell, terminal or none; else the command as it was written."""
    command: tuple[str, ...] = ()
    """The words of the command; () if it is none."""

    @classmethod
    def parse(cls, text: str) -> Notify:
        """A way of `WAYS`, or a command: words as in a shell, but no shell runs it.

        Raises:
            ValueError: if it is neither.
        """
        text = text.strip()
        if text in WAYS:
            return cls(text)
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise ValueError(f"{text!r} is not a command: {str(error).lower()}") from None
        if not words or not words[0]:
            raise ValueError(f"give {', '.join(WAYS)} or a command")
        if shutil.which(words[0]) is None:
            raise ValueError(f"{words[0]!r} is none of {', '.join(WAYS)}, nor a program here")
        return cls(text, tuple(words))

    def __str__(self) -> str:
        return self.way
