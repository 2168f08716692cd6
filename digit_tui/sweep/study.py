"""A study: the trials of a sweep in their storage, which any number of workers share."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable
from time import time
from typing import TYPE_CHECKING, Any

from optuna import create_study, delete_study, load_study
from optuna.exceptions import DuplicatedStudyError, UpdateFinishedTrialError
from optuna.pruners import NopPruner
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from digit_tui.storage.atomic import write_whole
from digit_tui.sweep.errors import StudyError
from digit_tui.sweep.finding import ABOUT
from digit_tui.sweep.plan import Plan
from digit_tui.sweep.processes import ProcessId, has_ended, this_process
from digit_tui.sweep.samplers import pruner_of, sampler_of
from digit_tui.sweep.space import SpaceError
from digit_tui.sweep.storages import (
    OPENING_SECONDS,
    Place,
    open_storage,
    sleeps,
    without_password,
)

if TYPE_CHECKING:
    from digit_tui.sweep.retrying import RetryingStorage, Wait

PLAN, STARTED, PAUSED, STOP, TEST = "digit_tui", "started", "paused", "stop", "test"
"""User attributes of a study; `started` is in the plan's."""
WORKER, PROCESS, BEAT, SURPLUS = "worker", "process", "beat", "surplus"
"""User attributes of a trial that say whose it is."""


class Sweep:
    """A study and its plan.

    A trial is one row of the storage from its beginning to its end, whoever trains it: it is not
    counted twice, as it ends once, and not lost, as it waits until it has ended.

    Attributes:
        place: where it is kept.
        plan: what it is to do.
        study: Optuna's.
    """

    def __init__(self, place: Place, study: Study, plan: Plan, storage: RetryingStorage) -> None:
        self.place = place
        self.plan = plan
        self.study = study
        self._storage = storage

    @classmethod
    def open(
        cls,
        place: Place,
        *,
        wait: Wait = sleeps,
        complain: Callable[[str], None] = lambda _: None,
        opening_seconds: float = OPENING_SECONDS,
    ) -> Sweep:
        """Open a study that is there.

        Args:
            place: where.
            wait: between two tries while the storage does not answer.
            complain: is told that it does not.
            opening_seconds: how long it is tried to open it.

        Raises:
            StudyError: if there is none, or it cannot be read.
        """
        if place.url is None and not place.journal.exists():
            raise StudyError(f"there is no study {place.study}: {place.journal} does not exist")
        storage = open_storage(place, wait=wait, complain=complain, opening_seconds=opening_seconds)
        return cls._load(place, storage)

    @classmethod
    def _load(cls, place: Place, storage: RetryingStorage) -> Sweep:
        try:
            study = load_study(study_name=place.study, storage=storage, pruner=NopPruner())
        except KeyError:
            raise StudyError(f"there is no study {place.study} in {place.words}") from None
        for _ in range(20):  # it is made in two steps
            if PLAN in (attributes := study.user_attrs):
                break
            sleeps(0.1)
        else:
            raise StudyError(f"{place.study} in {place.words} is no study of digit-tui")
        try:
            plan = Plan.from_json(attributes[PLAN])
        except SpaceError as error:
            raise StudyError(f"{place.study} in {place.words}: {error}") from error
        study.sampler, study.pruner = sampler_of(plan), pruner_of(plan)
        return cls(place, study, plan, storage)

    @classmethod
    def create(cls, place: Place, plan: Plan, **how: Any) -> Sweep:
        """Make a study, or open it to go on if it is there with the same plan.

        Args:
            place: where.
            plan: what it is to do; with another budget than before it goes on with that.
            how: see `open_storage`.

        Raises:
            StudyError: if there is one with another plan, or it cannot be made.
        """
        storage = open_storage(place, **how)
        try:
            study = create_study(
                study_name=place.study, storage=storage, direction="maximize", pruner=NopPruner()
            )
        except DuplicatedStudyError:
            study = load_study(study_name=place.study, storage=storage, pruner=NopPruner())
        if (known := study.user_attrs.get(PLAN)) is not None:
            try:
                before = Plan.from_json(known)
            except SpaceError as error:
                raise StudyError(f"{place.study} in {place.words}: {error}") from error
            if (part := plan.differs(before)) is not None:
                raise StudyError(
                    f"there is a study {place.study} with another {part}: name another study, or "
                    f"go on with it as it is: digit-tui sweep join {place.study}"
                )
            if plan.data_sha256 != before.data_sha256:
                raise StudyError(f"the dataset is not the one of the study {place.study}")
        study.set_user_attr(PLAN, {**plan.to_json(), STARTED: time()})
        study.set_user_attr(STOP, False)
        study.set_user_attr(PAUSED, False)
        study.sampler, study.pruner = sampler_of(plan), pruner_of(plan)
        remember(place)
        return cls(place, study, plan, storage)

    def close(self) -> None:
        """Close the connections to the storage; it opens others when it is asked again."""
        self._storage.remove_session()
        self._storage.close()

    def leave_thread(self) -> None:
        """Give up what belongs to the thread that calls this, as it ends."""
        self._storage.remove_session()

    def trials(self) -> list[FrozenTrial]:
        """All trials, by their numbers."""
        trials = self.study.get_trials(deepcopy=False)
        return [trial for trial in trials if not trial.user_attrs.get(SURPLUS)]

    def trial(self, trial_id: int) -> FrozenTrial:
        """A trial as it is now."""
        return self._storage.get_trial(trial_id)

    @property
    def paused(self) -> bool:
        """Whether workers wait."""
        return self.study.user_attrs.get(PAUSED) is True

    def set_paused(self, paused: bool) -> None:
        """Have all workers wait after the epoch under way, or go on."""
        self.study.set_user_attr(PAUSED, paused)

    def stop(self) -> None:
        """Have all workers on all machines save their runs and end."""
        self.study.set_user_attr(STOP, True)

    def end_words(self) -> str | None:
        """Why nothing more is to be begun: stopped or minutes; None if there is no reason."""
        attributes = self.study.user_attrs
        if attributes.get(STOP) is True:
            return "stopped"
        plan = attributes.get(PLAN, {})
        seconds = plan.get("budget", {}).get("seconds")
        if seconds is not None and time() > plan.get(STARTED, 0.0) + seconds:
            return "minutes"
        return None

    def most_trials(self) -> int | None:
        """How many trials there may be, as it is now: others may have raised it."""
        most: int | None = self.study.user_attrs[PLAN]["budget"]["trials"]
        return most

    def done(self) -> bool:
        """Whether all trials of the budget have ended."""
        most = self.most_trials()
        if most is None:
            return False
        trials = self.trials()
        return len(trials) >= most and all(trial.state.is_finished() for trial in trials)

    def claim(self, worker: str) -> Trial | None:
        """A trial for a worker: one that waits, or a new one; None if there is none to begin."""
        for trial in self.trials():
            if trial.state is not TrialState.WAITING:
                continue
            with contextlib.suppress(UpdateFinishedTrialError):
                # Only one of several workers that try is told that it has done so.
                if self._storage.set_trial_state_values(trial._trial_id, TrialState.RUNNING):
                    return self._taken(Trial(self.study, trial._trial_id), worker)
        most = self.most_trials()
        if most is not None and len(self.trials()) >= most:
            return None
        new = self.study.ask()
        if most is not None and new.number >= most:
            # Others began some between the question and the answer: numbers are given once.
            new.set_user_attr(SURPLUS, True)
            self.study.tell(new, state=TrialState.FAIL)
            return None
        return self._taken(new, worker)

    def _taken(self, trial: Trial, worker: str) -> Trial:
        trial.set_user_attr(PROCESS, this_process().text)
        trial.set_user_attr(WORKER, worker)
        return trial

    def is_mine(self, trial_id: int, worker: str) -> bool:
        """Whether a trial is still this worker's: another may have taken it over."""
        trial = self.trial(trial_id)
        return trial.state is TrialState.RUNNING and trial.user_attrs.get(WORKER) == worker

    def release(self, trial_id: int) -> None:
        """Let a trial wait for whoever goes on with it."""
        with contextlib.suppress(UpdateFinishedTrialError):
            self._storage.set_trial_state_values(trial_id, TrialState.WAITING)

    def beat(self, trial_id: int, count: int) -> None:
        """Show that a trial is being trained."""
        with contextlib.suppress(UpdateFinishedTrialError):
            self._storage.set_trial_user_attr(trial_id, BEAT, count)

    def set_epoch(self, trial_id: int, epoch: int, accuracy: float) -> None:
        """Put the accuracy of an epoch in the place of an earlier value."""
        with contextlib.suppress(UpdateFinishedTrialError):
            self._storage.set_trial_intermediate_value(trial_id, epoch, accuracy)

    def finish(self, trial: Trial, state: TrialState, value: float | None = None) -> bool:
        """End a trial; returns False if it had ended already."""
        try:
            self.study.tell(trial, value, state)
        except (UpdateFinishedTrialError, ValueError):  # ended, or taken over
            ended = self.trial(trial._trial_id)
            return ended.state is state and (value is None or ended.value == value)
        return True

    def is_abandoned(self, trial: FrozenTrial) -> bool:
        """Whether the worker of a running trial is a process of this machine that has ended."""
        return has_ended(ProcessId.parse(trial.user_attrs.get(PROCESS)))


