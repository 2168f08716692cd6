"""How robust a network is, and its fork, measured on some digits. Computed in a thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.data import Dataset
from digit_tui.insight.corruptions import CORRUPTIONS, STRENGTHS, corrupt
from digit_tui.insight.robustness import POINTS, Robustness, choose_digits, measure
from digit_tui.nn import Evaluation, Network, evaluate
from digit_tui.run.events import Evaluated

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Example:
    """A digit that is shown under a corruption, at strengths 0 to STRENGTHS."""

    images: Array
    """(STRENGTHS + 1, pixels) uint8"""
    evaluations: tuple[Evaluation, ...]
    """Of these images, by each network."""


@dataclass(frozen=True, eq=False)
class FoundRobustness:
    """What was measured so far."""

    evaluated: Evaluated
    """The run's network, and its split."""
    digits: Array
    """(m,) intp, which ones of the split."""
    shown: Array
    """(classes,) intp, which ones of the split are examples: one of each class, in their order."""
    labels: Array
    """(classes,) uint8, of those."""
    examples: Sequence[Sequence[Example]]
    """For each corruption, these digits."""
    results: list[Robustness]
    """Of the run and, if it was measured too, of its fork."""
    measured: int = 0
    """How many of POINTS."""

    @property
    def complete(self) -> bool:
        return self.measured == POINTS


def find_robustness(
    dataset: Dataset, evaluated: Evaluated, fork: Evaluated | None
) -> Iterator[FoundRobustness]:
    """Measure a network, and perhaps its fork; yields after each measurement.

    Args:
        dataset: with the digits.
        evaluated: the run's network, and the split.
        fork: the other network; it is left out if it was evaluated on another split.
    """
    images, labels = dataset.split(evaluated.split)
    together = fork is not None and fork.split == evaluated.split
    networks = [evaluated.network, *([fork.network] if fork is not None and together else [])]
    digits = choose_digits(labels, dataset.side)
    images, labels = images[digits], labels[digits]
    _, first = np.unique(labels, return_index=True)
    found = FoundRobustness(
        evaluated,
        digits,
        digits[first],
        labels[first],
        _examples(networks, images, labels, first, dataset.side),
        [Robustness(len(digits)) for _ in networks],
    )
    results = found.results
    for done, point in enumerate(measure(networks, images, labels, dataset.side)):
        point.add_to(results)
        yield replace(found, results=deepcopy(results), measured=done)


def _examples(
    networks: Sequence[Network], images: Array, labels: Array, places: Array, side: int
) -> list[list[Example]]:
    """The digits at these places under each corruption, as they are measured."""
    images = images[: places.max() + 1]
    examples = []
    for corruption in CORRUPTIONS:
        strengths = [
            corrupt(images, side, corruption, strength)[places] for strength in range(STRENGTHS + 1)
        ]
        examples.append(
            [
                Example(own, tuple(evaluate(each, own, same) for each in networks))
                for own, same in zip(
                    np.stack(strengths, axis=1),
                    np.repeat(labels[places, None], STRENGTHS + 1, axis=1),
                    strict=True,
                )
            ]
        )
    return examples
