"""Steers a run and waits for it: one task at a time, done bit by bit."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from math import inf

from digit_tui.plain import queries
from digit_tui.plain.lines import Transcript
from digit_tui.plain.narrator import WAYS, Narrator
from digit_tui.plain.sync_runner import SyncRunner
from digit_tui.run import commands
from digit_tui.run.events import BranchEvent, Inspected
from digit_tui.run.remedies import ALL_DONE, LATER, with_remedy
from digit_tui.session.run_status import RunStatus
from digit_tui.session.runner import Acknowledged, RunnerEvent

Task = Iterator[None]
"""Something that takes time: it yields while it waits for events of the run."""


class RunControl:
    """The run of a session: sends it commands, and reports what comes of them.

    Attributes:
        run: its state.
        hurried: whether the task under way is not to be waited for any more.
        interrupted: whether that is because of ctrl+c.
    """

    def __init__(
        self,
        runner: SyncRunner,
        run: RunStatus,
        transcript: Transcript,
        narrator: Narrator,
        terminal: bool,
    ) -> None:
        """Take over a run.

        Args:
            runner: its thread; not started yet.
            run: its state.
            transcript: where answers are written.
            narrator: reports events.
            terminal: whether lines are typed, so that the next one may come meanwhile.
        """
        self.run = run
        self.hurried = False
        self.interrupted = False
        self._runner = runner
        self._transcript = transcript
        self._narrator = narrator
        self._terminal = terminal
        self._begun = terminal
        self._command: commands.Command | None = None  # that is being carried out
        self._acknowledged = False
        self._inspected: dict[str, Inspected] = {}

    def ingest(self, event: RunnerEvent) -> None:
        """Take in an event, and report it."""
        if isinstance(event, Acknowledged):
            self._acknowledged = True
            return
        match event:
            case Inspected():
                self._inspected["run"] = event
            case BranchEvent(Inspected() as inspected, branch):
                self._inspected[branch] = inspected
        self.run.ingest(event)
        self._narrator.report(event, self._command)

    def begin(self) -> None:
        """Let the run make steps."""
        if not self._begun:
            self._begun = True
            self._runner.begin()

    def ask(self, command: commands.Command) -> Task:
        """Send a command, and wait until all that it caused was reported."""
        before = self._narrator.line_count
        begin = isinstance(command, commands.Resume | commands.StepBatch | commands.StepEpoch)
        self._begun = self._begun or begin
        self._command, self._acknowledged = command, False
        self._runner.ask(command, begin)
        while not self._acknowledged:
            yield
        if self._narrator.line_count == before and not self._narrator.steps_left:
            for line in queries.nothing_happened(command, self.run, self._terminal):
                self._transcript.write(line)
        elif self.run.state == "finished" and isinstance(command, commands.StepSetting):
            self._transcript.write(with_remedy(LATER, ALL_DONE, WAYS))
        self._command = None
        if isinstance(command, commands.StepEpoch) and not self._terminal:
            yield from self.wait(inf)
        if isinstance(command, commands.Undo | commands.GoBack) and not self._terminal:
            yield from self._arrive()

    def inspect(self) -> Generator[None, None, dict[str, Inspected]]:
        """Copies of the state: of the "run" and, if one trains beside it, of its "fork"."""
        self._inspected = {}
        self._acknowledged = False
        self._runner.ask(commands.Inspect())
        while not self._acknowledged:
            yield
        return self._inspected

    def settle(self) -> Task:
        """Wait until all commands were carried out and reported."""
        self._acknowledged = False
        self._runner.ask_nothing()
        while not self._acknowledged:
            yield

    def make_steps(self, count: int) -> Task:
        """Single steps, one after the other."""
        narrator = self._narrator
        narrator.steps = 0
        for left in reversed(range(count)):
            narrator.steps_left = left
            yield from self.ask(commands.StepBatch())
            if self.run.state != "paused" or self.run.all_done or self.hurried:
                break
        if narrator.steps_left:  # the line after the last one has not been written
            narrator.steps_left = 0
            if self.run.state == "paused":
                self._transcript.write(queries.status_line(self.run))

    def _arrive(self) -> Task:
        """Wait until the steps on the way to where the run goes back to have been repeated."""
        if self.run.repeats_to is not None:
            self.begin()
        while self.run.repeats_to is not None and self.run.going and not self.hurried:
            yield
        yield from self.settle()

    def wait(self, epoch: float) -> Task:
        """Wait until the run has paused or ended, or has reached an epoch."""
        while self.run.going and self.run.epoch < epoch and not self.hurried:
            yield
        if not self.hurried or self.interrupted:
            yield from self.settle()
