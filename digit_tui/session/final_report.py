"""The report at the end of a run without a screen."""

from __future__ import annotations

from digit_tui.data import counted, printable
from digit_tui.insight.lesson import Lesson
from digit_tui.insight.report import report
from digit_tui.insight.significance import compare, gap_words, interval_words
from digit_tui.run.events import Forked, RunEnded


def final_report(
    ended: RunEnded,
    images: int,
    fork: tuple[Forked, RunEnded] | None,
    lesson: Lesson | None = None,
) -> str:
    """The network's accuracy, what the training took, and a comparison with the fork.

    Args:
        ended: the run's last event.
        images: the number of training images.
        fork: the first and the last event of the fork, if there was one at the end.
        lesson: how drawings fare that it was taught.
    """
    evaluated = ended.evaluated
    split = evaluated.split.capitalize()
    lines = [report(evaluated.evaluation, evaluated.history, split), *_validation(ended)]
    lines += _closing(ended, images)
    if fork is not None:
        forked, fork_ended = fork
        evaluation = fork_ended.evaluated.evaluation
        comparison = compare(evaluated.evaluation, evaluation)
        accuracy = interval_words(evaluation.correct, evaluation.total)
        lines += [
            "",
            f"Fork           at step {forked.step:,}: {', '.join(forked.changes)}",
            *([] if lesson is None else [f"               {lesson.words}"]),
            f"{split} accuracy  {accuracy}",
            f"               {gap_words(comparison)}",
            f"               {comparison.words}",
            *_closing(fork_ended, images),
        ]
    return "\n".join(lines)


def _validation(ended: RunEnded) -> list[str]:
    """The held-out set, and whether the test set was opened; nothing if no images were held out."""
    if ended.validation_correct is None or ended.validation_total is None:
        return []
    if ended.test_opened is not None:
        words = f"opened at step {ended.test_opened:,}, before the end"
    else:
        words = "not opened" if ended.test_total is None else "opened now, at the end"
    accuracy = interval_words(ended.validation_correct, ended.validation_total)
    return [f"Validation     {accuracy}", f"Test set       {words}"]


def _closing(ended: RunEnded, images: int) -> list[str]:
    return [
        f"Trained        {counted(ended.epochs, 'epoch')} of {counted(images, 'image')}, "
        f"{counted(ended.steps, 'step')}, "
        f"in {ended.seconds:.1f} s ({ended.reason})",
        f"Weights        {ended.weights_sha256}",
        f"Run            {printable(ended.run or 'not saved')}",
    ]
