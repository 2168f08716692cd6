"""What share of the test digits the network of a saved run answers, and how well."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from threadpoolctl import threadpool_limits

from digit_tui.cli.evaluate_saved import SavedEvaluation
from digit_tui.data import DataError, load_dataset
from digit_tui.engine.holdout import hold_out
from digit_tui.insight.answers import Coverage, coverage
from digit_tui.insight.novelty import NoveltyScorer, threshold_of
from digit_tui.storage.saved_run import SavedRun


def answered(saved: SavedRun, result: SavedEvaluation, data: str | None) -> Coverage:
    """Measure what is answered on the test digits that were evaluated.

    Digits are compared with those that the run was trained on, whichever are evaluated. The
    threshold comes from the validation set if there is one, else from training digits.

    Args:
        saved: the run.
        result: its evaluation.
        data: the dataset that was evaluated, as --data; None is the run's own.

    Raises:
        DataError: if the run's own dataset cannot be read.
    """
    own = result.dataset if data is None else load_dataset(saved.data, saved.config.side)
    own = hold_out(own, saved.config.validation)
    with threadpool_limits(limits=1, user_api="blas"):  # the components: others would spin
        scorer = NoveltyScorer(result.network, own.train_images)
        threshold = scorer.threshold
        if own.validation_images is not None:
            threshold = threshold_of(scorer.score(own.validation_images))
        scores = scorer.score(result.dataset.test_images)
    return coverage(result.evaluation, scores, threshold)


def answered_lines(saved: SavedRun, result: SavedEvaluation, data: str | None) -> list[str]:
    """The same in lines, for a person; they say so if the run's own dataset is missing."""
    try:
        words = answered(saved, result, data).words
    except DataError as error:
        return [f"Answered       not known without the digits it was trained on: {error}"]
    return ["Answered       of the test digits", *words]


def answered_to_json(saved: SavedRun, result: SavedEvaluation, data: str | None) -> Any:
    """The counts as a JSON object; None if the run's own dataset is missing."""
    try:
        found = answered(saved, result, data)
    except DataError:
        return None
    return asdict(found) | {"refused": found.refused}
