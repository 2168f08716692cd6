"""What the Python API raises. Each message is a sentence for a person."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from digit_tui.config import ConfigError
from digit_tui.data.errors import DataError
from digit_tui.storage.errors import RunError, RunTaken
from digit_tui.storage.lock import lock_owner

__all__ = ["ConfigError", "DataError", "DivergedError", "RefusedError", "RunError", "taken_here"]


class RefusedError(RunError):
    """The run cannot do what was asked for; nothing has changed."""


class DivergedError(RunError):
    """The loss or the gradient is NaN or infinite: the step was not made.

    The run can still be used: `undo` goes back to when it was good, `set` changes what is to blame.
    """


@contextmanager
def taken_here(folder: Path | None) -> Iterator[None]:
    """Say so if it is this process itself that uses a folder already."""
    try:
        yield
    except RunTaken as error:
        if folder is None or lock_owner(folder) != os.getpid():
            raise
        raise RunTaken(f"{folder} is in use by another run of this program: close it") from error
