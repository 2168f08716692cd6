"""Answers to questions about a run, in lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from digit_tui.data import Dataset, draw_digit
from digit_tui.insight.digit_table import DigitTable
from digit_tui.insight.report import report
from digit_tui.insight.selection import SelectionError, parse_selection, select
from digit_tui.insight.significance import compare, gap_words
from digit_tui.nn import Evaluation
from digit_tui.plain import requests
from digit_tui.plain.grammar import help_lines
from digit_tui.plain.requests import InputError, Request
from digit_tui.run import wording
from digit_tui.run.commands import Command, Setting, StepEpoch
from digit_tui.run.events import Evaluated, SnapshotInfo
from digit_tui.run.settings import changes_of
from digit_tui.session.run_status import RunStatus

ROWS = 14
"""Height of a drawn digit: two rows of MNIST's pixels each."""
GUESSES = 3
"""So many classes are named with their probabilities."""

STATES = {"spike": "in trouble", "diverged": "in trouble", "finished": "all epochs are done"}
"""States that are told in other words."""

NO_LOOK = "no look at the digits yet"


def answer(order: Request, run: RunStatus, log: list[str]) -> list[str]:
    """The answer to a question.

    Args:
        order: the question.
        run: how it stands.
        log: lines that told what happened.

    Raises:
        InputError: if it is about something that is not there.
    """
    match order:
        case requests.ShowStatus():
            return status(run)
        case requests.Mistakes():
            return mistakes(run, order)
        case requests.Digit(index):
            return digit(run, index)
        case requests.Confusion():
            return confusion(run)
        case requests.Log(count):
            return log[-count:]
        case requests.Help(command):
            return help_lines(command)
        case _:
            raise TypeError(f"{order!r} is no question")


def position(run: RunStatus) -> str:
    """For example "epoch 3.25 of 155, step 104"."""
    return f"epoch {run.epoch:.2f} of {run.settings.epochs}, step {run.step:,}"


def look_words(evaluated: Evaluated) -> str:
    """For example "test 97.10%, loss 0.0951"."""
    evaluation = evaluated.evaluation
    return f"{evaluated.split} {evaluation.accuracy:.2%}, loss {evaluation.loss:.4f}"


def gap(run: RunStatus) -> str | None:
    """How the fork compares with the run; None is unknown."""
    first, second = run.evaluated, run.fork.evaluated if run.fork else None
    if first is None or second is None or first.step != second.step:
        return None
    comparison = compare(first.evaluation, second.evaluation)
    accuracy = f"{second.evaluation.accuracy:.2%}"
    return f"fork: {first.split} {accuracy}, {gap_words(comparison)}; {comparison.words}"


def standing(run: RunStatus) -> str:
    """In one line, for example "training at epoch 3.25 of 155, step 104: test 97.10%, ..."."""
    words = f"{STATES.get(run.state, run.state)} at {position(run)}"
    if run.evaluated is None:
        return f"{words}: {NO_LOOK}"
    then = "" if run.evaluated.step == run.step else f" at epoch {run.evaluated.epoch:.2f}"
    return f"{words}: {look_words(run.evaluated)}{then}"


def status(run: RunStatus) -> list[str]:
    """All about how a run stands."""
    name = run.dataset.name if run.dataset else run.config.data
    parts = [name, "-".join(map(str, run.network)) or "no network yet"]
    lines = [
        standing(run),
        ", ".join([*parts, *wording.settings_words(run.settings, run.learning_rate)]),
    ]
    if run.going and run.images_per_second:
        left = run.seconds_left()
        clock = "" if left is None else f", {wording.time_left(left)}"
        lines.append(f"{run.images_per_second:,.0f} images/s{clock}")
    if run.fork is not None:
        lines += filter(None, [wording.line_for(run.fork.forked), gap(run)])
    if run.save_trouble is not None:
        lines.append(wording.not_saved(run.save_trouble))
    elif run.saved is not None:
        lines += filter(None, [wording.line_for(run.saved)])
    return lines


def unmoved(command: Command, run: RunStatus, terminal: bool) -> list[str]:
    """What to say of a command of which nothing came.

    Args:
        command: that was obeyed.
        run: how it stands.
        terminal: whether the next line may come meanwhile.
    """
    if isinstance(command, Setting):
        wanted = changes_of(command, run.settings, run.config)
        if all(getattr(run.settings, name) == value for name, value in wanted.items()):
            return ["nothing changes: it is so already"]
        return ["this takes effect when the steps that are made again are made"]
    if isinstance(command, StepEpoch) and run.going:
        return ["training to the end of the epoch"] if terminal else []
    return [standing(run)]


