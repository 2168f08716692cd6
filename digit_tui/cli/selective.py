"""Making the network of a saved run one that may refuse to answer."""

from __future__ import annotations

from threadpoolctl import threadpool_limits

from digit_tui.cli.loading import load_and_tell
from digit_tui.data import Dataset
from digit_tui.engine.holdout import hold_out
from digit_tui.insight.selective import SelectiveClassifier
from digit_tui.nn import Network
from digit_tui.session.selective import classifier_of
from digit_tui.storage.calibration_file import Calibration
from digit_tui.storage.saved_run import SavedRun


def selective_classifier(
    saved: SavedRun,
    network: Network,
    calibration: Calibration | None,
    dataset: Dataset | None = None,
) -> SelectiveClassifier:
    """The network of a saved run, with the digits that it was trained on to compare others with.

    Temperature and threshold are those of the calibration; see `SelectiveClassifier.of` for what it
    lacks.

    Args:
        saved: the run.
        network: of one of its checkpoints.
        calibration: of that network; None if there is none.
        dataset: the run's own, if it was read already.

    Raises:
        DataError: if the run's own dataset cannot be read.
    """
    own = load_and_tell(saved.data, saved.config.side) if dataset is None else dataset
    own = hold_out(own, saved.config.validation)
    with threadpool_limits(limits=1, user_api="blas"):  # the components: others would spin
        return classifier_of(network, own, calibration)
