"""The answer to `predict`: what the network takes the digits of a picture for, in lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from digit_tui.data import DataError
from digit_tui.data.picture_files import read_picture
from digit_tui.insight.readings import picture_words, read_digits
from digit_tui.insight.selective import SelectiveClassifier
from digit_tui.plain.requests import InputError, PredictFile
from digit_tui.run.events import Inspected
from digit_tui.session.run_status import RunStatus
from digit_tui.session.selective import classifier_of
from digit_tui.storage.calibration_file import calibration_of


def answer(request: PredictFile, inspected: Mapping[str, Inspected], run: RunStatus) -> list[str]:
    """The answer for a run and, if one trains beside it, for its fork.

    Args:
        request: which picture.
        inspected: copies of their states, by "run" and "fork".
        run: the state of the run.

    Raises:
        InputError: if the picture cannot be read.
    """
    try:
        ink = read_picture(Path(request.file))
        lines = []
        for name, each in inspected.items():
            classifier = classifier_for(name, each, run)
            when = f"{name} at epoch {each.epoch:.2f}, step {each.step:,}"
            readings = read_digits(each.evaluated_network, ink, classifier=classifier)
            lines.append(f"{when}: {picture_words(ink, readings)}")
    except DataError as error:
        raise InputError(f"predict: {error}") from error
    return lines


def classifier_for(name: str, inspected: Inspected, run: RunStatus) -> SelectiveClassifier | None:
    """What may refuse to answer for the run or its fork; None without digits to compare with.

    Args:
        name: "run" or "fork".
        inspected: a copy of its state.
        run: the state of the run.
    """
    if run.dataset is None:
        return None
    calibration = None
    if name == "run" and run.folder is not None:
        calibration, _ = calibration_of(Path(run.folder), inspected.state.weights_sha256)
    return classifier_of(inspected.evaluated_network, run.dataset, calibration)
