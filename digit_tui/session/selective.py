"""Making the network of a run one that may refuse to answer."""

from __future__ import annotations

from digit_tui.data import Dataset
from digit_tui.insight.selective import SelectiveClassifier
from digit_tui.nn import Network
from digit_tui.storage.calibration_file import Calibration


def classifier_of(
    network: Network, dataset: Dataset, calibration: Calibration | None
) -> SelectiveClassifier:
    """One for a network; takes a second or two.

    Temperature and threshold are those of the calibration; see `SelectiveClassifier.of` for what it
    lacks.

    Args:
        network: whose weights must stay as they are.
        dataset: of the run, with its validation set held out.
        calibration: of that network; None if there is none.
    """
    known = () if calibration is None else (calibration.temperature, calibration.novelty_threshold)
    return SelectiveClassifier.of(network, dataset, *known)