def delete(place: Place, **how: Any) -> None:
    """Remove a study from its database.

    Args:
        place: where it is kept.
        how: see `open_storage`.

    Raises:
        StudyError: if there is none, or the storage does not answer.
    """
    storage = open_storage(place, **how)
    try:
        delete_study(study_name=place.study, storage=storage)
    except KeyError:
        raise StudyError(f"there is no study {place.study} in {place.words}") from None
    finally:
        storage.remove_session()
        storage.close()


def remember(place: Place) -> None:
    """Note in a study's folder which database it is in, so that its name is enough from now on.

    A password is not written.

    Raises:
        StudyError: if the folder cannot be written.
    """
    if place.url is None:
        return
    content = {"study": place.study, "storage": without_password(place.url)}
    try:
        place.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(content) + "\n"
        write_whole(place.folder / ABOUT, lambda file: file.write(text.encode()))
    except OSError as error:
        raise StudyError(f"cannot write {place.folder}: {os.strerror(error.errno or 0)}") from error


def best_of(trials: Iterable[FrozenTrial], count: int = 1) -> list[FrozenTrial]:
    """The complete trials with the highest accuracies, the earlier of equal ones first."""
    complete = [trial for trial in trials if trial.state is TrialState.COMPLETE]
    return sorted(complete, key=lambda trial: (-(trial.value or 0.0), trial.number))[:count]
