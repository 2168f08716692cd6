"""The answer to `rate find`: which learning rates the run learns at, in lines."""

from __future__ import annotations

from collections.abc import Iterator

from digit_tui.plain.narrator import WAYS
from digit_tui.plain.requests import InputError
from digit_tui.run.events import Inspected
from digit_tui.run.rate_search import RateSearch
from digit_tui.run.rate_words import found_lines, table, taken
from digit_tui.run.remedies import KEEP_FIRST, with_remedy
from digit_tui.session.run_status import RunStatus


def check(run: RunStatus) -> None:
    """Refuse where no rate could be set.

    Raises:
        InputError: if there is a fork beside the run.
    """
    if run.fork is not None:
        raise InputError(with_remedy("rate: there is a fork beside the run", KEEP_FIRST, WAYS))


def answer(inspected: Inspected, run: RunStatus) -> Iterator[list[str] | None]:
    """The answer for the state of a run, which stays as it is.

    Yields:
        None while it is computed, so that the caller can stop; then the lines.
    """
    assert run.dataset is not None  # a run has states only after it was read
    search = RateSearch(inspected, run.dataset, run.config)
    for _ in search.steps():
        yield None
    found = search.found()
    lines = [
        f"range test at epoch {found.epoch:.2f}, step {found.step:,}, with {found.optimizer}:",
        *found_lines(found),
        *table(found),
    ]
    suggestion = found.curve.suggestion
    if suggestion is not None:
        lines.append(f"to take the suggested rate: rate {taken(suggestion):g}")
    yield lines
