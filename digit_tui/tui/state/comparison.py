"""What a look at the digits is held against: an epoch before, the fork, a mark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight.change import epoch_before
from digit_tui.run.events import Evaluated

Against = Literal["nothing", "epoch", "fork", "mark"]


@dataclass(frozen=True, eq=False)
class Mark:
    """A look that a person wants to compare with."""

    look: Evaluated
    run: str | None
    """The run that it is of."""


@dataclass(frozen=True, eq=False)
class Sides:
    """Two predictions for the same digits."""

    words: str
    """For example "since epoch 11"."""
    names: tuple[str, str]
    """Of the first and of the second, for example "epoch 11" and "now"."""
    adverbs: tuple[str, str]
    """When or where something is so with them, for example "at epoch 11" and "now"."""
    first: NDArray[Any]
    """(n,) predicted classes."""
    second: NDArray[Any]
    """(n,) predicted classes, which changes are told of."""


def since_epoch(look: Evaluated) -> Sides | str:
    """A look and the last epoch's end before it, or in words why there is none."""
    before = epoch_before(look.history, look.epoch)
    if before is None:
        return "no earlier epoch to compare with yet"
    epoch, predictions = before
    name = f"epoch {epoch}"
    return Sides(
        f"since {name}",
        (name, "now"),
        (f"at {name}", "now"),
        predictions,
        look.evaluation.predictions,
    )


def fork_and_run(look: Evaluated, fork: Evaluated | None) -> Sides | str:
    """A run and its copy, or in words why they can not be compared."""
    if fork is None:
        return "the fork has not looked at digits yet"
    if not same_digits(look, fork):
        return f"the fork looked at {fork.digits} digits: not compared"
    return Sides(
        "fork against run",
        ("run", "fork"),
        ("in the run", "in the fork"),
        look.evaluation.predictions,
        fork.evaluation.predictions,
    )


def since_mark(look: Evaluated, mark: Mark, run: str | None) -> Sides | str:
    """A look and a mark, or in words why they can not be compared."""
    name = f"mark at epoch {position(mark.look.epoch)}"
    if not same_digits(look, mark.look):
        return f"{name}: of other digits ({mark.look.digits}), not compared"
    if mark.run != run:
        name += " of another run"
    elif mark.look is look:
        return f"{name}: nothing has changed since"
    forward = mark.run == run and mark.look.step <= look.step  # else one went back since
    return Sides(
        f"{'since' if forward else 'against'} the {name}",
        ("mark", "now"),
        ("at the mark", "now"),
        mark.look.evaluation.predictions,
        look.evaluation.predictions,
    )


def same_digits(one: Evaluated, other: Evaluated) -> bool:
    return one.digits == other.digits and np.array_equal(
        one.evaluation.labels, other.evaluation.labels
    )


def position(epoch: float) -> str:
    """A position in epochs: "12", or "12.40" between two."""
    return f"{epoch:.0f}" if epoch == round(epoch) else f"{epoch:.2f}"
