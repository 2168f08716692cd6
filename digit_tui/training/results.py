"""The figures that events give at the end of an epoch and of a run, and of a change."""

from __future__ import annotations

from typing import Any

from digit_tui.insight.significance import compare
from digit_tui.run.events import Effect, EpochEnded, Evaluated
from digit_tui.run.state import RunState, Tally

SPLITS = ("test", "validation")


def epoch_ended(
    state: RunState, tally: Tally, learning_rate: float, evaluated: Evaluated
) -> EpochEnded:
    """The event.

    Args:
        state: after the epoch.
        tally: the sums over its steps.
        learning_rate: of its last step.
        evaluated: the monitored split, after it; figures of the other split are None.
    """
    figures = dict.fromkeys(f"{split}_{name}" for split in SPLITS for name in ("loss", "accuracy"))
    evaluation = evaluated.evaluation
    figures |= {
        f"{evaluated.split}_loss": evaluation.loss,
        f"{evaluated.split}_accuracy": evaluation.accuracy,
    }
    return EpochEnded(
        epoch=state.epoch,
        step=state.step,
        learning_rate=learning_rate,
        optimizer=state.settings.optimizer,
        train_loss=tally.loss / tally.images,
        train_accuracy=tally.correct / tally.images,
        **figures,
        gradient_norm=tally.gradient_norm / tally.steps,
        clip_rate=tally.clipped / tally.steps,
        seconds=tally.seconds,
        images_per_second=tally.images / tally.seconds,
    )


def run_results(
    state: RunState,
    evaluated: dict[str, Evaluated | None],
    test_opened: int | None,
    seconds: float,
) -> dict[str, Any]:
    """The fields of RunEnded that run.json keeps as well.

    Args:
        state: at the end.
        evaluated: test and validation; None for a split that was not evaluated.
        test_opened: the step at which a person opened the test set.
        seconds: of training.
    """
    counts: dict[str, Any] = {}
    for split in SPLITS:
        event = evaluated[split]
        evaluation = None if event is None else event.evaluation
        for name in ("accuracy", "correct", "total"):
            counts[f"{split}_{name}"] = None if evaluation is None else getattr(evaluation, name)
    return {
        "epochs": state.epoch,
        "steps": state.step,
        **counts,
        "test_opened": test_opened,
        "weights_sha256": state.weights_sha256,
        "seconds": seconds,
    }


def effect_of(before: Evaluated, after: Evaluated) -> Effect:
    """What a change did to the network, by evaluations of the same split before and after it."""
    first, second = before.evaluation, after.evaluation
    return Effect(after.split, first.accuracy, second.accuracy, compare(first, second))
