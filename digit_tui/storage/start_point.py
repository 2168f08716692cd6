"""Where a trainer starts: afresh, from a checkpoint (resume), or repeating a journal (replay)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf
from pathlib import Path

from digit_tui.run.commands import Command, GoBack, Lineage, Stop
from digit_tui.run.lineage import is_ancestor, lineage_from_json, stage_of
from digit_tui.run.state import RunState
from digit_tui.run.teacher import Teacher
from digit_tui.run.versions import versions
from digit_tui.storage.checkpoint import Checkpoint
from digit_tui.storage.checkpoint_files import NONE, Best
from digit_tui.storage.drawing_files import drawings_of
from digit_tui.storage.errors import RunError
from digit_tui.storage.history import History, Trouble
from digit_tui.storage.initial_weights import InitialWeights
from digit_tui.storage.journal import Line
from digit_tui.storage.run_files import LEFT
from digit_tui.storage.run_index import run_name
from digit_tui.storage.run_summary import settings_of
from digit_tui.storage.saved_run import SavedRun


@dataclass(frozen=True, eq=False)
class StartPoint:
    """The state that a trainer starts from, and the commands that it repeats from there."""

    state: RunState | None = None
    """None: that before the first step."""
    initial: InitialWeights | None = None
    """The weights before the first step; None draws them from the seed."""
    teacher: Teacher | None = None
    """That the run is distilled from; None learns from the labels alone."""
    scheduled: Sequence[tuple[int, Command]] = ()
    """Commands to apply at their steps, before any new command is."""
    history: History | None = None
    """What the journal says so far, for a run that is resumed."""
    best: Best = NONE
    """The best checkpoint, if it is resumed."""
    complaints: Sequence[str] = ()
    """What is wrong with the run's folder, one line each."""
    folder: Path | None = None
    """Of the run that is resumed or repeated: it has the drawings that commands name."""
    trouble: Trouble | None = None
    """In which the run was left that is resumed."""
    fork: tuple[str, str] | None = None
    """The name of the fork that trained beside it when it was left, and what differs in it."""
    earlier: Sequence[Checkpoint] = ()
    """Others that are saved and not undone: from the state of each the run got to `state`."""

    @property
    def aim(self) -> tuple[int, Lineage]:
        """Where the run was going back to when it was left, or where it begins."""
        here = (0, ()) if self.state is None else (self.state.step, self.state.lineage)
        aim = None if self.history is None else self.history.aim
        return here if aim is None or not is_ancestor(*here, *aim) else aim

    @property
    def stands(self) -> bool:
        """Whether the run went back to this state, and was left before it did anything else."""
        state, history = self.state, self.history
        if state is None or history is None:
            return False
        return history.aim == (state.step, state.lineage)

    @cached_property
    def _epochs(self) -> list[Line]:
        """The results of the epochs in force, oldest first: a journal is read for them once."""
        return self.history.known_epochs if self.history else []

    @property
    def lowest_loss(self) -> tuple[int, float, float | None] | None:
        """Of the epoch in force whose monitored loss was lowest.

        Returns:
            Its last step, that loss in nats, and the accuracy as a fraction; None without any.
        """
        found = [
            (line["step"], line[f"{split}_loss"], line[f"{split}_accuracy"])
            for line in self._epochs
            for split in ("validation", "test")
            if line.get(f"{split}_loss") is not None
        ]
        return min(found, key=lambda each: each[1], default=None)

    @property
    def lowest_training_loss(self) -> float | None:
        """Of the epochs in force, in nats; None without any."""
        losses = [each["train_loss"] for each in self._epochs]
        return min((each for each in losses if each is not None), default=None)  # null: no number

    @property
    def usual_losses(self) -> dict[Lineage, float]:
        """The lowest training loss of each stage of the run, in nats; see `stage_of`.

        Of a stage without a whole epoch none is known.
        """
        lineage: Lineage = () if self.history is None else self.history.lineage
        found: dict[Lineage, float] = {}
        acted, begin, stage = 0, 0, stage_of(())
        for line in self._epochs:
            if acted < len(lineage) and lineage[acted].step < line["step"]:
                acted = sum(each.step < line["step"] for each in lineage)
                stage = stage_of(lineage[:acted])
            whole = not stage or stage[-1].step <= begin
            if whole and line["train_loss"] is not None:  # null was no number
                found[stage] = min(line["train_loss"], found.get(stage, inf))
            begin = line["step"]
        return found

    def loss_of(self, state: RunState | None) -> float | None:
        """The training loss of the last epoch before a state, in nats; None if it is unknown."""
        if state is None:
            return None
        lines = [each for each in self._epochs if each["step"] <= state.step]
        return lines[-1]["train_loss"] if lines else None  # null was no number

    @classmethod
    def for_resume(cls, saved: SavedRun) -> StartPoint:
        """Continue a run from its newest usable checkpoint.

        Without one it starts from the beginning and repeats the journal, which gives the same
        weights to the bit.

        Raises:
            RunError: if the journal is damaged, a checkpoint belongs to another run, or the weights
                that the run began with, or its teacher, are missing.
        """
        history, begun = saved.history(), (saved.initial(), saved.teacher())
        settings_of(saved, history)  # or a command would be refused on the way
        found: Checkpoint | None = None
        earlier: list[Checkpoint] = []
        for checkpoint in saved.checkpoints():
            state = checkpoint.state
            # A checkpoint from before the run went back may be of an undone state.
            if not history.on_lineage(state.step, state.lineage, checkpoint.go_back_count):
                continue
            if found is None:
                found = checkpoint
            elif is_ancestor(state.step, state.lineage, found.state.step, found.state.lineage):
                earlier.append(checkpoint)
        best = _best(saved, history)
        complaints = saved.complaints + _other_versions(saved)
        if found is None:
            if complaints:
                complaints.append(
                    "no checkpoint can be used: the run is repeated from its beginning, to the bit"
                )
            drawings_of(saved.path, history.lineage)  # or it would be refused on the way
            return cls(None, *begun, history.lineage, history, best, complaints, saved.path)
        scheduled = history.lineage[len(found.state.lineage) :]
        drawings_of(saved.path, scheduled)
        point = cls(found.state, *begun, scheduled, history, best, complaints, saved.path)
        trouble = history.trouble_at(found.state.step, found.state.lineage)
        return replace(point, earlier=earlier, trouble=trouble, fork=fork_beside(history))

    @classmethod
    def for_replay(cls, saved: SavedRun) -> StartPoint:
        """Repeat a run with the commands that are in force, up to its last step.

        Commands that were undone left no trace in the state, so they are not repeated.

        Raises:
            RunError: if the journal is damaged, or a file is missing that is needed.
        """
        history = saved.history()
        drawings_of(saved.path, history.lineage)
        end = history.left_at
        lineage = [each for each in history.lineage if each.step <= end]
        scheduled = [*lineage, (end, Stop())]
        return cls(None, saved.initial(), saved.teacher(), scheduled, folder=saved.path)

    @classmethod
    def for_full_replay(cls, saved: SavedRun) -> StartPoint:
        """Repeat all that happened in a run, undone commands and the undoing included.

        Raises:
            RunError: if the journal is damaged, or a file is missing that is needed.
        """
        scheduled = _all_commands(saved.lines(), saved.history().end)
        drawings_of(saved.path, scheduled)
        return cls(None, saved.initial(), saved.teacher(), scheduled, folder=saved.path)


