"""What an evaluation is compared with: an earlier epoch, the fork, a mark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight.change import epoch_before
from digit_tui.run.events import Evaluated
from digit_tui.run.wording import epoch_words

Baseline = Literal["nothing", "epoch", "fork", "mark", "member"]


@dataclass(frozen=True, eq=False)
class Mark:
    """An evaluation that the user marked to compare later ones with."""

    evaluated: Evaluated
    run: str | None
    """The folder of its run."""


@dataclass(frozen=True, eq=False)
class PredictionPair:
    """Two networks' predictions for the same digits."""

    text: str
    """For example "since epoch 11"."""
    names: tuple[str, str]
    """Of the first and of the second, for example "epoch 11" and "now"."""
    adverbs: tuple[str, str]
    """When or where they were made, for example "at epoch 11" and "now"."""
    first: NDArray[Any]
    """(n,) predicted classes."""
    second: NDArray[Any]
    """(n,) predicted classes; changes are from the first to these."""


def since_epoch(evaluated: Evaluated) -> PredictionPair | str:
    """An evaluation and the end of the last epoch before it, or why there is none."""
    before = epoch_before(evaluated.history, evaluated.epoch)
    if before is None:
        return "no earlier epoch to compare with yet"
    epoch, predictions = before
    name = f"epoch {epoch}"
    return PredictionPair(
        f"since {name}",
        (name, "now"),
        (f"at {name}", "now"),
        predictions,
        evaluated.evaluation.predictions,
    )


def fork_and_run(evaluated: Evaluated, fork: Evaluated | None) -> PredictionPair | str:
    """A run and its fork, or why they cannot be compared."""
    if fork is None:
        return "the fork has not been evaluated yet"
    if not same_digits(evaluated, fork):
        return f"the fork was evaluated on {fork.split} digits: not compared"
    return PredictionPair(
        "fork against run",
        ("run", "fork"),
        ("in the run", "in the fork"),
        evaluated.evaluation.predictions,
        fork.evaluation.predictions,
    )


def since_mark(evaluated: Evaluated, mark: Mark, run: str | None) -> PredictionPair | str:
    """An evaluation and a mark, or why they cannot be compared."""
    name = f"mark at epoch {epoch_words(mark.evaluated.epoch)}"
    if not same_digits(evaluated, mark.evaluated):
        return f"{name}: of other digits ({mark.evaluated.split}), not compared"
    if mark.run != run:
        name += " of another run"
    elif mark.evaluated is evaluated:
        return f"{name}: nothing has changed since"
    forward = (
        mark.run == run and mark.evaluated.step <= evaluated.step
    )  # otherwise the run went back since
    return PredictionPair(
        f"{'since' if forward else 'against'} the {name}",
        ("mark", "now"),
        ("at the mark", "now"),
        mark.evaluated.evaluation.predictions,
        evaluated.evaluation.predictions,
    )


def same_digits(one: Evaluated, other: Evaluated) -> bool:
    """Whether both evaluations are of the same digits."""
    return one.split == other.split and np.array_equal(
        one.evaluation.labels, other.evaluation.labels
    )
