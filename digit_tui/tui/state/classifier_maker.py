"""Keeps what is no digit to the network of a run, as the network learns."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from digit_tui.data import Dataset
from digit_tui.insight.selective import SelectiveClassifier
from digit_tui.run.events import Evaluated
from digit_tui.session.calibration_check import saved_calibration
from digit_tui.session.selective import classifier_of
from digit_tui.storage.calibration_file import Calibration
from digit_tui.training.pace import Pace
from digit_tui.tui.state.run_model import RunModel

SHARE = 0.03
"""The most of the time that it may take while the network trains."""


class ClassifierMaker:
    """Makes a selective classifier of the evaluated network, when training can spare the time.

    Attributes:
        classifier: the latest, of this network or an earlier one of the run; None if there is none.
    """

    def __init__(self) -> None:
        self.classifier: SelectiveClassifier | None = None
        self._pace = Pace(SHARE)
        self._model: RunModel | None = None
        self._of: Evaluated | None = None
        """The last that one was to be made of."""
        self._busy = False

    @property
    def makes_first(self) -> bool:
        """Whether one is being made, and there was none before."""
        return self._busy and self.classifier is None

    def due(self, model: RunModel) -> Callable[[], None] | None:
        """What is to be done in a thread now, for a second; None if there is nothing."""
        if model is not self._model:  # another run has begun
            self._model, self._of, self.classifier = model, None, None
        evaluated, dataset = model.evaluated, model.dataset
        if self._busy or evaluated is None or dataset is None or evaluated is self._of:
            return None
        trains = model.going and model.replay is None
        if trains and self._of is not None and not self._pace.allowed:
            return None
        self._busy, self._of = True, evaluated
        folder = model.calibration_folder
        calibration, _ = saved_calibration(evaluated, model.inspected, folder)
        return partial(self._make, evaluated, dataset, calibration)

    def _make(
        self, evaluated: Evaluated, dataset: Dataset, calibration: Calibration | None
    ) -> None:
        with self._pace, suppress(Exception):  # no memory, for example: the one before must do
            made = classifier_of(evaluated.network, dataset, calibration)
            if self._of is evaluated:  # else another run has begun meanwhile
                self.classifier = made
        self._busy = False
