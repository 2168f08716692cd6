"""Errors about sweeps as a whole."""

from __future__ import annotations


class StudyError(RuntimeError):
    """A study cannot be opened, made or used: one line that says which, and why."""


class StorageTrouble(StudyError):
    """The storage of a study did not answer for so long that waiting makes no sense."""


class Unavailable(StudyError):
    """A package is missing that is not installed unless it is asked for."""
