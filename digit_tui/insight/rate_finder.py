"""What the losses of a range test say about the learning rate.

Smith (2017, arXiv:1506.01186), "Cyclical learning rates for training neural networks", trains for a
few steps while the rate rises: at low rates the loss stays, then it falls, then it explodes. Good
rates lie where it falls. Two rules of thumb find one, both from Gugger (2018), "How do you find a
good learning rate", and the library fastai: the rate at which the loss falls fastest, and a tenth
of that at which it is least.

Of one batch the loss is higher than of another, and more so the better the network is: after an
epoch that hides the fall. So losses are compared with those of the network as it was, on the same
batches: their ratio is 1 until something is learned.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LOWEST, HIGHEST = 1e-6, 10.0
"""Learning rates that are tried."""
DECADES = 7
"""From the one to the other."""
FEWEST, MOST = 100, 300
"""Steps of a range test."""
WORK = 10_000_000_000
"""Parameters times images of a range test with a number of steps between these: about a second of
one processor."""
EXPLODED = 4.0
"""The loss has exploded when it is so many times its least, as fastai has it."""
SMOOTHED = 0.05
"""The part of all steps that a smoothed loss is an average over: a third of a decade."""
FALL = 0.05
"""Part of the loss by which it must fall."""
SLOPE_DECADES = 0.5
"""Over which the slope is measured."""
FALLEN = 0.9
"""Part of the fall in which the steepest slope is looked for."""
TENTH = 0.1
LEAST = 1e-12
"""A smaller loss is taken for this: a part of 0 would be infinite."""

Why = Literal["exploded", "not finite", "highest rate"]
"""Why a range test ended."""


@dataclass(frozen=True, eq=False)
class RateCurve:
    """A range test that has ended."""

    rates: Array
    """(n,) rising."""
    losses: Array
    """(n,) of the batch at each rate, in nats; the last one may not be finite."""
    smoothed_rates: Array
    """(m,) the mean, on a logarithmic axis, of the rates that each smoothed loss is made of; m is
    n, or one less if the last loss is not finite."""
    smoothed: Array
    """(m,) the loss, as if all batches were alike: averages of losses, as parts of those for the
    network as it was, times what that one's loss is over all batches."""
    why: Why
    """Why it ended."""
    minimum: float | None
    """The rate at which the smoothed loss is least; None if `reason` says why there is none."""
    steepest: float | None
    """The rate at which it falls fastest; None likewise."""
    tenth: float | None
    """A tenth of the rate at the minimum; None likewise."""
    reason: str
    """Why nothing can be suggested; empty if something is."""

    @property
    def stopped_at(self) -> float | None:
        """The rate at which the loss exploded or was not finite; None if all rates were tried."""
        return None if self.why == "highest rate" else float(self.rates[-1])

    @property
    def suggestion(self) -> float | None:
        """The rate to begin with: the higher one of the two, as both are below the minimum."""
        if self.steepest is None or self.tenth is None:
            return None
        return max(self.steepest, self.tenth)

    def smoothed_at(self, rate: float) -> float:
        """The smoothed loss at a rate, in nats; at the ends that of the nearest."""
        if not len(self.smoothed):
            return float("nan")
        return float(np.interp(np.log(rate), np.log(self.smoothed_rates), self.smoothed))


def rates_for(parameters: int, images: int) -> Array:
    """(steps,) the learning rates of a range test: each is the one before by the same factor.

    They depend on no clock, so that the same network has the same curve everywhere.

    Args:
        parameters: of the network.
        images: of a step.
    """
    steps = min(max(WORK // (parameters * images), FEWEST), MOST)
    return np.geomspace(LOWEST, HIGHEST, steps)


class RateFinder:
    """Takes the losses of a range test, one after the other, and says when it has seen enough."""

    def __init__(self, rates: Array) -> None:
        """Begin.

        Args:
            rates: (steps,) of `rates_for`.
        """
        self._rates = rates
        self._log_rates = np.log(rates)
        self._memory = 1 - 1 / max(SMOOTHED * len(rates), 1.0)
        self._average = np.zeros(3)  # of the logarithm of the rate, the loss, the loss before
        self._losses: list[float] = []
        self._before = 0.0  # sum
        self._points: list[tuple[float, float]] = []  # logarithm of the rate, relative loss
        self._best = float("inf")
        self._why: Why = "highest rate"

    @property
    def steps(self) -> int:
        """How many there will be at most."""
        return len(self._rates)

    @property
    def _first(self) -> int:
        """Steps of the first decade, in which next to nothing is learned."""
        return len(self._rates) // DECADES

    def add(self, loss: float, before: float) -> bool:
        """Take what was seen at the next rate.

        Args:
            loss: of its batch, in nats.
            before: the loss of the same batch with the network as it was.

        Returns:
            Whether the test is to go on.
        """
        self._losses.append(loss)
        count = len(self._losses)
        if not isfinite(loss + before):
            self._why = "not finite"
            return False
        self._before += before
        new = np.array([self._log_rates[count - 1], loss, before])
        self._average = self._memory * self._average + (1 - self._memory) * new
        # As Adam has it: the averages begin at 0, and what that takes away is given back.
        rate, mean, mean_before = (self._average / (1 - self._memory**count)).tolist()
        relative = mean / max(mean_before, LEAST)
        self._points.append((rate, relative))
        self._best = min(self._best, relative)
        if count > self._first and relative > EXPLODED * self._best:
            self._why = "exploded"
            return False
        return count < len(self._rates)

    def curve(self) -> RateCurve:
        """What was found."""
        losses = np.array(self._losses)
        log_rates, relative = np.array(self._points).reshape(-1, 2).T
        minimum = steepest = tenth = None
        reason = self._flaw(relative)
        if not reason:
            minimum = float(np.exp(log_rates[relative.argmin()]))
            steepest, tenth = self._steepest(log_rates, relative), TENTH * minimum
        return RateCurve(
            rates=self._rates[: len(losses)],
            losses=losses,
            smoothed_rates=np.exp(log_rates),
            smoothed=relative * (self._before / max(len(relative), 1)),
            why=self._why,
            minimum=minimum,
            steepest=steepest,
            tenth=tenth,
            reason=reason,
        )

    def _flaw(self, relative: Array) -> str:
        """Why nothing can be suggested; empty if something can."""
        if len(relative) <= self._first:
            return "the loss is not finite at the lowest rates already"
        least = float(relative.min())
        if least > 1 - FALL:
            return "the loss falls at no rate"
        highest = float(relative[relative.argmin() :].max())
        if self._why == "highest rate" and highest - least < (1 - least) / 2:
            return f"the loss does not explode up to the highest rate, {HIGHEST:g}"
        return ""

    def _steepest(self, log_rates: Array, relative: Array) -> float:
        """The middle of the half decade whose losses a line falls through most steeply.

        Close to the minimum chance decides which that is: the end of the fall is left out.
        """
        end = 1 - FALLEN * (1 - float(relative.min()))
        count = int(np.argmax(relative <= end)) + 1
        log_rates, relative = log_rates[:count], relative[:count]
        width = min(max(round(SLOPE_DECADES * len(self._rates) / DECADES), 3), count)
        # Least squares on evenly spaced rates: the first averages are of fewer.
        even = np.linspace(log_rates[0], log_rates[-1], count)
        places = np.arange(width) - (width - 1) / 2
        slopes = np.correlate(np.interp(even, log_rates, relative), places, mode="valid")
        first = int(slopes.argmin())
        return float(np.exp((even[first] + even[first + width - 1]) / 2))
