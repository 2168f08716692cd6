"""Errors about runs on disk."""

from __future__ import annotations


class RunError(Exception):
    """A run's folder cannot be read or used: the message is one line that says where and why."""


class RunTaken(RunError):
    """The folder is fine, but it holds another run already, or another process uses it."""


class OtherRun(RunError):
    """A checkpoint is fine, but it belongs to another run than the folder's run.json."""
