"""What a typed line can ask for."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from digit_tui.run import commands

MISTAKES = 5
LOG_LINES = 10


class InputError(ValueError):
    """A line that cannot be carried out: says what is wrong, and what is possible."""


@dataclass(frozen=True)
class RunCommand:
    """Send a command to the run."""

    command: commands.Command


@dataclass(frozen=True)
class FindRate:
    """Find a learning rate, by a range test on a copy of the run."""


@dataclass(frozen=True)
class MakeSteps:
    """Train on a number of batches, one after the other."""

    count: int


@dataclass(frozen=True)
class TeachFork:
    """Teach a fork the digits that the person drew."""


@dataclass(frozen=True)
class GoToRow:
    """Go back to a snapshot."""

    row: int
    """Of the timeline, counted from 1."""


@dataclass(frozen=True)
class Wait:
    """Take the next line only when the run has paused or ended, or has reached an epoch."""

    epoch: float = inf


@dataclass(frozen=True)
class ShowTimeline:
    """List the snapshots."""

    every: bool
    """Also those that make one line with others."""


@dataclass(frozen=True)
class ShowStatus:
    """Show the state of the run."""


@dataclass(frozen=True)
class ListMistakes:
    """List the misclassified digits with the highest loss."""

    count: int = MISTAKES
    draw: bool = False
    selection: str = ""
    """Which of them; see `parse_selection`."""


@dataclass(frozen=True)
class ShowDigit:
    """Draw a digit with its most probable classes."""

    index: int


@dataclass(frozen=True)
class ReadDrawing:
    """Say what the network reads in the rows of characters that follow, up to an empty line."""

    square: bool = False
    """Whether a character is as high as wide; else it is as it looks, twice as high."""


@dataclass(frozen=True)
class ShowUnit:
    """Show one unit of a layer of the network."""

    layer: int
    """Counted from 1."""
    unit: int
    """Counted from 0."""


@dataclass(frozen=True)
class PredictFile:
    """Say what the network takes the digits of a picture for."""

    file: str


@dataclass(frozen=True)
class ShowConfusion:
    """Show which digits are confused with which."""


@dataclass(frozen=True)
class ShowNetwork:
    """Show each layer of the network."""

    layer: int | None = None
    """Show the distributions in this one instead, counted from 1."""
    check: bool = False
    """Check the gradient instead."""


@dataclass(frozen=True)
class ShowRobustness:
    """Say how well digits are read that were made worse."""


@dataclass(frozen=True)
class ShowHealth:
    """Say what ails the run."""


@dataclass(frozen=True)
class ShowCalibration:
    """Say whether the network is as sure as it is right."""


@dataclass(frozen=True)
class ShowValidation:
    """Answer from the held-out set again, after the test set was opened."""


@dataclass(frozen=True)
class ShowLog:
    """Show the last lines of the log."""

    count: int = LOG_LINES


@dataclass(frozen=True)
class SetVerbose:
    """Report every epoch, or only one every few seconds."""

    on: bool


@dataclass(frozen=True)
class ShowHelp:
    """List the commands, or explain one, or a word of the glossary."""

    word: str | None = None


@dataclass(frozen=True)
class Restart:
    """Begin another run, and keep the present one."""

    wanted: dict[str, str]
    """What it does otherwise, see `next_config`."""


@dataclass(frozen=True)
class Quit:
    """Save and leave."""


Request = (
    RunCommand
    | FindRate
    | MakeSteps
    | TeachFork
    | GoToRow
    | Wait
    | ShowTimeline
    | ShowStatus
    | ListMistakes
    | ShowDigit
    | ReadDrawing
    | ShowUnit
    | PredictFile
    | ShowConfusion
    | ShowNetwork
    | ShowRobustness
    | ShowHealth
    | ShowCalibration
    | ShowValidation
    | ShowLog
    | SetVerbose
    | ShowHelp
    | Restart
    | Quit
)
