"""The commands of a saved run in words: when each was applied, and whether it was undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from digit_tui.run.commands import Lineage
from digit_tui.run.lineage import position
from digit_tui.run.setting_words import command_words
from digit_tui.storage.history import History
from digit_tui.storage.journal import Line


@dataclass(frozen=True)
class CommandRecord:
    """A command that was applied, or going back to an earlier step, as recorded in the journal."""

    step: int
    epoch: float
    """Completed epochs at this step, and the fraction of the current one."""
    words: str
    undone: bool
    """Whether the run went back to before it, so that it is not in force."""


def command_records_of(lines: Sequence[Line], batch_size: int, images: int) -> list[CommandRecord]:
    """All commands in a journal, and all going back, oldest first.

    Args:
        lines: the lines of the journal.
        batch_size: the initial one.
        images: number of training images.

    Raises:
        Invalid: if a line cannot follow the ones before it.
    """
    history = History()
    found: list[CommandRecord] = []
    places: dict[Lineage, int] = {}  # lineage that ends with a command: its index in `found`
    for line in lines:
        before = history.lineage
        history.add(line)
        if line.get("command") == "go_back":
            epoch = position(line["step"], before, batch_size, images)
            way = "back" if line["to"] <= line["step"] else "forward"
            words = f"go {way} to step {line['to']:,}"
            found.append(CommandRecord(line["step"], epoch, words, False))
        elif "command" in line:
            step, command = history.lineage[-1]
            epoch = position(step, history.lineage, batch_size, images)
            places[history.lineage] = len(found)
            found.append(CommandRecord(step, epoch, command_words(command), True))
    for count in range(1, len(history.lineage) + 1):
        place = places.get(history.lineage[:count])
        if place is not None:  # the command is in force
            found[place] = replace(found[place], undone=False)
    return found
