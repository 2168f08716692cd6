"""Sessions of the line-by-line mode, with lines from a list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from threading import Thread
from typing import Any

from support.command_script import CommandScript

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.plain.lines import EndOfInput, Line
from digit_tui.plain.session import Session
from digit_tui.run import commands
from digit_tui.run.events import RunEnded
from digit_tui.training.trainer import Trainer

CONFIG = RunConfig(data="sample", hidden=(8,), batch_size=125, epochs=2, augment="shift")
"""32 steps an epoch."""


class Typed:
    """Lines that are there."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)

    def start(self, put: Callable[[Line | EndOfInput], None]) -> None:
        self._put = put

    def more(self) -> None:
        line = next(self._lines, None)
        self._put(EndOfInput() if line is None else Line(line))


class Ended:
    """A session that is over."""

    def __init__(self, session: Session, status: int, out: str, err: str) -> None:
        self.run = session.run
        self.status = status
        self.lines = out.splitlines()
        self.err = err

    @property
    def sha256(self) -> str:
        assert self.run.ended is not None
        return self.run.ended.weights_sha256

    def find(self, pattern: str) -> str:
        """The one line that matches."""
        (line,) = self.all(pattern)
        return line

    def all(self, pattern: str) -> list[str]:
        return [line for line in self.lines if re.search(pattern, line)]


Converse = Callable[..., Ended]


def headless(sample: Dataset, *script: tuple[int, commands.Command], **options: Any) -> RunEnded:
    """The same without anybody.

    In a thread too: the number of BLAS threads can be set by one thread of a process only.
    """
    told: list[Any] = []
    trainer = Trainer(CONFIG.with_(**options), sample, CommandScript(script), interactive=True)
    thread = Thread(target=lambda: told.extend(trainer.run()))
    thread.start()
    thread.join(60)
    assert isinstance(told[-1], RunEnded)
    return told[-1]
