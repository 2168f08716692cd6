"""Steps that are made also when worker processes are lost."""

from __future__ import annotations

from digit_tui.engine.stepper import Stepper, StepResult
from digit_tui.engine.worker_pool import WorkerPool
from digit_tui.engine.worker_processes import WorkerGone
from digit_tui.run.commands import Lineage
from digit_tui.run.state import RunState, Vectors
from digit_tui.training.pace import Pace

COPY_SHARE = 0.004
"""Copies of the state take at most this share of the time, beside one an epoch."""


class RecoveringStepper:
    """A stepper that, when a worker process is lost, goes back to a copy of the state.

    The steps since then are computed again: to the same bits, as all steps are. A copy is needed
    because the workers update the vectors in place, and one that ends amid an update leaves them
    neither old nor new.

    Attributes:
        cut_short: whether the last group ended early because a command was waiting.
    """

    def __init__(self, stepper: Stepper, pool: WorkerPool) -> None:
        self._stepper = stepper
        self._pool = pool
        self._copy: RunState | None = None
        self._buffer: Vectors | None = None
        self._left: tuple[RunState, int, int, Lineage] | None = None
        self._pace = Pace(COPY_SHARE)

    @property
    def cut_short(self) -> bool:
        return self._stepper.cut_short

    def steps(self, state: RunState, most: int) -> list[StepResult]:
        """Make one step or a group of them; see Stepper.

        Raises:
            NotFinite: if the first step's loss or gradient is not finite; nothing has changed then.
        """
        self._keep(state)
        step = state.step
        while True:
            try:
                while state.step < step:
                    self._stepper.steps(state, step - state.step)
                results = self._stepper.steps(state, most)
            except WorkerGone as gone:
                assert self._copy is not None
                self._pool.do_without(gone)
                state.become(self._copy)
            else:
                self._left = self._place(state)
                return results

    def _keep(self, state: RunState) -> None:
        """Copy the state, if it is not where the last steps left it, or if it is time."""
        if not self._pool.may_lose_processes:
            self._copy = self._left = None
        elif self._copy is None or self._left != self._place(state) or self._pace.allowed:
            if self._buffer is None:
                self._buffer = Vectors.like(state.vectors)
            with self._pace:
                self._copy = state.copy(self._buffer)

    def _place(self, state: RunState) -> tuple[RunState, int, int, Lineage]:
        """What a state's bits follow from, for as long as nothing but steps changes it."""
        return state, state.epoch, state.step, state.lineage
