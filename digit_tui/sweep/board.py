"""What is known of a sweep at one moment, without a type of Optuna's: what its screen shows."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial

STATES = ("waiting", "running", "complete", "pruned", "failed")
"""Of a trial, as a person reads them; Optuna calls the last "fail"."""
ENDED = ("complete", "pruned", "failed")
"""States of trials that need no more time."""
SECONDS = "seconds"
"""The attribute of a trial with its seconds of training."""
LEAST_TRIALS = 4
"""Finished ones, from which on the importance of settings is asked for: before, it is chance."""


@dataclass(frozen=True)
class TrialRow:
    """What is known of a trial."""

    number: int
    """From 0, as Optuna counts them."""
    state: str
    """One of `STATES`."""
    worker: str | None
    """Which has it, or had it last."""
    params: Mapping[str, object]
    """The settings that were chosen for it, by the names of the options."""
    epoch: int
    """That ended last, from 1; 0 before the first."""
    epochs: int
    """That it is to have; 0 if that is not known yet."""
    accuracies: tuple[float, ...]
    """On the monitored split, one an epoch, fractions; the mean over the seeds so far."""
    accuracy: float | None
    """What counts: its result, or for one that has none the last of its epochs."""
    seconds: float
    """Of training, without pauses and what was lost with a worker; where that is not known, since
    it began."""
    run: Path | None
    """Folder of its newest run."""
    seed: int = 1
    """Which of its runs, one a seed, is under way or was the last, from 1."""
    started: float = 0.0
    """When it was, in seconds since 1970; 0 if it was not."""

    ended: float | None = None
    """When its result was known, in seconds since 1970; None if it is not."""


@dataclass(frozen=True)
class Board:
    """What is known of a study."""

    study: str
    """Its name."""
    storage: str
    """Where it is kept; no password is in it."""
    direction: str = "maximize"
    trials: tuple[TrialRow, ...] = ()
    """By their numbers."""
    budget_trials: int | None = None
    """Trials that the sweep may have in all; None without a bound."""
    budget_seconds: float | None = None
    """Seconds that it may take since it started; None without a bound."""
    started: float = 0.0
    """When it was, in seconds since 1970; 0 if it was not."""
    importance: tuple[tuple[str, float], ...] = ()
    """Names of settings and their shares of what is explained, 0 to 1, the greatest first."""
    paused: bool = False
    workers: tuple[str, ...] = ()
    """Those that are at work."""
    logarithmic: frozenset[str] = field(default_factory=frozenset)
    """Names of the settings that are chosen on a logarithmic scale."""

    @cached_property
    def varying(self) -> tuple[str, ...]:
        """Names of the settings in which trials differ, in the order in which they were chosen."""
        values: dict[str, set[object]] = {}
        for trial in self.trials:
            for name, value in trial.params.items():
                values.setdefault(name, set()).add(value)
        several = tuple(name for name, found in values.items() if len(found) > 1)
        return several or tuple(values)

    @cached_property
    def finished(self) -> int:
        """How many trials need no more time."""
        return sum(trial.state in ENDED for trial in self.trials)

    @cached_property
    def ranked(self) -> list[TrialRow]:
        """The complete trials, the best first, the earlier of equal ones first."""
        sign = -1 if self.direction == "maximize" else 1
        complete = [
            (sign * trial.accuracy, trial.number, trial)
            for trial in self.trials
            if trial.state == "complete" and trial.accuracy is not None
        ]
        return [trial for *_, trial in sorted(complete, key=lambda each: each[:2])]


def board_of(
    study: Study,
    *,
    storage: str = "",
    workers: Sequence[str] | None = None,
    importance: tuple[tuple[str, float], ...] | None = None,
    now: datetime | None = None,
) -> Board:
    """Take a snapshot of a study.

    Args:
        study: that is read; its trials are asked for once.
        storage: where it is kept, as it is to be shown.
        workers: those at work; None for those that have a running trial.
        importance: of the settings, if it is known; None computes it, which takes some tenths of a
            second for thousands of trials.
        now: the time; None asks the clock. Optuna's times are local ones without a zone.

    Raises:
        Exception: what Optuna raises where its storage cannot be read.
    """
    now = now or datetime.now()
    trials = study.get_trials(deepcopy=False)
    facts = study.user_attrs
    about = facts.get("digit_tui")
    about = about if isinstance(about, dict) else {}
    budget = about.get("budget")
    budget = budget if isinstance(budget, dict) else {}
    rows = tuple(_row(trial, now) for trial in trials)
    if workers is None:
        at_work = {row.worker for row in rows if row.state == "running" and row.worker is not None}
        workers = sorted(at_work)
    starts = [each.datetime_start.timestamp() for each in trials if each.datetime_start is not None]
    started = _number(about.get("started")) or min(starts, default=0.0)
    budget_trials = _number(budget.get("trials"))
    return Board(
        study=study.study_name,
        storage=storage,
        direction=study.direction.name.lower(),
        trials=rows,
        budget_trials=None if budget_trials is None else int(budget_trials),
        budget_seconds=_number(budget.get("seconds")),
        started=started,
        importance=importance_of(study, trials) if importance is None else importance,
        paused=facts.get("paused") is True,
        workers=tuple(workers),
        logarithmic=frozenset(
            name
            for each in trials
            for name, distribution in each.distributions.items()
            if getattr(distribution, "log", False)
        ),
    )


def importance_of(study: Study, trials: Sequence[FrozenTrial]) -> tuple[tuple[str, float], ...]:
    """The share of each setting in what is known of the trials, the greatest first.

    By PED-ANOVA (Watanabe, Bansal, Hutter 2023), which Optuna has without other packages. It looks
    at the better of the complete trials; where there are few, or all are alike, nothing is said.

    Args:
        study: whose settings.
        trials: all of it.
    """
    complete = [trial for trial in trials if trial.state.name == "COMPLETE"]
    if len(complete) < LEAST_TRIALS or len({trial.value for trial in complete}) < 2:
        return ()
    # It takes a second to import: not before it is needed.
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    try:
        found = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    except (ValueError, RuntimeError):  # trials without a setting in common
        return ()
    return tuple((name, share) for name, share in found.items() if math.isfinite(share))


def _row(trial: FrozenTrial, now: datetime) -> TrialRow:
    state = trial.state.name.lower()
    facts = trial.user_attrs
    steps = sorted(trial.intermediate_values)
    accuracies = tuple(float(trial.intermediate_values[step]) for step in steps)
    value = trial.value if state == "complete" else None
    seconds = _number(facts.get(SECONDS))
    if seconds is None or state == "running":
        start = trial.datetime_start or now
        end = trial.datetime_complete or (now if state == "running" else start)
        seconds = max((end - start).total_seconds(), 0.0)
    done = trial.datetime_complete if state in ("complete", "pruned", "fail") else None
    worker, run = facts.get("worker"), facts.get("run")
    epochs = _number(facts.get("epochs"))
    return TrialRow(
        number=trial.number,
        state="failed" if state == "fail" else state,
        worker=None if worker is None else str(worker),
        params=_plain(trial.params or trial.system_attrs.get("fixed_params") or {}),
        epoch=steps[-1] if steps else 0,
        epochs=0 if epochs is None else int(epochs),
        accuracies=accuracies,
        accuracy=value if value is not None else (accuracies[-1] if accuracies else None),
        seconds=seconds,
        run=None if run is None else Path(str(run)),
        seed=len(facts.get("results") or ()) + (state in ("running", "waiting")),
        started=0.0 if trial.datetime_start is None else trial.datetime_start.timestamp(),
        ended=None if done is None else done.timestamp(),
    )


def _plain(params: Mapping[str, Any]) -> dict[str, object]:
    """With values that can be compared and hashed; lists are written as text."""
    return {
        name: value if isinstance(value, str | int | float | bool | None) else json.dumps(value)
        for name, value in params.items()
    }


def _number(value: object) -> float | None:
    """What was written by another version, or by hand, may be anything."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
