"""Results of steps, collected and published together."""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter

import numpy as np

from digit_tui.engine.stepper import StepResult
from digit_tui.run.events import StepsDone

PUBLISH_SECONDS = 0.1
"""Steps are published at this interval: often enough for any screen."""


class StepPublisher:
    """Turns the results of many steps into one event."""

    def __init__(self) -> None:
        self._results: list[StepResult] = []
        self._published = 0.0

    def add(self, results: Iterable[StepResult]) -> None:
        self._results += results

    @property
    def learning_rate(self) -> float:
        """Of the last step that was added."""
        return self._results[-1].learning_rate

    def due(self) -> bool:
        """Whether enough time has passed since this last returned true."""
        now = perf_counter()
        if now - self._published <= PUBLISH_SECONDS:
            return False
        self._published = now
        return True

    def flush(
        self, step: int, position: float, rate_factor: float | None = None
    ) -> StepsDone | None:
        """The event of all steps that were not published yet; None if there are none.

        Args:
            step: where the branch is.
            position: the same in epochs.
            rate_factor: of its state.
        """
        if not self._results:
            return None
        results, self._results = self._results, []
        return StepsDone(
            step=step,
            epoch=position,
            positions=np.array([result.epoch for result in results]),
            losses=np.array([result.loss for result in results], np.float32),
            accuracies=np.array([result.accuracy for result in results], np.float32),
            gradient_norms=np.array([result.gradient_norm for result in results], np.float32),
            learning_rate=results[-1].learning_rate,
            images=sum(result.images for result in results),
            seconds=sum(result.seconds for result in results),
            rate_factor=rate_factor,
        )
