"""Which trials are being trained, and which have been left by a worker that was killed."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from time import monotonic

from optuna.trial import FrozenTrial, TrialState

from digit_tui.sweep.errors import StudyError
from digit_tui.sweep.study import BEAT, WORKER, Sweep

BEAT_SECONDS = 10.0
"""A worker shows so often that it is there."""
LOOK_SECONDS = 1.0
"""It looks so often whether its trial is still its own, and the sweep paused or stopped."""
PATIENCE_SECONDS = 60.0
"""A worker that has shown nothing for so long is taken for lost."""


class Lease:
    """Holds a trial while it is trained, from a thread; a context manager.

    Optuna has a heartbeat for databases alone, and compares clocks. Here a beat is a number that
    changes, for any storage: whoever waits for it has one clock, its own.
    """

    def __init__(
        self,
        sweep: Sweep,
        trial_id: int,
        worker: str,
        look: Callable[[], None],
        lost: Callable[[], None],
    ) -> None:
        """Nothing is shown before it is entered.

        Args:
            sweep: whose trial.
            trial_id: Optuna's.
            worker: whose name is on it.
            look: called every second or so, in the thread.
            lost: called once, if another worker has taken it over.
        """
        self._sweep = sweep
        self._trial_id = trial_id
        self._worker = worker
        self._look = look
        self._lost = lost
        self._ended = Event()
        self._thread = Thread(target=self._beat, name="lease", daemon=True)

    def __enter__(self) -> Lease:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(timeout=30)

    def _beat(self) -> None:
        try:
            self._keep()
        finally:
            self._sweep.leave_thread()

    def _keep(self) -> None:
        count, shown = 0, -BEAT_SECONDS
        while not self._ended.is_set():
            try:
                if not self._sweep.is_mine(self._trial_id, self._worker):
                    if not self._ended.is_set():
                        self._lost()
                    return
                if monotonic() - shown >= BEAT_SECONDS:
                    count, shown = count + 1, monotonic()
                    self._sweep.beat(self._trial_id, count)
                self._look()
            except StudyError:  # it does not answer, and has been tried for long: try on
                pass
            self._ended.wait(LOOK_SECONDS)


class Watch:
    """Finds running trials that nobody trains any more."""

    def __init__(self, sweep: Sweep, patience_seconds: float) -> None:
        self._sweep = sweep
        self._patience_seconds = patience_seconds
        self._seen: dict[int, tuple[object, float]] = {}

    def release_abandoned(self) -> list[FrozenTrial]:
        """Let such trials wait for another worker; returns them as they were."""
        found = []
        running = [each for each in self._sweep.trials() if each.state is TrialState.RUNNING]
        seen = self._seen
        self._seen = {}
        for trial in running:
            life = (trial.user_attrs.get(WORKER), trial.user_attrs.get(BEAT))
            signs = (*life, len(trial.intermediate_values), trial.datetime_start)
            before, since = seen.get(trial._trial_id, (None, 0.0))
            if before != signs:
                since = monotonic()
            self._seen[trial._trial_id] = (signs, since)
            silent = monotonic() - since > self._patience_seconds
            if not (silent or self._sweep.is_abandoned(trial)):
                continue
            now = self._sweep.trial(trial._trial_id)  # somebody may have been quicker
            same = (now.user_attrs.get(WORKER), now.user_attrs.get(BEAT)) == life
            if now.state is TrialState.RUNNING and same:
                self._sweep.release(trial._trial_id)
                found.append(trial)
        return found
