"""What a run without a screen reports at its end."""

from __future__ import annotations

from digit_tui.data import printable
from digit_tui.insight.report import report
from digit_tui.insight.significance import compare, gap_words
from digit_tui.training.events import Forked, RunEnded


def final_report(ended: RunEnded, images: int, fork: tuple[Forked, RunEnded] | None) -> str:
    """How good the network is, what it took, and how it compares with its fork.

    Args:
        ended: the run's last event.
        images: how many there are to train on.
        fork: how the copy that was still beside it began, and its last event.
    """
    lines = [report(ended.evaluation), *_closing(ended, images)]
    if fork is not None:
        forked, fork_ended = fork
        comparison = compare(ended.evaluation, fork_ended.evaluation)
        lines += [
            "",
            f"Fork           at step {forked.step:,}: {', '.join(forked.changes)}",
            f"Test accuracy  {fork_ended.test_accuracy:.2%}, {gap_words(comparison)}",
            f"               {comparison.words}",
            *_closing(fork_ended, images),
        ]
    return "\n".join(lines)


def _closing(ended: RunEnded, images: int) -> list[str]:
    epochs = f"{ended.epochs} epoch{'s' if ended.epochs != 1 else ''}"
    return [
        f"Trained        {epochs} of {images:,} images, {ended.steps:,} steps, "
        f"in {ended.seconds:.1f} s ({ended.reason})",
        f"Weights        {ended.weights_sha256}",
        f"Run            {printable(ended.run or 'not saved')}",
    ]
