"""The end of a sweep: its best trials, measured once on the test set, and whether they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from optuna.trial import FrozenTrial

from digit_tui.data import DataError, Dataset, printable
from digit_tui.insight.seed_means import MeanDifference, mean_difference
from digit_tui.insight.significance import ends_words, wilson_interval
from digit_tui.nn import evaluate
from digit_tui.storage.errors import RunError
from digit_tui.storage.run_index import run_name
from digit_tui.storage.saved_run import SavedRun
from digit_tui.sweep.repeat_command import repeat_command
from digit_tui.sweep.space import value_words
from digit_tui.sweep.study import TEST, Sweep, best_of
from digit_tui.training.run_request import RunRequest

FINALISTS = 3
"""So many are measured on the test set: with each look at it, it is less of a test."""


@dataclass(frozen=True)
class Finalist:
    """One of the best trials."""

    number: int
    params: dict[str, Any]
    validation_accuracy: float
    """By which it was chosen: the mean over its seeds, as a fraction."""
    runs: tuple[str, ...]
    """Names of its runs, one a seed."""
    wrong: tuple[tuple[int, ...], ...]
    """The test digits that each run has wrong; empty if they were not measured."""
    total: int
    """Test digits."""
    command: str
    """That repeats the first of its runs."""
    seed: int = 0
    """Of the first; the others have the numbers after it."""

    @property
    def measured(self) -> bool:
        return bool(self.wrong)

    @property
    def test_accuracy(self) -> float | None:
        """The mean over its seeds, as a fraction."""
        if not self.measured:
            return None
        return 1 - sum(map(len, self.wrong)) / len(self.wrong) / self.total

    @property
    def _correct(self) -> int:
        """Digits that are right, rounded where it is a mean over seeds."""
        return round((self.test_accuracy or 0.0) * self.total)

    @property
    def interval(self) -> tuple[float, float] | None:
        """95%, over the test digits."""
        return wilson_interval(self._correct, self.total) if self.measured else None

    @property
    def test_words(self) -> str:
        """The accuracy and its interval, for people."""
        if self.test_accuracy is None:
            return "not measured"
        words = f"{self.test_accuracy:.2%} (95% interval {ends_words(self._correct, self.total)})"
        if len(self.wrong) > 1:
            shares = [1 - len(each) / self.total for each in self.wrong]
            words += f", {len(shares)} seeds from {min(shares):.2%} to {max(shares):.2%}"
        return words

    def correct(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """(seeds, total) whether each run has each test digit right."""
        right = np.ones((len(self.wrong), self.total), bool)
        for row, indices in zip(right, self.wrong, strict=True):
            row[list(indices)] = False
        return right


@dataclass(frozen=True)
class Summary:
    """What came of a sweep."""

    study: str
    reason: str
    """trials, minutes, stopped"""
    counts: dict[str, int]
    """Trials by their state: complete, pruned, failed, waiting, running."""
    finalists: tuple[Finalist, ...]
    comparison: MeanDifference | None
    """Of the first with the second, the first less the second; None unless both were measured."""
    notes: tuple[str, ...]
    """What else should be known, one line each."""

    @property
    def best_accuracy(self) -> float | None:
        """The highest mean accuracy on the held-out images."""
        return self.finalists[0].validation_accuracy if self.finalists else None


def summarize(sweep: Sweep, reason: str, measure: bool = True) -> Summary:
    """Measure the best trials of a study, unless that was done, and compare them.

    Args:
        sweep: the study.
        reason: why it ended.
        measure: whether the test set may be opened.
    """
    trials = sweep.trials()
    names = {"fail": "failed"}
    states = Counter(
        names.get(name, name) for name in (trial.state.name.lower() for trial in trials)
    )
    known: dict[str, Any] = dict(sweep.study.user_attrs.get(TEST) or {})
    before = set(known)
    notes: list[str] = []
    finalists = []
    datasets: dict[int, Dataset] = {}
    for trial in best_of(trials, FINALISTS):
        key = str(trial.number)
        if measure and key not in known:
            try:
                known[key] = _measure(sweep, trial, datasets)
            except (RunError, DataError, OSError) as error:
                notes.append(printable(f"trial {trial.number}: {error}"))
        finalists.append(_finalist(sweep, trial, known.get(key)))
    if set(known) != before:
        if before:
            count = len(before)
            notes.append(f"{count} trials were measured on the test set before; now others were")
        sweep.study.set_user_attr(TEST, known)
    comparison = None
    if len(finalists) > 1 and all(each.measured for each in finalists[:2]):
        comparison = mean_difference(finalists[1].correct(), finalists[0].correct())
    return Summary(
        sweep.place.study, reason, dict(states), tuple(finalists), comparison, tuple(notes)
    )


def _measure(sweep: Sweep, trial: FrozenTrial, datasets: dict[int, Dataset]) -> dict[str, Any]:
    """What the saved networks of a trial have wrong on the test set.

    Raises:
        RunError: if a run is not here, or not what was trained.
        DataError: if the dataset cannot be read.
    """
    wrong, total = [], 0
    for result in trial.user_attrs["results"]:
        saved = SavedRun.read(Path(result["run"]))
        checkpoint = saved.checkpoint()
        if checkpoint.state.weights_sha256 != result["weights_sha256"]:
            raise RunError(f"{saved.path} was trained further since: it is not measured")
        config = saved.config
        if config.side not in datasets:
            datasets[config.side] = RunRequest(config).load_dataset()
        dataset = datasets[config.side]
        saved.check_dataset(dataset)
        evaluation = evaluate(checkpoint.network, *dataset.split("test"))
        total = evaluation.total
        missed = np.flatnonzero(evaluation.predictions != evaluation.labels)
        wrong.append([int(index) for index in missed])
    return {"wrong": wrong, "total": total}


def _finalist(sweep: Sweep, trial: FrozenTrial, measured: dict[str, Any] | None) -> Finalist:
    results = trial.user_attrs["results"]
    return Finalist(
        number=trial.number,
        params=dict(trial.params),
        validation_accuracy=float(trial.value or 0.0),
        runs=tuple(run_name(Path(each["run"])) for each in results),
        wrong=tuple(tuple(each) for each in measured["wrong"]) if measured else (),
        total=measured["total"] if measured else 0,
        command=repeat_command(sweep.plan, trial.params),
        seed=int(results[0]["seed"]) if results else 0,
    )


def params_words(params: dict[str, Any]) -> str:
    """The settings of a trial in a line."""
    return " ".join(f"{name}={value_words(value, name)}" for name, value in params.items())


def counts_words(counts: dict[str, int]) -> str:
    """For example "60 trials: 41 complete, 19 pruned"."""
    total = sum(counts.values())
    order = ("complete", "pruned", "failed", "running", "waiting")
    parts = [f"{counts[state]} {state}" for state in order if counts.get(state)]
    return f"{total} {'trial' if total == 1 else 'trials'}: {', '.join(parts) or 'none'}"


def summary_lines(summary: Summary) -> list[str]:
    """For people, a few lines a trial."""
    lines = [f"Study          {summary.study}", f"Trials         {counts_words(summary.counts)}"]
    if not summary.finalists:
        return [
            *lines,
            *summary.notes,
            "No trial is complete: nothing can be said of the settings.",
        ]
    lines.append("")
    for rank, each in enumerate(summary.finalists, 1):
        lines += [
            f"{rank}. trial {each.number}: {params_words(each.params)}",
            f"   held out    {each.validation_accuracy:.2%}",
            f"   test        {each.test_words}",
            f"   look        digit-tui mistakes {printable(each.runs[0])}",
            f"   repeat      {printable(each.command)}",
        ]
        if len(each.runs) > 1:
            last = each.seed + len(each.runs) - 1
            seeds = f"{each.seed + 1} to {last}" if last > each.seed + 1 else f"{last}"
            lines.append(f"               and with --seed {seeds}: accuracies are their mean")
    lines += ["", *comparison_lines(summary), *summary.notes]
    return lines


def comparison_lines(summary: Summary) -> Sequence[str]:
    """Whether the first is better than the second, and a warning if that may be chance."""
    compared = summary.comparison
    if compared is None:
        return []
    first, second = summary.finalists[:2]
    lines = [
        f"Trial {first.number} against trial {second.number}, on the test set: {compared.words}"
    ]
    if compared.is_noise:
        lines.append(
            "Warning: this difference may well be noise. Take the simpler of them, or compare with "
            "more --seeds."
        )
    elif compared.difference < 0:
        lines.append(f"Warning: on the test set trial {second.number} is better: take it instead.")
    return lines


def summary_to_json(summary: Summary) -> dict[str, Any]:
    """The event that ends a sweep, as plain values."""
    compared = summary.comparison
    return {
        "event": "sweep_ended",
        "study": summary.study,
        "reason": summary.reason,
        "counts": summary.counts,
        "best": [
            {
                "trial": each.number,
                "params": each.params,
                "validation_accuracy": each.validation_accuracy,
                "test_accuracy": each.test_accuracy,
                "test_interval": each.interval,
                "test_total": each.total or None,
                "runs": each.runs,
                "command": each.command,
            }
            for each in summary.finalists
        ],
        "comparison": None
        if compared is None
        else {
            "trials": [each.number for each in summary.finalists[:2]],
            "difference": compared.difference,
            "interval": compared.interval,
            "p_value": compared.p_value,
            "noise": compared.is_noise,
        },
        "notes": summary.notes,
    }
