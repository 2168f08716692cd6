"""Looks inside the network of the run on screen: once for all who want to know."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

from digit_tui.data import Dataset
from digit_tui.insight.layers import LayerFacts
from digit_tui.insight.next_step import NextStep
from digit_tui.run.events import Inspected
from digit_tui.run.inspection import facts_of, step_of
from digit_tui.tui.state.run_model import Moment, RunModel

REMEMBERED = 2
"""States whose layers are remembered: that of the run and that of a fork."""


class Layers(NamedTuple):
    """The layers of an inspected state."""

    step: NextStep
    facts: list[LayerFacts]


class Inspector:
    """Asks for the state at an evaluation or after a change; computes the facts of its layers."""

    def __init__(self, ask: Callable[[], None]) -> None:
        """Nothing has been asked for yet.

        Args:
            ask: asks the run for its state; the model has the answer later.
        """
        self._ask = ask
        self._asked: Moment | None = None
        self._before: Inspected | None = None
        """The answer that there was when the state was asked for."""
        self._found: dict[Inspected, Layers] = {}
        self._lock = Lock()

    def ask(self, model: RunModel) -> None:
        """Ask for the state of this moment, unless somebody has."""
        if self._asked != model.moment:
            self._asked, self._before = model.moment, model.inspected
            self._ask()

    def is_latest(self, model: RunModel) -> bool:
        """Whether the state of the run at this moment was asked for, and has come."""
        run = model.inspected
        return self._asked == model.moment and run is not None and run is not self._before

    def answered(self, model: RunModel) -> bool:
        """Whether the states of this moment have come, that of a fork too."""
        return self.is_latest(model) and self.has_fork(model)

    def has_fork(self, model: RunModel) -> bool:
        """Whether the state of the fork, if there is one, has come as that of the run has."""
        run, fork = model.inspected, model.fork
        if fork is None or run is None:
            return fork is None
        # It comes right after that of the run.
        return fork.inspected is not None and fork.inspected.step == run.step

    def layers(self, inspected: Inspected, dataset: Dataset) -> Layers:
        """The layers of a state; for the second who asks nothing is computed. Called in threads.

        Args:
            inspected: the state.
            dataset: the run's.
        """
        with self._lock:
            found = self._found.get(inspected)
            if found is None:
                step = step_of(inspected, dataset)
                found = Layers(step, facts_of(inspected, dataset, step))
                while len(self._found) >= REMEMBERED:
                    self._found.pop(next(iter(self._found)))
                self._found[inspected] = found
            return found
