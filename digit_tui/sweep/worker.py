"""A worker: takes one trial after the other and trains its runs, until the sweep is over."""

from __future__ import annotations

from threading import Event
from typing import Any

from optuna.trial import FrozenTrial

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.run.commands import Stop
from digit_tui.session.failures import EXPECTED, failure_of
from digit_tui.sweep.errors import StudyError
from digit_tui.sweep.lease import PATIENCE_SECONDS, Watch
from digit_tui.sweep.processes import worker_name
from digit_tui.sweep.study import Sweep
from digit_tui.sweep.trial_in_hand import IDLE_SECONDS, Tell, TrialInHand
from digit_tui.training.command_source import Mailbox
from digit_tui.training.run_request import RunRequest

FAILURES = 3
"""So many trials in a row that fail are no fault of their settings."""


class Worker:
    """Trains trials of a sweep, in the thread that calls `work`.

    Attributes:
        failed: why it gave up, as an exit status and a line; None if it did not. For the others
            see `InCharge`.
    """

    def __init__(
        self,
        sweep: Sweep,
        tell: Tell,
        *,
        processes: int = 1,
        patience_seconds: float = PATIENCE_SECONDS,
        name: str | None = None,
    ) -> None:
        """Nothing is done before `work`.

        Args:
            sweep: whose trials.
            tell: is told what happens.
            processes: to train a run with.
            patience_seconds: after which a silent worker is taken for lost.
            name: of this one.
        """
        self.name = name or worker_name()
        self.failed: tuple[int, str] | None = None
        self.sweep = sweep
        self.tell = tell
        self.processes = processes
        self._watch = Watch(sweep, patience_seconds)
        self.stopping = Event()
        self.paused = False
        self._datasets: dict[int, Dataset] = {}
        self.mailbox = Mailbox()

    def stop(self) -> None:
        """End soon: the run under way is saved, and its trial waits. For any thread or signal."""
        self.stopping.set()
        self.mailbox.send(Stop(reason="interrupted"))

    def wait(self, seconds: float) -> bool:
        """Wait; returns whether to stop, also before the time is over."""
        return self.stopping.wait(seconds)

    def work(self) -> None:
        """Train until nothing is left to do.

        Raises:
            StudyError: if the storage does not answer for long, or the dataset is another one.
        """
        failures = 0
        try:
            self.dataset(self.sweep.plan.config({}))
        except EXPECTED as error:
            failed = failure_of(error)
            self.failed = failed.status, failed.message
            return
        while not self.stopping.is_set() and self.sweep.end_words() is None:
            for trial in self._watch.release_abandoned():
                self.tell(_taken_over(trial))
            claimed = None if self.sweep.paused else self.sweep.claim(self.name)
            if claimed is None:
                if self.sweep.done():
                    return
                self.wait(IDLE_SECONDS)
                continue
            trial_in_hand = TrialInHand(self, claimed)
            try:
                outcome = trial_in_hand.train()
            except StudyError:
                raise
            except EXPECTED as error:
                failed = failure_of(error)
                self.failed = failed.status, failed.message
                self.sweep.release(claimed._trial_id)  # it is no fault of the trial
                return
            except Exception as error:  # a fault of the program: others would meet it, too
                outcome = trial_in_hand.fail(failure_of(error).message)
            failures = failures + 1 if outcome == "failed" else 0
            if failures == FAILURES:
                self.failed = 1, f"{FAILURES} trials in a row failed"
                return

    def look(self) -> None:
        """See whether the sweep is paused or has ended; from the lease's thread."""
        self.paused = self.sweep.paused
        if self.sweep.end_words() is not None:
            self.mailbox.send(Stop(reason="interrupted"))

    def dataset(self, config: RunConfig) -> Dataset:
        """The dataset of a trial.

        Raises:
            DataError: if it cannot be read.
            StudyError: if it is not the one of the study.
        """
        if config.side not in self._datasets:
            plan = self.sweep.plan
            dataset = RunRequest(config).load_dataset()
            own = plan.config({}).side
            if config.side == own and plan.data_sha256 not in ("", dataset.sha256):
                raise StudyError(
                    f"{dataset.source} is not the dataset of the study {self.sweep.place.study}"
                )
            self._datasets = {config.side: dataset}
        return self._datasets[config.side]


def _taken_over(trial: FrozenTrial) -> dict[str, Any]:
    return {
        "event": "worker_lost",
        "trial": trial.number,
        "worker": trial.user_attrs.get("worker"),
        "epoch": trial.last_step or 0,
    }