def _best(saved: SavedRun, history: History) -> Best:
    """The best checkpoint, if it can be read and was not undone."""
    try:
        best = saved.checkpoint(best=True)
    except RunError:
        return NONE
    step, lineage = best.state.step, best.state.lineage
    if not history.on_lineage(step, lineage, best.go_back_count):
        return NONE
    return Best(best.best_accuracy, step, lineage)


def fork_beside(history: History) -> tuple[str, str] | None:
    """See `StartPoint.fork`."""
    if history.fork is None:
        return None
    folder, changes = history.fork
    try:
        state = SavedRun.read(Path(folder)).record["state"]
    except RunError:  # it was removed
        return None
    # One that was not kept, or diverged, had ended before.
    return None if state in (LEFT, "diverged") else (run_name(Path(folder)), changes)


def _other_versions(saved: SavedRun) -> list[str]:
    """Which versions have changed, so that the last bits of results may differ."""
    then = saved.record["versions"]
    return [
        f"{name} was {then.get(name)} and is {now}: results may differ in the last bits"
        for name, now in versions().items()
        if then.get(name) != now
    ]


def _all_commands(lines: Iterable[Line], end: int) -> list[tuple[int, Command]]:
    """All commands of a journal in their order, going back included, and a stop at step `end`."""
    commands: list[tuple[int, Command]] = []
    for line in lines:
        if line.get("command") == "go_back":
            commands.append((line["step"], GoBack(line["to"], lineage_from_json(line["course"]))))
        elif "command" in line:
            commands += lineage_from_json([line])
    return [*commands, (end, Stop())]
