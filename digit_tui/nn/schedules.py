"""Learning-rate schedules: the factor on the base rate at a point of the run."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, pi

WARM_UP = 0.3
"""Share of a one-cycle run in which the rate rises."""
START_FACTOR = 1 / 25
END_FACTOR = 1 / 250_000
"""Where the one-cycle schedule starts and ends, relative to its peak (PyTorch's defaults)."""


def constant(progress: float) -> float:
    """The base rate throughout."""
    return 1.0


def cosine(progress: float) -> float:
    """From 1 to 0 along half a cosine (Loshchilov and Hutter 2017, arXiv:1608.03983)."""
    return _anneal(1.0, 0.0, progress)


def onecycle(progress: float) -> float:
    """A warm-up to the base rate, then far below the start (Smith 2018, arXiv:1708.07120)."""
    if progress < WARM_UP:
        return _anneal(START_FACTOR, 1.0, progress / WARM_UP)
    return _anneal(1.0, END_FACTOR, (progress - WARM_UP) / (1 - WARM_UP))


def _anneal(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + cos(pi * progress)) / 2


SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": constant,
    "cosine": cosine,
    "onecycle": onecycle,
}
"""Schedules by name: progress of the run (0..1) to the factor on the base learning rate."""
