"""Opening the saved runs of a committee, and evaluating them together."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from digit_tui.cli.evaluate_saved import open_saved, same_digits
from digit_tui.cli.loading import load_and_tell
from digit_tui.cli.saved_runs import LETTERS, read_run
from digit_tui.data import DataError, Dataset
from digit_tui.insight.committee import evaluate_together
from digit_tui.nn import evaluate
from digit_tui.session.committee import JointEvaluation, Member
from digit_tui.session.output import print_error
from digit_tui.storage.calibration_file import calibration_of
from digit_tui.storage.checkpoint import Checkpoint
from digit_tui.storage.errors import RunError
from digit_tui.storage.saved_run import SavedRun


def open_members(names: Sequence[str], best: bool) -> list[Member]:
    """Open the runs of a committee, of whichever digits; see `evaluate_committee`.

    Args:
        names: two or more; see `find_run`.
        best: use the checkpoints with the best accuracy instead of the last.

    Raises:
        click.UsageError: if there are too few or too many, or one is named twice.
        RunError: if one cannot be read, or they cannot be a committee.
    """

    def open_one(saved: SavedRun, warn: Callable[[str], object]) -> Checkpoint:
        checkpoint = saved.checkpoint(best)
        for complaint in saved.complaints:
            warn(complaint)
        return checkpoint

    return _open_all(names, open_one)


def evaluate_committee(names: Sequence[str], data: str | None, best: bool) -> JointEvaluation:
    """Open the runs of a committee, and evaluate them on the same test digits.

    Args:
        names: two or more; see `find_run`.
        data: as --data; None is the dataset that the runs were trained on.
        best: use the checkpoints with the best accuracy instead of the last.

    Raises:
        click.UsageError: if there are too few or too many, or one is named twice.
        DataError: if a dataset cannot be read, has more classes than the networks, or if they have
            different test digits.
        RunError: if a run cannot be read or has diverged, or they cannot be a committee.
    """
    load = cache(load_and_tell)  # most runs have the same dataset
    datasets: list[Dataset] = []

    def open_one(saved: SavedRun, warn: Callable[[str], object]) -> Checkpoint:
        checkpoint, dataset = open_saved(saved, data, best, load, warn)
        datasets.append(dataset)
        return checkpoint

    members = _open_all(names, open_one)
    dataset, first = datasets[0], members[0]
    for member, other in zip(members, datasets, strict=True):
        if not same_digits(dataset, other):
            raise DataError(
                f"{first.letter} has the test digits of {dataset.name}, {member.letter} others, of "
                f"{other.name}: say with --data which ones to test them all on"
            )
    with threadpool_limits(limits=first.saved.config.threads, user_api="blas"):
        digits = dataset.test_images, dataset.test_labels
        evaluations = [evaluate(each.network, *digits) for each in members]
    for member, evaluation in zip(members, evaluations, strict=True):
        _check_finite(member, evaluation.probabilities)
    together = evaluate_together(evaluations, [each.temperature for each in members])
    return JointEvaluation(dataset, members, evaluations, together)


def _open_all(
    names: Sequence[str], open_one: Callable[[SavedRun, Callable[[str], object]], Checkpoint]
) -> list[Member]:
    if not 2 <= len(names) <= len(LETTERS):
        raise click.UsageError(f"a committee has 2 to {len(LETTERS)} runs, not {len(names)}")
    members: list[Member] = []
    for letter, name in zip(LETTERS, names, strict=False):

        def warn(complaint: str, letter: str = letter) -> None:
            print_error(f"{letter}: {complaint}")

        saved = read_run(name)
        for member in members:
            if os.path.samefile(member.saved.path, saved.path):
                same = f"{member.letter} and {letter} are the same run, {saved.path.name}"
                raise click.UsageError(f"{same}: name it once")
        checkpoint = open_one(saved, warn)
        calibration, complaint = calibration_of(saved.path, checkpoint.state.weights_sha256)
        if complaint:
            warn(complaint)
        members.append(Member(letter, saved, checkpoint, calibration))
        _check_fit(members[0], members[-1])
    return members


def _check_fit(first: Member, member: Member) -> None:
    """Check that a run can be a member beside the first one.

    Raises:
        RunError: if not.
    """
    sides = first.saved.config.side, member.saved.config.side
    classes = first.checkpoint.sizes[-1], member.checkpoint.sizes[-1]
    together = "a committee needs networks of the same images and classes"
    if sides[0] != sides[1]:
        raise RunError(
            f"{first.letter} reads images of {sides[0]} pixels a side, {member.letter} "
            f"({member.saved.path.name}) of {sides[1]}: {together}"
        )
    if classes[0] != classes[1]:
        raise RunError(
            f"{first.letter} tells {classes[0]} classes apart, {member.letter} "
            f"({member.saved.path.name}) {classes[1]}: {together}"
        )
    _check_finite(member, member.network.parameters)


def _check_finite(member: Member, numbers: NDArray[Any]) -> None:
    """Check the weights of a member, or its probabilities: one that is NaN would spoil the mean.

    Raises:
        RunError: if some are no numbers.
    """
    if not np.isfinite(numbers).all():
        raise RunError(
            f"{member.letter} ({member.saved.path.name}) has diverged by step "
            f"{member.checkpoint.state.step:,}: leave it out, or try --best"
        )
