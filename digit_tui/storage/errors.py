"""What can be wrong with a run on disk."""

from __future__ import annotations


class RunError(Exception):
    """A run's folder can not be read or used: one line that says what is wrong and where."""


class RunTaken(RunError):
    """The folder can be used, but not for this: another run, or another process, has it."""
