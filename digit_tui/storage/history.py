"""What a journal says of a run: the commands and epochs in force, and what was undone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from digit_tui.run.commands import AppliedCommand, Lineage
from digit_tui.run.lineage import is_ancestor, lineage_from_json
from digit_tui.storage.journal import Line
from digit_tui.storage.journal_lines import ENDED, EVALUATED, TEST_OPENED
from digit_tui.storage.validation import Invalid


class Trouble(NamedTuple):
    """The trouble in which a person left a run, and the way out of it."""

    at: int
    """The step where it was left."""
    reason: str
    """One of TROUBLES."""
    words: str
    """What had happened."""
    back_to: int
    """The step to go back to, ..."""
    commands: int
    """... with so many of the commands in force, the first ones."""
    trained_on: bool = False
    """Whether a person trained on through it, and left a network that had not learned again."""


@dataclass(eq=False)
class History:
    """What a journal says of a run: its latest step, and the commands and epochs that led there."""

    step: int = 0
    """The last step that the journal mentions, since the run last went back."""
    lineage: Lineage = ()
    """The commands in force, without those that were undone."""
    go_back_count: int = 0
    """How many times the run went back."""
    test_opened: int | None = None
    """The step at which the test set was first evaluated, if the run has a validation set."""
    resumed: datetime | None = None
    """When it was last resumed, in the local time zone; None if it never was."""
    trouble: Trouble | None = None
    """In which it was left, unless it has gone on since."""
    aim: tuple[int, Lineage] | None = None
    """Where it went back to, as long as nothing tells that it has come there."""
    reached: int = 0
    """The step where it is, or was left: before `end` while it repeats what led to its aim."""
    saved: int | None = None
    """The step of the last state that was saved, since it last went back."""
    fork: tuple[str, str] | None = None
    """The folder of a fork that began to train beside it since it was last resumed, and what
    differed in it, in words."""
    start: int = 0
    """The step at which the run began: that of the fork, or the earliest that it went back to."""

    keeps_epochs: bool = True
    """Whether there are `epochs`; a run of short ones may have a hundred thousand."""

    def __post_init__(self) -> None:
        # All epochs and evaluations, undone ones too, each with the commands in force at its end.
        self._all: list[tuple[Lineage, Line]] = []
        # Each command once: a run that goes back a hundred times names its first ones a hundred.
        self._commands: dict[AppliedCommand, AppliedCommand] = {}

    def trouble_at(self, step: int, lineage: Lineage) -> Trouble | None:
        """The trouble in which it was left, if a state with this step and lineage is of then."""
        there = self.trouble is not None and (self.trouble.at, self.lineage) == (step, lineage)
        return self.trouble if there else None

    def without_epochs(self) -> History:
        """A copy without the results of epochs, which does not keep later ones either."""
        return replace(self, keeps_epochs=False)

    @property
    def epochs(self) -> list[Line]:
        """The lines with the results of epochs, without those that were undone or lie ahead.

        They are found when they are asked for: a run may go back a thousand times.
        """
        return self._in_force("epoch_ended", self._latest)

    @property
    def known_epochs(self) -> list[Line]:
        """The same, with those that it is on its way to again."""
        return self._in_force("epoch_ended", self.end)

    @property
    def evaluations(self) -> list[Line]:
        """Likewise the lines of evaluations that were no ends of epochs."""
        return self._in_force(EVALUATED, self._latest)

    @property
    def _latest(self) -> int:
        """The last step whose results count."""
        return min(self.step, self.reached)

    def _in_force(self, event: str, end: int) -> list[Line]:
        found = {
            line["epoch"]: line
            for lineage, line in self._all
            if line["event"] == event and is_ancestor(line["step"], lineage, end, self.lineage)
        }
        return [found[epoch] for epoch in sorted(found)]

    @property
    def undone(self) -> list[list[Line]]:
        """The results of epochs that were undone: a list for each way that the run did not go on.

        An epoch that was repeated to the same result was not undone.
        """
        ways: list[list[Line]] = []
        before: Lineage | None = None  # of the way that is open
        for lineage, line in self._all:
            if line["event"] != "epoch_ended":
                continue
            if is_ancestor(line["step"], lineage, self.end, self.lineage):
                before = None
            elif (
                before is not None
                and lineage[: len(before)] == before
                and line["epoch"] > ways[-1][-1]["epoch"]
            ):
                ways[-1].append(line)
                before = lineage
            else:
                ways.append([line])
                before = lineage
        return ways

    @property
    def end(self) -> int:
        """The last step that is known: one that was made, or one at which a command was given.

        A run that is on its way to where it went back to was there before.
        """
        aim = 0 if self.aim is None else self.aim[0]
        return max([self.step, aim, *(applied.step for applied in self.lineage)])

    @property
    def left_at(self) -> int:
        """The step where it was left: its end, or on its way to where it went back to."""
        return self.end if self.aim is None else self.reached

    @classmethod
    def of(cls, lines: Iterable[Line], start: int = 0) -> History:
        """The history from the lines of a journal, each as `iter_journal` gives it.

        Args:
            lines: of the journal.
            start: the step at which the run was forked from another.

        Raises:
            Invalid: if a line cannot follow the ones before it; it says which.
        """
        history = cls(start=start)
        for number, line in enumerate(lines, 1):
            try:
                history.add(line)
            except Invalid as error:
                raise Invalid(error.reason, f"line {number}: {error.place}") from None
        return history

    @classmethod
    def epochs_of(cls, lines: Iterable[Line], step: int, lineage: Lineage) -> Iterator[Line]:
        """The lines with the results of epochs on one way, without keeping any.

        One that was repeated comes again.

        Args:
            lines: of the journal, each as `iter_journal` gives it.
            step: the end of the way.
            lineage: of the way.

        Raises:
            Invalid: if a line cannot follow the ones before it.
        """
        history = cls(keeps_epochs=False)
        for line in lines:
            history.add(line)
            if line.get("event") == "epoch_ended" and is_ancestor(
                line["step"], history.lineage, step, lineage
            ):
                yield line

    def add(self, line: Line) -> None:
        """Add the next line of the journal.

        Raises:
            Invalid: if it cannot follow the lines before it.
        """
        if "command" in line:
            self.trouble = None
        if self.aim is not None and line.get("step", 0) >= self.aim[0] + ("command" not in line):
            self.aim = None  # it was there
        if line.get("command") == "go_back":
            self.go_back_count += 1
            course = lineage_from_json(line["course"])
            course = tuple(self._commands.setdefault(each, each) for each in course)
            self.go_back(line["to"], course)
            self.aim = line["to"], course
            return
        if "command" in line:
            last = self.lineage[-1].step if self.lineage else 0
            if line["step"] < last:
                raise Invalid(f"{line['step']:,} is before the command at step {last:,}", "step")
            (command,) = lineage_from_json([line])
            self.lineage += (self._commands.setdefault(command, command),)
        elif line.get("event") in ("epoch_ended", EVALUATED):
            if self.keeps_epochs:
                self._all.append((self.lineage, line))
        elif line.get("event") == "resumed":
            self.step, self.fork = line["step"], None
            if "time" in line:
                self.resumed = datetime.fromisoformat(line["time"]).astimezone()
        elif line.get("event") == "checkpoint_saved":
            self.saved = line["step"]
        elif line.get("event") == "forked" and "run" in line:
            self.fork = line["run"], line.get("changes", "other settings")
        elif line.get("event") == ENDED:
            through = "trained_on" in line
            told = line["trained_on"] if through else line.get("trouble")
            at = line["step"]
            self.trouble = None if told is None else Trouble(at=at, **told, trained_on=through)
        elif line.get("event") == TEST_OPENED and self.test_opened is None:
            self.test_opened = line["step"]
        if "step" in line:
            self.step, self.reached = max(self.step, line["step"]), line["step"]

    def go_back(self, step: int, lineage: Lineage) -> None:
        """Add that the run went to another step, with the lineage that it has there."""
        self.step, self.reached, self.lineage, self.saved = step, step, lineage, None
        self.start = min(self.start, step)

    def on_lineage(self, step: int, lineage: Lineage, go_back_count: int) -> bool:
        """Whether a saved state led to where the run is now, so that it was not undone.

        Args:
            step: of the saved state.
            lineage: of the saved state.
            go_back_count: how many times the run had gone back when the state was saved.
        """
        end = self.end
        if go_back_count == self.go_back_count:
            # Nothing was undone since. The state may be ahead of the journal, if a crash came
            # before the next line.
            end = max(end, step)
        return is_ancestor(step, lineage, end, self.lineage)
