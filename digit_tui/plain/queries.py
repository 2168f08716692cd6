"""Answers to questions about a run, in lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from digit_tui.data import Dataset, counted, draw_digit, in_nats
from digit_tui.insight.digit_table import DigitTable
from digit_tui.insight.report import report
from digit_tui.insight.selection import SelectionError, parse_selection, select
from digit_tui.insight.significance import compare, gap_words
from digit_tui.nn import Evaluation
from digit_tui.plain import requests
from digit_tui.plain.grammar import help_lines
from digit_tui.plain.lines import wrapped
from digit_tui.plain.requests import InputError, Request
from digit_tui.run import setting_words, wording
from digit_tui.run.commands import Command, Setting, StepEpoch
from digit_tui.run.events import Evaluated, SnapshotInfo
from digit_tui.run.settings import changes_of
from digit_tui.run.timeline import group_snapshots
from digit_tui.session.run_status import RunStatus

ROWS = 14
"""Lines of a drawn digit: two rows of MNIST's pixels each."""
GUESSES = 3
"""The most probable classes that are named with their probabilities."""

STATES = {"spike": "in trouble", "diverged": "in trouble", "finished": "all epochs are done"}
"""States that are worded differently."""

NOT_EVALUATED = "not evaluated yet"


def answer(request: Request, run: RunStatus, log: list[str]) -> list[str]:
    """The answer to a question.

    Args:
        request: the question.
        run: the state of the run.
        log: the lines of the log.

    Raises:
        InputError: if it asks for something that does not exist.
    """
    match request:
        case requests.ShowStatus():
            return status(run)
        case requests.ListMistakes():
            return mistakes(run, request)
        case requests.ShowDigit(index):
            return digit(run, index)
        case requests.ShowConfusion():
            return confusion(run)
        case requests.ShowLog(count):
            return log[-count:]
        case requests.ShowHelp(word):
            lines = help_lines(word)
            return [part for line in lines for part in wrapped(line, WIDTH, "    ")]
        case _:
            raise TypeError(f"{request!r} is not a question")


WIDTH = 80
"""Columns of the help, also in a pipe."""


def position(run: RunStatus) -> str:
    """For example "epoch 3.25 of 155, step 104"."""
    return f"epoch {run.epoch:.2f} of {run.settings.epochs}, step {run.step:,}"


def evaluation_words(evaluated: Evaluated) -> str:
    """For example "test 97.10%, loss 0.0951"."""
    evaluation = evaluated.evaluation
    return f"{evaluated.split} {evaluation.accuracy:.2%}, loss {in_nats(evaluation.loss)}"


def gap(run: RunStatus) -> str | None:
    """How the fork compares with the run; None if they were not evaluated at one step since."""
    first, second = run.evaluated, run.fork.evaluated if run.fork else None
    if first is None or second is None or first.step != second.step or first is second:
        return None
    comparison = compare(first.evaluation, second.evaluation)
    accuracy = f"{second.evaluation.accuracy:.2%}"
    return f"fork: {first.split} {accuracy}, {gap_words(comparison)}; {comparison.words}"


def status_line(run: RunStatus) -> str:
    """For example "training at epoch 3.25 of 155, step 104: test 97.10%, ..."."""
    # A resumed run that is held before its first step has not found out yet.
    state = "finished" if run.state == "training" and run.all_done else run.state
    words = f"{STATES.get(state, state)} at {position(run)}"
    if run.evaluated is None:
        return f"{words}: {NOT_EVALUATED}"
    then = "" if run.evaluated.step == run.step else f" at epoch {run.evaluated.epoch:.2f}"
    return f"{words}: {evaluation_words(run.evaluated)}{then}"


