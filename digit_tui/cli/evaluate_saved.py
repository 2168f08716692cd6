"""Opening a saved run with a dataset, and evaluating its network on the test set."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from digit_tui.cli.loading import load_and_tell
from digit_tui.data import (
    MINE,
    DataError,
    Dataset,
    all_drawings,
    counted,
    load_dataset,
    resample_area,
)
from digit_tui.engine.holdout import hold_out
from digit_tui.nn import Evaluation, Network, PredictionHistory, evaluate
from digit_tui.session.output import print_error
from digit_tui.storage.checkpoint import Checkpoint
from digit_tui.storage.drawing_files import drawings_of
from digit_tui.storage.errors import RunError
from digit_tui.storage.saved_run import SavedRun

Array = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class SavedEvaluation:
    """The evaluation of a saved run on a test set."""

    step: int
    """Of the checkpoint that was evaluated."""
    epoch: float
    """The same in epochs."""
    dataset: Dataset
    evaluation: Evaluation
    """Of the dataset's n test digits."""
    history: PredictionHistory
    """As it was saved, of the run's monitored split; see `history_of`."""
    weights_sha256: str
    """Of the checkpoint."""
    network: Network
    """That was evaluated."""
    taught: int | None = 0
    """How many of the test digits the network was taught, see `taught_count`: these it has seen."""


def evaluate_saved(
    saved: SavedRun,
    data: str | None,
    best: bool = False,
    load: Callable[[str, int], Dataset] = load_and_tell,
    warn: Callable[[str], object] = print_error,
) -> SavedEvaluation:
    """Evaluate a saved run on the test set of a dataset.

    Args:
        saved: the run.
        data: as --data; None is the dataset that the run was trained on.
        best: use the checkpoint with the best accuracy instead of the last.
        load: reads a dataset by its name and the side of its images.
        warn: takes a line for each checkpoint that could not be used.

    Raises:
        DataError: if the dataset cannot be read, or has more classes than the network.
        RunError: if no checkpoint can be read.
    """
    checkpoint, dataset = open_saved(saved, data, best, load, warn)
    network = checkpoint.network
    with threadpool_limits(limits=saved.config.threads, user_api="blas"):
        evaluation = evaluate(network, dataset.test_images, dataset.test_labels)
    state = checkpoint.state
    return SavedEvaluation(
        state.step,
        checkpoint.epoch,
        dataset,
        evaluation,
        state.history,
        state.weights_sha256,
        network,
        taught_count(saved, checkpoint, dataset),
    )


def open_saved(
    saved: SavedRun,
    data: str | None,
    best: bool,
    load: Callable[[str, int], Dataset] = load_and_tell,
    warn: Callable[[str], object] = print_error,
) -> tuple[Checkpoint, Dataset]:
    """The state of a saved run, and a dataset for it; see `evaluate_saved`.

    If the network was taught some of the test digits, that is said.
    """
    checkpoint = saved.checkpoint(best)
    for complaint in saved.complaints:
        warn(complaint)
    if data == MINE and saved.data != MINE:
        # None of them is in its training set.
        dataset = all_drawings(saved.config.side, checkpoint.sizes[-1])
        for note in dataset.notes:
            warn(note)
    else:
        dataset = load(data or saved.data, saved.config.side)
    if data is None:
        warn_of_change(saved, dataset, warn)
    elif trained := trained_count(saved, dataset):
        of = counted(len(dataset.test_labels), "test digit")
        warn(f"{trained:,} of {of} are among those that the network learned from: not unseen")
    classes = checkpoint.sizes[-1]
    if dataset.classes > classes:
        raise DataError(
            f"{dataset.source} has {dataset.classes} classes, the network knows {classes}"
        )
    taught = taught_count(saved, checkpoint, dataset)
    if taught is None:
        warn("drawings that the network was taught are missing: some test digits may be such")
    elif taught:
        of = counted(len(dataset.test_labels), "test digit")
        warn(f"{taught:,} of {of} were taught to the network: they are not unseen")
    return checkpoint, dataset


def trained_count(saved: SavedRun, dataset: Dataset) -> int:
    """How many test digits of a dataset are among the training images of a run.

    The sample's are among those of full MNIST, for example. 0 if the run's dataset is not there.
    """
    try:
        own = hold_out(load_dataset(saved.data, saved.config.side), saved.config.validation)
    except DataError:
        return 0
    return _count_among(own.train_images, dataset.test_images)


def taught_count(saved: SavedRun, checkpoint: Checkpoint, dataset: Dataset) -> int | None:
    """How many test digits are drawings that the network was taught; None if these are missing."""
    try:
        lessons = drawings_of(saved.path, checkpoint.state.lineage)
    except RunError:
        return None
    taught = (resample_area(drawings.images, dataset.side) for drawings in lessons)
    return _count_among(chain.from_iterable(taught), dataset.test_images)


def _count_among(learned: Iterable[Array], digits: Array) -> int:
    """How many digits are, pixel by pixel, among the images that a network learned from.

    Args:
        learned: (pixels,) uint8 each.
        digits: (n, pixels) uint8.
    """
    names = [digit.tobytes() for digit in digits]
    seen = {*names}.intersection(image.tobytes() for image in learned)
    return sum(name in seen for name in names)


def warn_of_change(saved: SavedRun, dataset: Dataset, warn: Callable[[str], object]) -> None:
    """Say so if the run's own dataset is no longer what the run was trained on."""
    try:
        saved.check_dataset(hold_out(dataset, saved.config.validation))
    except (DataError, RunError) as error:
        warn(f"{error}: it has changed since, and is measured as it is now")


def history_of(saved: SavedRun, result: SavedEvaluation) -> PredictionHistory:
    """The predictions of past epochs for these test digits; empty if others were monitored."""
    if saved.config.validation:
        return PredictionHistory()
    try:
        saved.check_dataset(result.dataset)
    except RunError:
        return PredictionHistory()
    return result.history


def same_digits(one: Dataset, other: Dataset) -> bool:
    """Whether two datasets have the same test digits; images of other sizes are not compared."""
    return np.array_equal(one.test_labels, other.test_labels) and (
        one.side != other.side or np.array_equal(one.test_images, other.test_images)
    )
