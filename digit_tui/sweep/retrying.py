"""A storage of Optuna's that survives moments in which the real one does not answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Sequence
from time import monotonic
from typing import Any, TypeVar

from optuna.distributions import BaseDistribution
from optuna.exceptions import DuplicatedStudyError, StorageInternalError, UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState

from digit_tui.sweep.errors import StorageTrouble

T = TypeVar("T")

PATIENCE_SECONDS = 300.0
"""How long a storage may be silent: a server that is started again takes less."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 3.0

Wait = Callable[[float], bool]
"""Waits so many seconds; returns whether to give up."""


class RetryingStorage(BaseStorage):
    """Repeats what failed because of the storage, until it is done or patience is at an end.

    It may have been done without an answer: all that is written here may be written twice, but for
    a new trial. One that nobody knows of is taken over like that of a worker that was killed.
    """

    def __init__(
        self,
        storage: BaseStorage,
        troubles: tuple[type[Exception], ...],
        wait: Wait,
        complain: Callable[[str], None],
        close: Callable[[], object],
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """Put it in front of a storage.

        Args:
            storage: the real one.
            troubles: errors after which it is tried again.
            wait: between two tries.
            complain: is told once when it does not answer, and when it does again.
            close: closes its connections.
            patience_seconds: how long it is tried.
        """
        self._storage = storage
        self._troubles: tuple[type[Exception], ...] = (StorageInternalError, *troubles)
        self._wait = wait
        self._complain = complain
        self.close = close
        self._patience_seconds = patience_seconds

    def _try(self, call: Callable[[], T]) -> T:
        begun, pause, failed = monotonic(), FIRST_PAUSE, False
        while True:
            try:
                result = call()
            except self._troubles as error:
                if monotonic() - begun > self._patience_seconds or self._wait(pause):
                    raise StorageTrouble(f"the storage does not answer: {_line(error)}") from error
                if not failed:
                    self._complain(f"the storage does not answer, trying again: {_line(error)}")
                failed, pause = True, min(2 * pause, LONGEST_PAUSE)
            else:
                if failed:
                    self._complain("the storage answers again")
                return result

    def create_new_study(
        self, directions: Sequence[StudyDirection], study_name: str | None = None
    ) -> int:
        return self._try(lambda: self._storage.create_new_study(directions, study_name))

    def delete_study(self, study_id: int) -> None:
        self._try(lambda: self._storage.delete_study(study_id))

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:
        self._try(lambda: self._storage.set_study_user_attr(study_id, key, value))

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        self._try(lambda: self._storage.set_study_system_attr(study_id, key, value))

    def get_study_id_from_name(self, study_name: str) -> int:
        return self._try(lambda: self._storage.get_study_id_from_name(study_name))

    def get_study_name_from_id(self, study_id: int) -> str:
        return self._try(lambda: self._storage.get_study_name_from_id(study_id))

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        return self._try(lambda: self._storage.get_study_directions(study_id))

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        return self._try(lambda: self._storage.get_study_user_attrs(study_id))

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        return self._try(lambda: self._storage.get_study_system_attrs(study_id))

    def get_all_studies(self) -> list[FrozenStudy]:
        return self._try(self._storage.get_all_studies)

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        return self._try(lambda: self._storage.create_new_trial(study_id, template_trial))

    def set_trial_param(
        self,
        trial_id: int,
        param_name: str,
        param_value_internal: float,
        distribution: BaseDistribution,
    ) -> None:
        self._try(
            lambda: self._storage.set_trial_param(
                trial_id, param_name, param_value_internal, distribution
            )
        )

    def get_trial_id_from_study_id_trial_number(self, study_id: int, trial_number: int) -> int:
        return self._try(
            lambda: self._storage.get_trial_id_from_study_id_trial_number(study_id, trial_number)
        )

    def get_trial_number_from_id(self, trial_id: int) -> int:
        return self._try(lambda: self._storage.get_trial_number_from_id(trial_id))

    def get_trial_param(self, trial_id: int, param_name: str) -> float:
        return self._try(lambda: self._storage.get_trial_param(trial_id, param_name))

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        return self._try(lambda: self._storage.set_trial_state_values(trial_id, state, values))

    def set_trial_intermediate_value(
        self, trial_id: int, step: int, intermediate_value: float
    ) -> None:
        self._try(
            lambda: self._storage.set_trial_intermediate_value(trial_id, step, intermediate_value)
        )

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        self._try(lambda: self._storage.set_trial_user_attr(trial_id, key, value))

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        self._try(lambda: self._storage.set_trial_system_attr(trial_id, key, value))

    def get_trial(self, trial_id: int) -> FrozenTrial:
        return self._try(lambda: self._storage.get_trial(trial_id))

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        return self._try(lambda: self._storage.get_all_trials(study_id, deepcopy, states))

    def remove_session(self) -> None:
        self._storage.remove_session()

    def check_trial_is_updatable(self, trial_id: int, trial_state: TrialState) -> None:
        self._storage.check_trial_is_updatable(trial_id, trial_state)


FINISHED = UpdateFinishedTrialError
"""What Optuna raises where a trial has ended already."""
EXISTS = DuplicatedStudyError


def _line(error: BaseException) -> str:
    """What the innermost cause says, in one line."""
    cause: BaseException = error
    while cause.__cause__ is not None or (cause.__context__ is not None):
        cause = cause.__cause__ or cause.__context__ or cause
    if isinstance(cause, json.JSONDecodeError):
        return "a line of the journal is damaged"
    return " ".join(str(cause).split())[:200] or type(cause).__name__
