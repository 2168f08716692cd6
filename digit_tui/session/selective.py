"""Making the network of a run that trains one that may refuse to answer."""

from __future__ import annotations

from pathlib import Path

from digit_tui.data import Dataset
from digit_tui.insight.selective import SelectiveClassifier
from digit_tui.run.events import Inspected
from digit_tui.storage.calibration_file import calibration_of


def selective_classifier(
    inspected: Inspected, dataset: Dataset, folder: str | None
) -> SelectiveClassifier:
    """The network of a state; takes a second or two.

    Args:
        inspected: the state.
        dataset: of the run.
        folder: of the run, if it is saved: it may have a calibration of these weights.
    """
    calibration = None
    if folder is not None:
        calibration, _ = calibration_of(Path(folder), inspected.state.weights_sha256)
    known = () if calibration is None else calibration.known
    return SelectiveClassifier.of(inspected.evaluated_network, dataset, *known)
