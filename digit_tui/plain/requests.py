"""What a line asks for."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from digit_tui.run import commands

MISTAKES = 5
LOG_LINES = 10


class InputError(ValueError):
    """A line that can not be obeyed: says what is wrong, and what is possible."""


@dataclass(frozen=True)
class RunCommand:
    """Something that the run is asked for."""

    command: commands.Command


@dataclass(frozen=True)
class Steps:
    """Train on so many batches, one after the other."""

    count: int


@dataclass(frozen=True)
class Back:
    """Go to a snapshot."""

    row: int
    """Of the timeline, counted from 1."""


@dataclass(frozen=True)
class Wait:
    """Do not take the next line before the run stands still, or has come so far."""

    epoch: float = inf


@dataclass(frozen=True)
class ShowTimeline:
    """List the snapshots."""


@dataclass(frozen=True)
class ShowStatus:
    """Say how the run stands."""


@dataclass(frozen=True)
class Mistakes:
    """List the digits that are classified wrong with the highest loss."""

    count: int = MISTAKES
    draw: bool = False
    selection: str = ""
    """Which of them; see `parse_selection`."""


@dataclass(frozen=True)
class Digit:
    """Show a test digit."""

    index: int


@dataclass(frozen=True)
class Confusion:
    """Show which digits are taken for which."""


@dataclass(frozen=True)
class ShowValidation:
    """Be about the held-out digits again, after the test digits were opened."""


@dataclass(frozen=True)
class Log:
    """Repeat the last lines of what happened."""

    count: int = LOG_LINES


@dataclass(frozen=True)
class Verbose:
    """Report each epoch, or not so often."""

    on: bool


@dataclass(frozen=True)
class Help:
    """List what can be typed."""

    command: str | None = None


@dataclass(frozen=True)
class Quit:
    """Save and leave."""


Request = (
    RunCommand
    | Steps
    | Back
    | Wait
    | ShowTimeline
    | ShowStatus
    | Mistakes
    | Digit
    | Confusion
    | ShowValidation
    | Log
    | Verbose
    | Help
    | Quit
)
