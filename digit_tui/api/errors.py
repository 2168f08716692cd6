"""What the Python API raises. Each message is a sentence for a person."""

from __future__ import annotations

from digit_tui.config import ConfigError
from digit_tui.data.errors import DataError
from digit_tui.storage.errors import RunError

__all__ = ["ConfigError", "DataError", "DivergedError", "RefusedError", "RunError"]


class RefusedError(RunError):
    """The run cannot do what was asked for; nothing has changed."""


class DivergedError(RunError):
    """The loss or the gradient is NaN or infinite: the step was not made.

    The run can still be used: `undo` goes back to when it was good, `set` changes what is to blame.
    """
