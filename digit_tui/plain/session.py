"""One person, or one program, who steers a run by lines and is told what came of them."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from queue import Empty, SimpleQueue
from signal import SIGINT
from time import monotonic

from digit_tui.plain import queries, requests
from digit_tui.plain.exit_report import conclude
from digit_tui.plain.grammar import parse
from digit_tui.plain.lines import End, Line, Source, Transcript
from digit_tui.plain.narrator import EPOCH_SECONDS, Narrator
from digit_tui.plain.requests import InputError
from digit_tui.plain.run_signals import Interrupted, RunSignals
from digit_tui.plain.sync_runner import SyncRunner, Woken
from digit_tui.run import commands
from digit_tui.run.events import Refused, SnapshotInfo
from digit_tui.session.output import Output
from digit_tui.session.run_status import RunStatus
from digit_tui.session.runner import Acknowledged, RunnerEvent
from digit_tui.training.run_request import RunRequest

POLL_SECONDS = 0.25
"""Steps are taken notice of at least this often; all else at once."""
IDLE_SECONDS = 1.0
"""From a pipe, training begins when no line has come for so long: those that are there when the
program starts take effect before the first step."""
END_SECONDS = 10.0

Task = Iterator[None]
"""Something that is done bit by bit, as the run tells what it waits for."""


class Session:
    """Obeys one line after the other; meanwhile the run goes on, and what happens is told.

    Attributes:
        run: how it stands.
        signals: that end it.
    """

    def __init__(
        self, request: RunRequest, source: Source, output: Output, terminal: bool, prompt: bool
    ) -> None:
        """Set up a run; `converse` begins it.

        Args:
            request: which run.
            source: of lines.
            output: where lines are written.
            terminal: whether the lines are typed by somebody who sees what is written. Else what
                trains until it pauses is waited for, and the end of the lines is not that of the
                run.
            prompt: show where to type.
        """
        self.run = RunStatus(request.config)
        self._source = source
        self._output = output
        self._terminal = terminal
        self._inbox: SimpleQueue[Line | End | Woken | Interrupted] = SimpleQueue()
        self._runner = SyncRunner(request, lambda: self._inbox.put(Woken()), held=not terminal)
        self.signals = RunSignals(self._runner, lambda: self._inbox.put(Interrupted()))
        self._transcript = Transcript(output, prompt)
        self._narrator = Narrator(self.run, self._transcript.note, verbose=not terminal)

        self._wanted: float | None = None  # since when the next line is
        self._line: str | None = None  # that is to be obeyed
        self._end = False  # of the lines
        self._task: Task | None = self._settle()
        self._enough = False  # somebody does not want to wait for the task any more
        self._command: commands.Command | None = None  # that the run obeys
        self._obeyed = False  # what the task asked for
        self._interrupted = False
        self._begun = terminal
        self._leaving = False
        self._wrong = 0  # lines that could not be obeyed
        self._listed: list[SnapshotInfo] = []

    def converse(self) -> None:
        """Begin the run, and return when it has ended."""
        self._runner.start()
        self._source.start(self._inbox.put)
        if self._terminal:
            self._transcript.say("type help for the commands, quit to save and leave")
        try:
            while self.run.state != "ended":
                self._go_on()
                self._invite()
                self._open()
                for event in self._runner.drain():
                    self._take_in(event)
        finally:  # a fault in here is not to cost the run
            self._leave()
            self._runner.join(END_SECONDS)

    def close(self) -> int:
        """Say how it ended; returns the exit status."""
        wrong = bool(self._wrong) and not self._terminal
        say = self._transcript.say if self._terminal else None
        return conclude(self.run, self._output, say, self.signals.number, wrong)

    # What comes

    def _invite(self) -> None:
        """Let the next line come, when it is its turn."""
        if self._line is not None or self._end or self._leaving:
            return
        if self._wanted is None and (self._task is None or self._terminal):
            self._wanted = monotonic()
            self._source.more()
        if self._task is None:
            self._transcript.ask()

    def _open(self) -> None:
        """Wait for something to come."""
        try:
            item = self._inbox.get(timeout=POLL_SECONDS)
        except Empty:
            return
        match item:
            case Line(text):
                self._transcript.answered()
                self._wanted, self._line = None, text
                self._enough = self._terminal
            case Interrupted():
                self._interrupted = self._enough = True
                self._transcript.interrupted()
            case End():
                self._end = self._narrator.alone = True
                if self._terminal:
                    self._leave()
                elif self.signals.pausing:  # there is nobody who could let it go on
                    self.signals.leave(SIGINT)
                else:
                    self._begin()
                    self.signals.pausing = True

    def _take_in(self, event: RunnerEvent) -> None:
        if isinstance(event, Acknowledged):
            self._obeyed = True
            return
        if isinstance(event, Refused):
            self._wrong += 1
        self.run.ingest(event)
        self._narrator.tell(event, self._command)

    # What is done

    def _go_on(self) -> None:
        """Do what can be done now."""
        while not self._leaving:
            if self._output.status is not None:  # nobody reads what would be said
                self._leave("interrupted")
            if self._task is None:
                self._task = self._next_task()
            if self._task is None:
                return
            try:
                next(self._task)
                return
            except StopIteration:
                self._task = None

    def _next_task(self) -> Task | None:
        self._enough = False
        if self._interrupted:
            self._interrupted = False
            return self._explain_pause()
        if self._line is not None:
            line, self._line = self._line, None
            self.signals.pausing = False
            return self._obey_line(line)
        if self._end:
            return self._go_on_alone()
        waited = 0.0 if self._wanted is None else monotonic() - self._wanted
        if waited > IDLE_SECONDS and self._inbox.empty():
            self._begin()
        return None

    def _obey_line(self, line: str) -> Task:
        try:
            order = parse(line)
            if order is not None:
                yield from self._obey(order)
        except InputError as error:
            self._wrong += 1
            self._transcript.say(str(error))

    def _obey(self, order: requests.Request) -> Task:
        match order:
            case requests.RunCommand(command):
                yield from self._ask(command)
                if isinstance(command, commands.StepEpoch) and not self._terminal:
                    yield from self._wait(inf)
            case requests.Steps(count):
                yield from self._make_steps(count)
            case requests.Wait(epoch):
                self._begin()
                yield from self._wait(epoch)
                self._transcript.say(queries.standing(self.run))
            case requests.ShowTimeline():
                self._listed = queries.ordered(self.run.snapshots)
                self._say(queries.timeline(self._listed))
            case requests.Back(row):
                snapshot = self._snapshot(row)
                yield from self._ask(commands.GoBack(snapshot.step, snapshot.lineage))
            case requests.Verbose(on):
                self._narrator.verbose = on
                often = "every epoch" if on else f"an epoch every {EPOCH_SECONDS:g} seconds"
                self._transcript.say(f"{often} is told")
            case requests.ShowValidation():
                self._show_validation()
            case requests.Quit():
                self._leave()
            case _:
                self._say(queries.answer(order, self.run, list(self._transcript.log)))

    def _say(self, lines: list[str]) -> None:
        for line in lines:
            self._transcript.say(line)

    def _show_validation(self) -> None:
        if not self.run.config.validation:
            raise InputError("show: no images are held out (see --validation)")
        self.run.shows_test = False
        self._transcript.say("the held-out digits are looked at")

    def _snapshot(self, row: int) -> SnapshotInfo:
        """The one in this row of the timeline, as it was listed last."""
        snapshots = self._listed or queries.ordered(self.run.snapshots)
        if row > len(snapshots):
            raise InputError(f"back: the timeline has rows 1 to {len(snapshots)}")
        return snapshots[row - 1]

    def _ask(self, command: commands.Command) -> Task:
        """Send a command, and wait until all that came of it was reported."""
        told = self._narrator.lines
        begin = isinstance(command, commands.Resume | commands.StepBatch | commands.StepEpoch)
        self._begun = self._begun or begin
        self._command, self._obeyed = command, False
        self._runner.ask(command, begin)
        while not self._obeyed:
            yield
        if self._narrator.lines == told and not self._narrator.left:
            self._say(queries.unmoved(command, self.run, self._terminal))
        self._command = None

    def _settle(self) -> Task:
        """Wait until all that the run was asked for was told."""
        self._obeyed = False
        self._runner.ask_nothing()
        while not self._obeyed:
            yield

    def _make_steps(self, count: int) -> Task:
        """Single steps, one after the other."""
        narrator = self._narrator
        narrator.steps = 0
        for left in reversed(range(count)):
            narrator.left = left
            yield from self._ask(commands.StepBatch())
            if self.run.state != "paused" or self.run.all_done or self._enough:
                break
        if narrator.left:  # what was to be told after the last one
            narrator.left = 0
            if self.run.state == "paused":
                self._transcript.say(queries.standing(self.run))

    def _wait(self, epoch: float) -> Task:
        """Wait until the run stands still, or has come to an epoch."""
        while self.run.going and self.run.epoch < epoch and not self._enough:
            yield
        if not self._enough or self._interrupted:
            yield from self._settle()

    def _explain_pause(self) -> Task:
        """Say what can be done after ctrl+c."""
        yield from self._settle()
        self._transcript.say("ctrl+c again saves and leaves, go trains on")

    def _go_on_alone(self) -> Task:
        """Bring the run to its end, as there are no more lines."""
        if self.run.state == "diverged":
            self._leave("diverged")
        elif not self.run.going and self.run.all_done:
            self._leave()
        elif not self.run.going:
            yield from self._ask(commands.Resume())
        while self.run.going:
            yield

    def _begin(self) -> None:
        """Let the run make steps."""
        if not self._begun:
            self._begun = True
            self._runner.begin()

    def _leave(self, reason: str = "stopped") -> None:
        if not self._leaving:
            self._leaving = True
            self.signals.pausing = True  # ctrl+c does not pause any more
            self._runner.stop_waiting()
            self._runner.send(commands.Stop(reason))
