"""Having the network of a saved run look at test digits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from threadpoolctl import threadpool_limits

from digit_tui.data import DataError, Dataset, load_dataset
from digit_tui.nn import Evaluation, PredictionHistory, evaluate
from digit_tui.session.output import print_error
from digit_tui.storage.errors import RunError
from digit_tui.storage.saved_run import SavedRun


@dataclass(frozen=True, eq=False)
class SavedEvaluation:
    """What a checkpoint of a run makes of test digits."""

    step: int
    """Of the checkpoint."""
    dataset: Dataset
    evaluation: Evaluation
    """Of the data set's n test digits."""
    history: PredictionHistory = field(default_factory=PredictionHistory)
    """As it was saved: of the digits that the run was watched with; see `history_of`."""


def evaluate_saved(
    saved: SavedRun,
    data: str | None,
    best: bool = False,
    load: Callable[[str, int], Dataset] = load_dataset,
    warn: Callable[[str], object] = print_error,
) -> SavedEvaluation:
    """Have a run look at a data set's test digits.

    Args:
        saved: the run.
        data: as --data; None is what the run was trained on.
        best: take the checkpoint with the best accuracy instead of the last.
        load: reads digits by name and side.
        warn: is told of each checkpoint that could not be used.

    Raises:
        DataError: if the digits can not be read, or have classes that the network does not know.
        RunError: if there is no checkpoint that can be read.
    """
    checkpoint = saved.checkpoint(best)
    for complaint in saved.complaints:
        warn(complaint)
    network = checkpoint.network
    dataset = load(data or saved.data, saved.config.side)
    if dataset.classes > network.sizes[-1]:
        raise DataError(
            f"{dataset.source} has {dataset.classes} classes, the network knows {network.sizes[-1]}"
        )
    with threadpool_limits(limits=saved.config.threads, user_api="blas"):
        evaluation = evaluate(network, dataset.test_images, dataset.test_labels)
    return SavedEvaluation(checkpoint.state.step, dataset, evaluation, checkpoint.state.history)


def history_of(saved: SavedRun, result: SavedEvaluation) -> PredictionHistory:
    """What the run predicted for the digits of a look; empty if it was watched with others."""
    if saved.config.validation:
        return PredictionHistory()
    try:
        saved.check_dataset(result.dataset)
    except RunError:
        return PredictionHistory()
    return result.history
