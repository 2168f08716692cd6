"""What share of the test digits the network of a saved run answers, and how well."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from threadpoolctl import threadpool_limits

from digit_tui.cli.evaluate_saved import SavedEvaluation
from digit_tui.cli.selective import selective_classifier
from digit_tui.data import DataError
from digit_tui.insight.answers import Coverage
from digit_tui.storage.calibration_file import Calibration
from digit_tui.storage.saved_run import SavedRun


def answered(
    saved: SavedRun, result: SavedEvaluation, calibration: Calibration | None, data: str | None
) -> Coverage:
    """Measure what is answered on the test digits that were evaluated.

    Digits are compared with those that the run was trained on, whichever are evaluated.

    Args:
        saved: the run.
        result: its evaluation.
        calibration: of the evaluated network; None if there is none.
        data: the dataset that was evaluated, as --data; None is the run's own.

    Raises:
        DataError: if the run's own dataset cannot be read.
    """
    own = result.dataset if data is None else None
    classifier = selective_classifier(saved, result.network, calibration, own)
    with threadpool_limits(limits=saved.config.threads, user_api="blas"):
        return classifier.coverage(result.evaluation, result.dataset.test_images)


def answered_lines(found: Coverage | DataError) -> list[str]:
    """The same in lines, for a person; they say so if the run's own dataset is missing."""
    if isinstance(found, DataError):
        return [f"Answered       not known without the digits it was trained on: {found}"]
    return ["Answered       of the test digits, by predict (manual unknown says why)", *found.words]


def answered_to_json(found: Coverage | DataError) -> Any:
    """The counts as a JSON object; None if the run's own dataset is missing."""
    return None if isinstance(found, DataError) else asdict(found) | {"refused": found.refused}
