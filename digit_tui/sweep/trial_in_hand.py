"""A trial while a worker has it: its runs one after the other, and what the storage is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from threading import Event
from typing import Any, Protocol

from optuna.trial import Trial, TrialState

from digit_tui.config import ConfigError, RunConfig
from digit_tui.data import Dataset, printable
from digit_tui.run.commands import Stop
from digit_tui.storage.run_index import run_name
from digit_tui.sweep.board import SECONDS
from digit_tui.sweep.errors import StudyError
from digit_tui.sweep.lease import Lease
from digit_tui.sweep.study import Sweep
from digit_tui.sweep.trial_run import RunResult, train
from digit_tui.training.command_source import Mailbox

Tell = Callable[[dict[str, Any]], None]
"""Takes an event of the sweep, as plain values with the key "event"."""

IDLE_SECONDS = 0.5
"""Between two looks while there is nothing to do."""


class InCharge(Protocol):
    """The worker, as its trial sees it.

    Attributes:
        name: by which other workers know it.
        sweep: the study.
        tell: is told what happens.
        processes: to train a run with.
        mailbox: of the run under way, for the command to stop it.
        stopping: whether it is to end.
        paused: whether the sweep is paused.
    """

    name: str
    sweep: Sweep
    tell: Tell
    processes: int
    mailbox: Mailbox
    stopping: Event
    paused: bool

    def look(self) -> None:
        """See whether the sweep is paused or has ended."""

    def wait(self, seconds: float) -> bool:
        """Wait; returns whether to stop."""

    def dataset(self, config: RunConfig) -> Dataset:
        """The dataset of a run."""


class TrialInHand:
    """A trial while a worker has it."""

    def __init__(self, worker: InCharge, trial: Trial) -> None:
        self._worker = worker
        self._sweep = sweep = worker.sweep
        self._trial = trial
        known = sweep.trial(trial._trial_id)
        self._epochs_known = set(known.intermediate_values)
        self._runs: dict[str, str] = dict(known.user_attrs.get("runs") or {})
        self._results: list[dict[str, Any]] = list(known.user_attrs.get("results") or [])
        self._seconds_before = sum(each.get("seconds", 0.0) for each in self._results)
        self._curves: list[list[float]] = [each["accuracies"] for each in self._results]
        self._curve: list[float] = []
        self._lost = self._pruned = False
        self._trouble: StudyError | None = None
        self._epochs = 0
        self._seconds: dict[tuple[int, int], float] = {}
        """Of training, by run and epoch; those before it was resumed, too."""

    def train(self) -> str:
        """Train its runs; returns how it ended: complete, pruned, failed, left or lost.

        Raises:
            Exception: those of `train`, for which the trial is not to blame.
        """
        worker, sweep, trial = self._worker, self._sweep, self._trial
        with Lease(sweep, trial._trial_id, worker.name, worker.look, self._take_away):
            params = {each.name: each.suggest(trial) for each in sweep.plan.space}
            try:
                configs = [sweep.plan.config(params, index) for index in range(sweep.plan.seeds)]
            except ConfigError as error:  # values that are allowed one by one
                return self._end("failed", why=f"{error.option}: {error}")
            worker.tell(
                {
                    "event": "trial_started",
                    "trial": trial.number,
                    "worker": worker.name,
                    "params": params,
                }
            )
            for index in range(len(self._results), len(configs)):
                self._curve = []
                result = self._train_run(configs[index], index)
                if self._trouble is not None:
                    raise self._trouble
                if self._pruned:
                    return self._end("pruned")
                if result.diverged is not None:
                    return self._end("pruned", why=f"diverged: {result.diverged}")
                if not result.finished:
                    return self._end("lost" if self._lost else "left")
                self._keep(result, configs[index])
            accuracy = fmean(each["accuracy"] for each in self._results)
            return self._end("complete", accuracy)

    def fail(self, why: str) -> str:
        """Give the trial up, as it would fail again; returns "failed"."""
        return self._end("failed", why=why)

    def _train_run(self, config: RunConfig, index: int) -> RunResult:
        worker = self._worker
        worker.mailbox = mailbox = Mailbox()
        if worker.stopping.is_set() or self._lost:  # it came just before
            mailbox.send(Stop(reason="interrupted"))
        name = f"{self._trial.number}" + (f"-{index}" if index else "")
        folders = [self._sweep.place.folder / name]
        if (known := self._runs.get(str(index))) is not None:
            folders.insert(0, Path(known))
        return train(
            config,
            folders,
            worker.dataset(config),
            mailbox,
            worker.processes,
            lambda folder, epochs: self._started(folder, epochs, index),
            lambda *epoch: self._ended_epoch(index, *epoch),
        )

    def _started(self, folder: Path, epochs: int, index: int) -> None:
        self._epochs = epochs
        self._runs[str(index)] = str(folder)
        self._set("epochs", epochs)
        self._set("runs", self._runs)
        self._set("run", str(folder))

    def _ended_epoch(
        self, index: int, epoch: int, accuracy: float, seconds: float, fresh: bool
    ) -> None:
        self._seconds[index, epoch] = seconds
        try:
            self._report(index, epoch, accuracy, fresh)
        except StudyError as error:  # the run is saved before the worker ends
            self._trouble = error
            self._worker.mailbox.send(Stop(reason="interrupted"))

    def _report(self, index: int, epoch: int, accuracy: float, fresh: bool) -> None:
        trial, worker = self._trial, self._worker
        del self._curve[epoch - 1 :]  # what was undone
        self._curve.append(accuracy)
        earlier = [each[epoch - 1] for each in self._curves if len(each) >= epoch]
        mean = fmean([*earlier, accuracy])
        if index:
            self._sweep.set_epoch(trial._trial_id, epoch, mean)
        elif epoch not in self._epochs_known:
            self._sweep.set_epoch(trial._trial_id, epoch, mean)
            self._epochs_known.add(epoch)
        if not fresh:
            return
        worker.tell(
            {
                "event": "trial_epoch",
                "trial": trial.number,
                "worker": worker.name,
                "seed": index,
                "epoch": epoch,
                "epochs": self._epochs,
                "accuracy": accuracy,
            }
        )
        # Later seeds of a trial that was worth the first are trained to their end.
        if not index and epoch < self._epochs and self._should_prune():
            self._pruned = True
            worker.mailbox.send(Stop(reason="interrupted"))
        while worker.paused and not worker.mailbox.stopping():
            worker.wait(IDLE_SECONDS)

    def _should_prune(self) -> bool:
        """Whether Optuna's pruner gives the trial up, as it stands in the storage."""
        study = self._sweep.study
        trial = self._sweep.trial(self._trial._trial_id)
        return bool(study.pruner.prune(study, trial))

    def _take_away(self) -> None:
        self._lost = True
        self._worker.mailbox.send(Stop(reason="interrupted"))

    def _keep(self, result: RunResult, config: RunConfig) -> None:
        index = len(self._results)
        self._curves.append(list(self._curve))
        self._results.append(
            {
                "seed": config.seed,
                "accuracy": result.accuracy,
                "epochs": result.epochs,
                "run": str(result.folder),
                "weights_sha256": result.weights_sha256,
                "accuracies": list(self._curve),
                "seconds": sum(each for (run, _), each in self._seconds.items() if run == index),
            }
        )
        self._set("results", self._results)
        if result.trouble is not None:
            message = f"trial {self._trial.number} is not saved: {result.trouble}"
            self._worker.tell({"event": "trouble", "message": message})

    def _set(self, key: str, value: Any) -> None:
        if not self._lost:
            self._trial.set_user_attr(key, value)

    def _end(self, state: str, accuracy: float | None = None, why: str | None = None) -> str:
        sweep, trial, worker = self._sweep, self._trial, self._worker
        seconds = self._seconds_before + sum(self._seconds.values())
        self._set(SECONDS, seconds)
        if self._lost or not sweep.is_mine(trial._trial_id, worker.name):
            state, accuracy = "lost", None
        elif state == "left":
            sweep.release(trial._trial_id)
        else:
            if why is not None:
                trial.set_user_attr("why", why)
            states = {
                "complete": TrialState.COMPLETE,
                "pruned": TrialState.PRUNED,
                "failed": TrialState.FAIL,
            }
            if not sweep.finish(trial, states[state], accuracy):
                state, accuracy = "lost", None
        if accuracy is None and self._curve:
            accuracy = self._curve[-1]
        run = self._runs.get("0")
        worker.tell(
            {
                "event": "trial_left" if state in ("left", "lost") else "trial_ended",
                "trial": trial.number,
                "worker": worker.name,
                "state": state,
                "accuracy": accuracy,
                "params": dict(trial.params),
                "epochs": len(self._curve),
                "seconds": seconds,
                "run": None if run is None else printable(run_name(Path(run))),
                **({} if why is None else {"why": why}),
            }
        )
        return state
