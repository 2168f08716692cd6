"""A disk whose calls are watched on their way to the system, and may fail or end the process."""

from __future__ import annotations

import builtins
import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from digit_tui.storage import atomic, journal, metrics_file
from digit_tui.training.trainer import Trainer

CALLS = ("write", "fsync", "replace", "link", "open", "unlink", "ftruncate", "mkdir", "rmdir")
"""Functions of `os` that change a folder, or let something change it; tempfile and pathlib use
them too."""


class Call(NamedTuple):
    number: int
    name: str
    half: bool
    """It is a write, half of which was made."""


class Disk:
    """The calls that change files, on their way to the system.

    Attributes:
        calls: the names of those that were made.
        synced: inodes to the bytes that are safe whatever happens to the machine.
        trainer: of the run that makes them.
    """

    def __init__(self, trainer: Trainer, meet: Callable[[Disk, Call], None]) -> None:
        """Be there from now on; `follow` lets it see the calls.

        Args:
            trainer: whose calls they are.
            meet: is told of each call before it is made, and of a write again when half of it is;
                what it raises is the result of the call.
        """
        self.calls: list[str] = []
        self.synced: dict[int, int] = {}
        self.trainer = trainer
        self._meet = meet
        self._watching = False

    def follow(self, begun: bool = True) -> Iterator[Any]:
        """Run, with all calls watched; those before the first event only if it is not `begun`."""
        events = self.trainer.run()
        if begun:
            yield next(events)
        with pytest.MonkeyPatch.context() as patch:
            for name in CALLS:
                patch.setattr(os, name, self._watched(name, getattr(os, name)))
            for module in (atomic, journal, metrics_file):
                patch.setattr(module, "open", self._open, raising=False)
            while True:
                self._watching = True
                try:
                    event = next(events)
                except StopIteration:
                    return
                finally:
                    self._watching = False  # what a test does is no business of ours
                yield event

    def _watched(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*values: Any, **options: Any) -> Any:
            if not self._watching:
                return call(*values, **options)
            number = self._begin(name)
            if name == "write":
                descriptor, content = values
                half = call(descriptor, content[: len(content) // 2])
                self._tell(Call(number, name, half=True))
                return half + call(descriptor, content[half:])
            result = call(*values, **options)
            if name == "fsync":
                about = os.fstat(values[0])
                self.synced[about.st_ino] = about.st_size
            elif name == "open" and values[1] & os.O_EXCL:  # new, though its inode may be old
                self.synced.pop(os.fstat(result).st_ino, None)
            return result

        return watched

    def _begin(self, name: str) -> int:
        self.calls.append(name)
        number = len(self.calls) - 1
        self._tell(Call(number, name, half=False))
        return number

    def _tell(self, call: Call) -> None:
        self._watching = False
        try:
            self._meet(self, call)
        finally:
            self._watching = True

    def _open(self, *values: Any) -> Any:
        self._begin("open")
        return WatchedFile(builtins.open(*values), self._begin, self._tell)


class WatchedFile:
    """A file whose writes are watched."""

    def __init__(self, file: Any, begin: Callable[[str], int], tell: Callable[[Call], None]):
        self._file, self._begin, self._tell = file, begin, tell

    def write(self, content: bytes) -> int:
        number = self._begin("write")
        half = self._file.write(content[: len(content) // 2])
        self._file.flush()
        self._tell(Call(number, "write", half=True))
        return int(half + self._file.write(content[half:]))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> WatchedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
