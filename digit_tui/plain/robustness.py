"""The answer to `corrupt`: how well digits are read that were made worse, in lines."""

from __future__ import annotations

from collections.abc import Iterator

from digit_tui.data import counted
from digit_tui.insight.corruptions import STRENGTHS
from digit_tui.insight.robustness import Robustness, choose_digits, measure
from digit_tui.insight.robustness_report import robustness_lines
from digit_tui.plain.queries import NOT_EVALUATED
from digit_tui.session.run_status import RunStatus


def answer(run: RunStatus) -> Iterator[list[str] | None]:
    """The answer for the network that was evaluated last and, if there is one, for its fork's.

    Yields:
        None while it is measured, so that the caller can stop; then the lines.
    """
    evaluated, dataset = run.shown, run.dataset
    if evaluated is None or dataset is None:
        yield [NOT_EVALUATED]
        return
    networks = {"run": evaluated}
    fork = run.fork.evaluated if run.fork is not None else None
    if fork is not None and fork.split == evaluated.split:
        networks["fork"] = fork
    images, labels = dataset.split(evaluated.split)
    digits = choose_digits(labels, dataset.side)
    results = {name: Robustness(len(digits)) for name in networks}
    for point in measure(
        [each.network for each in networks.values()], images[digits], labels[digits], dataset.side
    ):
        point.add_to(list(results.values()))
        yield None
    of = counted(len(digits), f"{evaluated.split} digit")
    lines = []
    for name, each in networks.items():
        lines.append(f"{name} at epoch {each.epoch:.2f}, step {each.step:,}: right, in % of {of},")
        lines.append(f"at strengths 0 (as they are) to {STRENGTHS}:")
        other = results["run"] if name == "fork" else None
        lines += robustness_lines(results[name], other, "run")
    yield lines
