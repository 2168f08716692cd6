"""What was done to a saved run, in words, as its journal says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from digit_tui.data import counted
from digit_tui.run.changes import changes_along, lettered, marked
from digit_tui.run.lineage import position
from digit_tui.run.wording import epoch_words
from digit_tui.storage.command_records import command_records_of
from digit_tui.storage.errors import RunError
from digit_tui.storage.history import History
from digit_tui.storage.journal import Line
from digit_tui.storage.journal_lines import TEST_OPENED
from digit_tui.storage.run_files import JOURNAL, LEFT
from digit_tui.storage.saved_run import SavedRun
from digit_tui.storage.validation import Invalid

Kind = Literal["command", "went back", "fork", "resumed", "test opened", "ended"]


@dataclass(frozen=True)
class LogEntry:
    """Something that was done to a run, or that became of it."""

    kind: Kind
    step: int
    epoch: float
    """Completed epochs at this step, and the fraction of the current one."""
    words: str
    undone: bool = False
    """Whether it is a command that is not in force, as the run went back to before it."""
    mark: str = ""
    """The letter of a command that is in force, as the charts of the run have it."""


def log_of(saved: SavedRun) -> list[LogEntry]:
    """The commands, going back, forks, resumes and ends of a run, oldest first.

    Raises:
        RunError: if the journal is damaged.
    """
    images = saved.record["data"]["training_images"]
    lines, batch_size = saved.lines(), saved.config.batch_size
    try:
        records = iter(command_records_of(lines, batch_size, images))
        history, entries = History(start=saved.start), []
        kept_forks = _kept_forks(lines)
        for line in lines:
            if "command" in line:
                record = next(records)
                kind: Kind = "went back" if line["command"] == "go_back" else "command"
                words = record.words
                if kind == "went back":
                    words = _went_back(line, batch_size, images)
                entries.append(LogEntry(kind, record.step, record.epoch, words, record.undone))
            history.add(line)
            found = _told(line, any(line is each for each in kept_forks))
            if found is not None:
                at = position(line["step"], history.lineage, batch_size, images)
                entries.append(LogEntry(found[0], line["step"], at, found[1]))
    except Invalid as error:
        raise RunError(f"{saved.path / JOURNAL} is damaged: {error}") from None
    changes = changes_along(history.lineage, saved.config, images)
    names = {key.step: mark.letter for key, mark in lettered(marked(changes)).items()}
    return [
        replace(each, mark=names.get(each.step, ""))
        if each.kind == "command" and not each.undone
        else each
        for each in entries
    ]


def _went_back(line: Line, batch_size: int, images: int) -> str:
    history = History()
    history.add(line)
    to = position(line["to"], history.lineage, batch_size, images)
    way = "forward" if line["to"] > line["step"] else "back"
    return f"go {way} to epoch {epoch_words(to)}, step {line['to']:,}"


def _kept_forks(lines: Sequence[Line]) -> list[Line]:
    """The forks that were kept, so that the run was left: each the last one before that end."""
    kept, last = list[Line](), None
    for line in lines:
        if line.get("event") == "forked":
            last = line
        elif line.get("event") in ("ended", "resumed"):
            if last is not None and line.get("state") == LEFT:
                kept.append(last)
            last = None
    return kept


def _told(line: Line, kept: bool) -> tuple[Kind, str] | None:
    """What a line says that is no command; None if people need not know."""
    match line.get("event"):
        case "forked":
            changes = line.get("changes", "other settings")
            where = f", saved as {Path(line['run']).name}" if "run" in line else ""
            state = "it was kept, and this run left" if kept else "it was not kept"
            return "fork", f"fork with {changes}{where}; {state}"
        case "resumed":
            when = ""
            if "time" in line:
                when = f" on {datetime.fromisoformat(line['time']):%Y-%m-%d at %H:%M}"
            return "resumed", f"resumed{when}"
        case event if event == TEST_OPENED:
            return "test opened", "the test set was opened"
        case "ended" if "step" in line:
            state = line.get("state", "ended")
            words = "left, as the other branch was kept," if state == LEFT else state
            return "ended", f"{words} after {counted(line['step'], 'step')}"
    return None
