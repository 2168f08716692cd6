"""The commands of a saved run in words: when each was applied, and whether it was undone."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from digit_tui.config import RunConfig
from digit_tui.run.commands import AddEpochs, Lineage, SetBatchSize
from digit_tui.run.wording import command_words
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
            found.append(
                CommandRecord(line["step"], epoch, f"go back to step {line['to']:,}", False)
            )
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


def last_step(lineage: Lineage, config: RunConfig, images: int) -> int:
    """The step at which all epochs of a run are done.

    Args:
        lineage: the commands in force.
        config: the run's, with its number of epochs.
        images: number of training images.
    """
    more = sum(command.count for _, command in lineage if isinstance(command, AddEpochs))
    epochs = max((config.epochs or 0) + more, 0)

    def done(step: int) -> bool:
        return position(step, lineage, config.batch_size, images) >= epochs

    return bisect_left(range(epochs * images), True, key=done)


def position(step: int, lineage: Lineage, batch_size: int, images: int) -> float:
    """Completed epochs at a step, and the fraction of the current one.

    Args:
        step: the step.
        lineage: the commands in force at that step; those that set the batch size matter.
        batch_size: the initial one.
        images: number of training images.
    """
    at, epoch, cursor = 0, 0, 0
    sizes = [(at, command.value) for at, command in lineage if isinstance(command, SetBatchSize)]
    for until, following in [*sizes, (step, batch_size)]:
        steps, at = min(until, step) - at, min(until, step)
        rest = -(-(images - cursor) // batch_size)  # steps to the end of the epoch
        if steps >= rest:
            epochs, steps = divmod(steps - rest, -(-images // batch_size))
            epoch, cursor = epoch + 1 + epochs, 0
        cursor += steps * batch_size
        batch_size = following
    return epoch + cursor / images
