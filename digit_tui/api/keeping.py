"""Whether a run can be kept on disk, and keeping one that was in memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from digit_tui.api.digits import ARRAYS
from digit_tui.api.errors import RunError
from digit_tui.api.session import Session
from digit_tui.config import SOURCES
from digit_tui.data import Dataset
from digit_tui.run.commands import Save
from digit_tui.run.lineage import lineage_to_json
from digit_tui.storage.history import History
from digit_tui.storage.journal_lines import TEST_OPENED
from digit_tui.storage.run_writer import RunWriter


def name_of(dataset: Dataset) -> str:
    """The option --data that gives a dataset again; ARRAYS if none does."""
    if dataset.name in SOURCES:
        return dataset.name
    return dataset.source if os.path.isdir(dataset.source) else ARRAYS


def check_keepable(dataset: Dataset) -> None:
    """Check that a saved run will find its digits again.

    Raises:
        RunError: if they are in memory alone.
    """
    if name_of(dataset) == ARRAYS:
        advice = "write them as IDX files (digit_tui.data.write_idx), and give that folder as data"
        raise RunError(f"a saved run needs its digits again, and these are in memory: {advice}")


def save(session: Session, wanted: Path | None) -> Path:
    """Save a run; see `Run.save`."""
    session.rest()
    known = session.known
    if known.folder is None:
        check_keepable(session.dataset)
        if known.status.fork is not None:
            raise RunError("keep or drop the fork first: a run in memory is saved without one")
        writer = (
            RunWriter.fresh(session.config, session.request.initial)
            if wanted is None
            else RunWriter(wanted)
        )
        session.keep_in(writer, _past(session))
    elif wanted is not None and os.path.abspath(wanted) != os.path.abspath(known.folder):
        raise RunError(f"the run is saved in {known.folder} already")
    known.saved = None
    session.ask(Save())
    if known.saved is None:
        raise RunError(f"the run was not saved: {known.status.save_trouble}")
    assert known.folder is not None
    return Path(known.folder)


def _past(session: Session) -> History:
    """What a run went through, as a journal would tell it."""
    known = session.known
    lineage = known.inspected["run"].state.lineage
    lines: list[dict[str, Any]] = [*known.log.lines, *lineage_to_json(lineage)]
    lines.sort(key=lambda line: int(line["step"]))  # at the same step the epoch came first
    if known.status.test_opened is not None:
        lines.append({"event": TEST_OPENED, "step": known.status.test_opened})
    return History.of(lines)