def status(run: RunStatus) -> list[str]:
    """The state of a run in full."""
    name = run.dataset.name if run.dataset else run.config.data
    parts = [name, "-".join(map(str, run.network)) or "no network yet"]
    settings = setting_words.settings_words(run.settings, run.learning_rate, run.rate_factor)
    lines = [
        status_line(run),
        ", ".join(filter(None, [*parts, *settings, run.teacher])),
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


def nothing_happened(command: Command, run: RunStatus, terminal: bool) -> list[str]:
    """The reply to a command that caused no event to report.

    Args:
        command: that was carried out.
        run: the state of the run.
        terminal: whether the next line may come meanwhile.
    """
    if isinstance(command, Setting):
        wanted = changes_of(command, run.settings, run.config)
        if all(getattr(run.settings, name) == value for name, value in wanted.items()):
            return ["nothing changes: the setting has that value already"]
        return ["this takes effect after the steps that are being repeated"]
    if isinstance(command, StepEpoch) and run.going:
        return ["training to the end of the epoch"] if terminal else []
    return [status_line(run)]


def timeline(snapshots: Sequence[SnapshotInfo], every: bool) -> list[str]:
    """Snapshots with their rows, counted from 1.

    Args:
        snapshots: those that there are.
        every: whether each has a line, also where many follow each other without a command.
    """
    width = len(str(len(snapshots)))
    lines: list[str] = []
    row = 1
    for group in group_snapshots(snapshots):
        end = row + len(group.snapshots)
        if group.folds and not every:
            lines.append(f"{row:>{width}}  to row {end - 1}: {group.words}")
        else:
            lines += [
                f"{number:>{width}}  {wording.snapshot_words(snapshot)}".rstrip()
                for number, snapshot in enumerate(group.snapshots, row)
            ]
        row = end
    return lines or ["no snapshots yet"]


def ordered(snapshots: Sequence[SnapshotInfo]) -> list[SnapshotInfo]:
    """Snapshots in the order of the timeline's rows."""
    return [each for group in group_snapshots(snapshots) for each in group.snapshots]


def mistakes(run: RunStatus, request: requests.ListMistakes) -> list[str]:
    """The mistakes with the highest loss.

    Raises:
        InputError: if its selection is invalid.
    """
    evaluated = run.shown
    if evaluated is None:
        return [NOT_EVALUATED]
    evaluation = evaluated.evaluation
    try:
        selection = parse_selection(request.selection, evaluation.probabilities.shape[1])
    except SelectionError as error:
        raise InputError(f"mistakes: {error}") from error
    digits = DigitTable(evaluation, evaluated.history)
    wrong = replace(selection, states=selection.states | {"wrong"})
    found = select(digits, wrong, "loss")
    when = f"at epoch {evaluated.epoch:.2f}"
    some = f" with {selection}" if request.selection else ""
    if not len(found):
        return [f"Not one mistake{some} {when}."]
    shown = found[: request.count]
    which = (
        "all of them" if len(shown) == len(found) else f"the {len(shown):,} with the highest loss"
    )
    count = f"{len(found):,} of {counted(evaluation.total, f'{evaluated.split} digit')}"
    lines = [f"{count} wrong{some} {when}, {which}:"]
    for index in map(int, shown):
        lines.append("; ".join([digit_words(evaluation, index), *label_doubts(digits, index)]))
        if request.draw and run.dataset is not None:
            lines += picture(run.dataset, evaluated.split, index)
    return lines


def digit(run: RunStatus, index: int) -> list[str]:
    """A digit with its most probable classes and its history.

    Raises:
        InputError: if there is no digit with this index.
    """
    evaluated = run.shown
    if evaluated is None or run.dataset is None:
        return [NOT_EVALUATED]
    evaluation = evaluated.evaluation
    if index >= evaluation.total:
        raise InputError(
            f"digit: there are {evaluation.total:,} {evaluated.split} digits, counted from 0"
        )
    chances = evaluation.probabilities[index]
    classes = np.argsort(-chances, kind="stable")[:GUESSES]
    guesses = ", ".join(f"{each} {chances[each]:.1%}" for each in classes)
    digits = DigitTable(evaluation, evaluated.history)
    lines = [digit_words(evaluation, index), f"taken for: {guesses}", *label_doubts(digits, index)]
    if len(evaluated.history):
        lines.append(digits.life(index).words)
    return [*lines, *picture(run.dataset, evaluated.split, index)]


def digit_words(evaluation: Evaluation, index: int) -> str:
    """For example "digit 947: is 9, taken for 4 (97.3%; 9: 1.2%), loss 4.41"."""
    true, predicted = int(evaluation.labels[index]), int(evaluation.predictions[index])
    chances = evaluation.probabilities[index]
    loss = f"loss {evaluation.losses[index]:.2f}"
    if true == predicted:
        return f"digit {index}: is {true}, correct ({chances[true]:.1%}), {loss}"
    sure = f"{chances[predicted]:.1%}; {true}: {chances[true]:.1%}"
    return f"digit {index}: is {true}, taken for {predicted} ({sure}), {loss}"


def label_doubts(digits: DigitTable, index: int) -> list[str]:
    """The reasons to doubt a digit's label, for example "label: suspect"."""
    doubts = digits.doubts(index)
    return [f"label: {', '.join(doubts)}"] if doubts else []


def picture(dataset: Dataset, split: str, index: int) -> list[str]:
    """A digit as ASCII art."""
    images, _ = dataset.split(split)
    image = images[index].reshape(dataset.side, dataset.side)
    return [line.rstrip() for line in draw_digit(image, columns=2 * ROWS, rows=ROWS)]


def confusion(run: RunStatus) -> list[str]:
    """Which digits are confused with which."""
    evaluated = run.shown
    if evaluated is None:
        return [NOT_EVALUATED]
    return report(
        evaluated.evaluation, evaluated.history, evaluated.split.capitalize()
    ).splitlines()
