"""Evaluates a branch's network on the test set or the held-out set."""

from __future__ import annotations

from time import perf_counter

from digit_tui.data import Dataset
from digit_tui.engine.worker_pool import WorkerPool
from digit_tui.nn import Network, PredictionHistory
from digit_tui.run.events import Evaluated
from digit_tui.run.state import RunState


class Evaluator:
    """Remembers the last evaluation of the monitored split: without a step it is still true.

    Attributes:
        last: that evaluation; None if there was none, or the branch went back.
    """

    def __init__(self, pool: WorkerPool, dataset: Dataset, sizes: tuple[int, ...]) -> None:
        """Begin without an evaluation.

        Args:
            pool: has the state's vectors, and evaluates.
            dataset: the run's.
            sizes: layer widths, inputs first, classes last.
        """
        self._pool = pool
        self._dataset = dataset
        self._sizes = sizes
        self.last: Evaluated | None = None

    def copy(self) -> Evaluator:
        """Another one, for a fork, which knows the same last evaluation."""
        other = Evaluator(self._pool, self._dataset, self._sizes)
        other.last = self.last
        return other

    def monitored(self, state: RunState, position: float) -> Evaluated:
        """Evaluate the monitored split, unless no step was made since the last time.

        At the end of an epoch the predictions become part of the state's history.

        Args:
            state: whose network; it is in the pool's vectors.
            position: where the state is, in epochs.
        """
        if self.last is None or self.last.step != state.step:
            self.last = self._evaluate(state, position, self._dataset.monitored_split)
        return self.last

    def test(self, state: RunState, position: float) -> Evaluated:
        """Evaluate the test set, where the held-out set is monitored."""
        return self._evaluate(state, position, "test")

    def _evaluate(self, state: RunState, position: float, split: str) -> Evaluated:
        started = perf_counter()
        evaluation = self._pool.evaluate(*self._dataset.split(split), state.evaluated_slot)
        monitored = split == self._dataset.monitored_split
        if monitored and not state.cursor and state.epoch:
            state.history = state.history.add(state.epoch, evaluation.predictions)
        return Evaluated(
            step=state.step,
            epoch=position,
            evaluation=evaluation,
            seconds=perf_counter() - started,
            network=Network(self._sizes, state.evaluated).copy(),
            history=state.history if monitored else PredictionHistory(),
            split=split,
        )
