"""Samplers and pruners of Optuna, such that a trial's settings follow from its number."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from digit_tui.sweep.plan import Plan
from digit_tui.sweep.space import Range

FULL_TRIALS = 5
"""The median pruner prunes nothing before so many trials are complete."""
WARM_UP_SHARE = 5
"""Nor in the first fifth of the epochs: the average of the weights lags behind at first."""


class ByNumber(BaseSampler):
    """Another sampler, with a seed for each trial.

    Several workers do not draw the same numbers then, and with one worker a sweep can be repeated.
    """

    def __init__(self, make: Callable[[int], BaseSampler]) -> None:
        self._make = make
        self._samplers: dict[int, BaseSampler] = {}

    def _of(self, trial: FrozenTrial) -> BaseSampler:
        if trial.number not in self._samplers:
            self._samplers = {trial.number: self._make(trial.number)}
        return self._samplers[trial.number]

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return self._of(trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._of(trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        return self._of(trial).sample_independent(study, trial, param_name, param_distribution)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        self._of(trial).before_trial(study, trial)

    def after_trial(
        self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        self._of(trial).after_trial(study, trial, state, values)


class Grid(BaseSampler):
    """Trial number n has point n of the grid, whoever trains it: each point once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return {}

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        return self._plan.grid_point(trial.number)[param_name]


def sampler_of(plan: Plan) -> BaseSampler:
    """The sampler that a plan names."""
    if plan.sampler == "grid":
        return Grid(plan)
    if plan.sampler == "random":
        return ByNumber(lambda number: RandomSampler(seed=number))
    return ByNumber(_tpe)


def _tpe(number: int) -> BaseSampler:
    """Bergstra and others (2011); trials under way count as bad, so that workers spread out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # constant_liar
        return TPESampler(seed=number, constant_liar=True)


def pruner_of(plan: Plan) -> BasePruner:
    """The pruner that a plan names."""
    if plan.pruner == "none":
        return NopPruner()
    tried = next((each for each in plan.space if each.name == "epochs"), None)
    longest = plan.epochs
    if tried is not None:
        longest = int(tried.high) if isinstance(tried, Range) else max(map(_whole, tried.values))
    if plan.pruner == "hyperband":
        return HyperbandPruner(min_resource=1, max_resource=max(longest, 1), reduction_factor=3)
    warm_up = max(longest // WARM_UP_SHARE, 1)
    return MedianPruner(n_startup_trials=FULL_TRIALS, n_warmup_steps=warm_up)


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 1