def timeline(snapshots: Sequence[SnapshotInfo]) -> list[str]:
    """Moments with their rows, counted from 1."""
    width = len(str(len(snapshots)))
    return [
        f"{row:>{width}}  {wording.snapshot_words(snapshot)}".rstrip()
        for row, snapshot in enumerate(snapshots, 1)
    ] or ["no snapshots yet"]


def ordered(snapshots: Sequence[SnapshotInfo]) -> list[SnapshotInfo]:
    """Moments in the order of a timeline."""
    return sorted(snapshots, key=lambda snapshot: (snapshot.step, len(snapshot.lineage)))


def mistakes(run: RunStatus, order: requests.Mistakes) -> list[str]:
    """The mistakes with the highest loss.

    Raises:
        InputError: if it says no selection.
    """
    evaluated = run.shown
    if evaluated is None:
        return [NO_LOOK]
    evaluation = evaluated.evaluation
    try:
        selection = parse_selection(order.selection, evaluation.probabilities.shape[1])
    except SelectionError as error:
        raise InputError(f"mistakes: {error}") from error
    digits = DigitTable(evaluation, evaluated.history)
    wrong = replace(selection, states=selection.states | {"wrong"})
    found = select(digits, wrong, "loss")
    when = f"at epoch {evaluated.epoch:.2f}"
    some = f" with {selection}" if order.selection else ""
    if not len(found):
        return [f"Not one mistake{some} {when}."]
    shown = found[: order.count]
    which = (
        "all of them" if len(shown) == len(found) else f"the {len(shown):,} with the highest loss"
    )
    count = f"{len(found):,} of {evaluation.total:,} {evaluated.split} digits"
    lines = [f"{count} wrong{some} {when}, {which}:"]
    for index in map(int, shown):
        lines.append("; ".join([digit_words(evaluation, index), *label_doubts(digits, index)]))
        if order.draw and run.dataset is not None:
            lines += picture(run.dataset, evaluated.split, index)
    return lines


def digit(run: RunStatus, index: int) -> list[str]:
    """A digit with what it is taken for, and since when.

    Raises:
        InputError: if there is none with this index.
    """
    evaluated = run.shown
    if evaluated is None or run.dataset is None:
        return [NO_LOOK]
    evaluation = evaluated.evaluation
    if index >= evaluation.total:
        raise InputError(
            f"digit: there are {evaluation.total:,} {evaluated.split} digits, counted from 0"
        )
    chances = evaluation.probabilities[index]
    order = np.argsort(-chances, kind="stable")[:GUESSES]
    guesses = ", ".join(f"{each} {chances[each]:.1%}" for each in order)
    digits = DigitTable(evaluation, evaluated.history)
    lines = [digit_words(evaluation, index), f"taken for: {guesses}", *label_doubts(digits, index)]
    if len(evaluated.history):
        lines.append(digits.life(index).words)
    return [*lines, *picture(run.dataset, evaluated.split, index)]


def digit_words(evaluation: Evaluation, index: int) -> str:
    """For example "digit 947: is 9, taken for 4 (97.3%; 9: 1.2%), loss 4.41"."""
    true, seen = int(evaluation.labels[index]), int(evaluation.predictions[index])
    chances = evaluation.probabilities[index]
    loss = f"loss {evaluation.losses[index]:.2f}"
    if true == seen:
        return f"digit {index}: is {true}, seen right ({chances[true]:.1%}), {loss}"
    sure = f"{chances[seen]:.1%}; {true}: {chances[true]:.1%}"
    return f"digit {index}: is {true}, taken for {seen} ({sure}), {loss}"


def label_doubts(digits: DigitTable, index: int) -> list[str]:
    """What there is against a digit's label, for example "label: suspect"."""
    doubts = digits.doubts(index)
    return [f"label: {', '.join(doubts)}"] if doubts else []


def picture(dataset: Dataset, digits: str, index: int) -> list[str]:
    """A digit as ASCII art."""
    images, _ = dataset.split(digits)
    image = images[index].reshape(dataset.side, dataset.side)
    return [line.rstrip() for line in draw_digit(image, columns=2 * ROWS, rows=ROWS)]


def confusion(run: RunStatus) -> list[str]:
    """Which digits are taken for which."""
    evaluated = run.shown
    if evaluated is None:
        return [NO_LOOK]
    return report(
        evaluated.evaluation, evaluated.history, evaluated.split.capitalize()
    ).splitlines()
