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
from digit_tui.plain.lines import End, Line, Paper, Source
from digit_tui.plain.narrator import EPOCH_SECONDS, Telling
from digit_tui.plain.requests import WrongInput
from digit_tui.plain.signals import Interrupted, Signals
from digit_tui.plain.sync_runner import Desk, Woken
from digit_tui.run import commands
from digit_tui.run.events import Refused, SnapshotInfo
from digit_tui.session.output import Output
from digit_tui.session.run_status import Standing
from digit_tui.session.runner import News, Obeyed
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
        self.run = Standing(request.config)
        self._source = source
        self._output = output
        self._terminal = terminal
        self._inbox: SimpleQueue[Line | End | Woken | Interrupted] = SimpleQueue()
        self._desk = Desk(request, lambda: self._inbox.put(Woken()), held=not terminal)
        self.signals = Signals(self._desk, lambda: self._inbox.put(Interrupted()))
        self._paper = Paper(output, prompt)
        self._telling = Telling(self.run, self._paper.note, verbose=not terminal)

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
        self._desk.start()
        self._source.start(self._inbox.put)
        if self._terminal:
            self._paper.say("type help for the commands, quit to save and leave")
        try:
            while self.run.state != "ended":
                self._go_on()
                self._invite()
                self._open()
                for event in self._desk.drain():
                    self._take_in(event)
        finally:  # a fault in here is not to cost the run
            self._leave()
            self._desk.join(END_SECONDS)

    def close(self) -> int:
        """Say how it ended; returns the exit status."""
        wrong = bool(self._wrong) and not self._terminal
        say = self._paper.say if self._terminal else None
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
            self._paper.ask()

    def _open(self) -> None:
        """Wait for something to come."""
        try:
            item = self._inbox.get(timeout=POLL_SECONDS)
        except Empty:
            return
        match item:
            case Line(text):
                self._paper.answered()
                self._wanted, self._line = None, text
                self._enough = self._terminal
            case Interrupted():
                self._interrupted = self._enough = True
                self._paper.interrupted()
            case End():
                self._end = self._telling.alone = True
                if self._terminal:
                    self._leave()
                elif self.signals.pausing:  # there is nobody who could let it go on
                    self.signals.leave(SIGINT)
                else:
                    self._begin()
                    self.signals.pausing = True

    def _take_in(self, event: News) -> None:
        if isinstance(event, Obeyed):
            self._obeyed = True
            return
        if isinstance(event, Refused):
            self._wrong += 1
        self.run.take_in(event)
        self._telling.tell(event, self._command)

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
        except WrongInput as error:
            self._wrong += 1
            self._paper.say(str(error))

    def _obey(self, order: requests.Order) -> Task:
        match order:
            case requests.Ask(command):
                yield from self._ask(command)
                if isinstance(command, commands.StepEpoch) and not self._terminal:
                    yield from self._wait(inf)
            case requests.Steps(count):
                yield from self._make_steps(count)
            case requests.Wait(epoch):
                self._begin()
                yield from self._wait(epoch)
                self._paper.say(queries.standing(self.run))
            case requests.ShowTimeline():
                self._listed = queries.ordered(self.run.snapshots)
                self._say(queries.timeline(self._listed))
            case requests.Back(row):
                snapshot = self._snapshot(row)
                yield from self._ask(commands.GoBack(snapshot.step, snapshot.lineage))
            case requests.Verbose(on):
                self._telling.verbose = on
                often = "every epoch" if on else f"an epoch every {EPOCH_SECONDS:g} seconds"
                self._paper.say(f"{often} is told")
            case requests.ShowValidation():
                self._show_validation()
            case requests.Quit():
                self._leave()
            case _:
                self._say(queries.answer(order, self.run, list(self._paper.log)))

    def _say(self, lines: list[str]) -> None:
        for line in lines:
            self._paper.say(line)

    def _show_validation(self) -> None:
        if not self.run.config.validation:
            raise WrongInput("show: no images are held out (see --validation)")
        self.run.shows_opened = False
        self._paper.say("the held-out digits are looked at")

    def _snapshot(self, row: int) -> SnapshotInfo:
        """The one in this row of the timeline, as it was listed last."""
        snapshots = self._listed or queries.ordered(self.run.snapshots)
        if row > len(snapshots):
            raise WrongInput(f"back: the timeline has rows 1 to {len(snapshots)}")
        return snapshots[row - 1]

    def _ask(self, command: commands.Command) -> Task:
        """Ask the run for something, until all that came of it was told."""
        told = self._telling.lines
        begin = isinstance(command, commands.Resume | commands.StepBatch | commands.StepEpoch)
        self._begun = self._begun or begin
        self._command, self._obeyed = command, False
        self._desk.ask(command, begin)
        while not self._obeyed:
            yield
        if self._telling.lines == told and not self._telling.left:
            self._say(queries.unmoved(command, self.run, self._terminal))
        self._command = None

    def _settle(self) -> Task:
        """Wait until all that the run was asked for was told."""
        self._obeyed = False
        self._desk.ask_nothing()
        while not self._obeyed:
            yield

    def _make_steps(self, count: int) -> Task:
        """Single steps, one after the other."""
        telling = self._telling
        telling.steps = 0
        for left in reversed(range(count)):
            telling.left = left
            yield from self._ask(commands.StepBatch())
            if self.run.state != "paused" or self.run.all_done or self._enough:
                break
        if telling.left:  # what was to be told after the last one
            telling.left = 0
            if self.run.state == "paused":
                self._paper.say(queries.standing(self.run))

    def _wait(self, epoch: float) -> Task:
        """Wait until the run stands still, or has come to an epoch."""
        while self.run.going and self.run.epoch < epoch and not self._enough:
            yield
        if not self._enough or self._interrupted:
            yield from self._settle()

    def _explain_pause(self) -> Task:
        """Say what can be done after ctrl+c."""
        yield from self._settle()
        self._paper.say("ctrl+c again saves and leaves, go trains on")

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
            self._desk.begin()

    def _leave(self, reason: str = "stopped") -> None:
        if not self._leaving:
            self._leaving = True
            self.signals.pausing = True  # ctrl+c does not pause any more
            self._desk.hurry()
            self._desk.send(commands.Stop(reason))
