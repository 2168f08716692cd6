"""A run that is steered by lines, from a person or a program."""

from __future__ import annotations

from collections.abc import Iterator
from queue import Empty, SimpleQueue
from signal import SIGINT
from time import monotonic

from digit_tui.config import ConfigError
from digit_tui.data import DataError, Dataset
from digit_tui.plain import (
    calibration,
    drawn,
    health,
    network,
    neuron,
    predict,
    queries,
    rate,
    requests,
    robustness,
)
from digit_tui.plain.exit_report import conclude
from digit_tui.plain.grammar import parse
from digit_tui.plain.lines import EndOfInput, Line, LineSource, Transcript
from digit_tui.plain.narrator import EPOCH_SECONDS, Narrator
from digit_tui.plain.requests import InputError
from digit_tui.plain.run_control import RunControl, Task
from digit_tui.plain.run_signals import Interrupted, RunSignals
from digit_tui.plain.sync_runner import SyncRunner, Woken
from digit_tui.run import commands
from digit_tui.run.events import Refused, SnapshotInfo
from digit_tui.run.settings import teach_own_digits
from digit_tui.session.kept_run import kept_lines
from digit_tui.session.notifier import Notifier, Told, send_to_terminal
from digit_tui.session.notify_choice import Notify
from digit_tui.session.output import Output
from digit_tui.session.run_status import RunStatus
from digit_tui.session.runner import RunnerEvent
from digit_tui.training.restart import NextRun, next_config, same_images
from digit_tui.training.run_request import RunRequest

POLL_SECONDS = 0.25
"""Steps are noticed at least this often; all other events at once."""
IDLE_SECONDS = 1.0
"""From a pipe, training begins when no line has come for so long: those that are there when the
program starts take effect before the first step."""
END_SECONDS = 10.0
ROWS_WANTED = "rows of . and #: an empty line ends the drawing, ctrl+c gives it up"


class Session:
    """Carries out one line after the other; meanwhile the run goes on, and events are reported.

    Attributes:
        run: the state of the run.
        signals: handlers for those that pause or end it.
    """

    def __init__(
        self,
        request: RunRequest,
        source: LineSource,
        output: Output,
        terminal: bool,
        prompt: bool,
        notify: Notify | None = None,
    ) -> None:
        """Set up a run; `converse` begins it.

        Args:
            request: which run.
            source: of lines.
            output: where lines are written.
            terminal: whether the lines are typed by a person who sees the output. If not, a
                command that trains until it pauses is waited for, and the run goes on after the
                last line.
            prompt: show a prompt.
            notify: how to tell that the run has ended; None does not.
        """
        self._request = request
        self._source = source
        self._output = output
        self._terminal = terminal
        self._inbox: SimpleQueue[Line | EndOfInput | Woken | Interrupted] = SimpleQueue()
        self._transcript = Transcript(output, prompt)
        self._notifier = Notifier(notify, alone=not terminal)
        self._set_up(request)
        self.signals = RunSignals(self._runner, lambda: self._inbox.put(Interrupted()))

        self._wanted: float | None = None  # since when the next line was asked for
        self._line: str | None = None  # to be carried out next
        self._end = False  # of the lines
        self._next: NextRun | None = None
        self._leaving = False
        self._wrong = 0  # lines that could not be carried out

    def _set_up(self, request: RunRequest, dataset: Dataset | None = None) -> None:
        """Set up a run: the first, or another one.

        Args:
            request: which run.
            dataset: its dataset, if that was read before.
        """
        self.run = RunStatus(request.config)
        self._runner = SyncRunner(
            request, lambda: self._inbox.put(Woken()), held=not self._terminal, dataset=dataset
        )
        self._narrator = Narrator(self.run, self._transcript.record, verbose=not self._terminal)
        self._control = RunControl(
            self._runner, self.run, self._transcript, self._narrator, self._terminal
        )
        self._task: Task | None = self._control.settle()
        self._listed: list[SnapshotInfo] = []  # by the last `timeline`
        self._drawing: requests.ReadDrawing | None = None  # whose rows are being taken
        self._rows: list[str] = []

    def converse(self) -> None:
        """Begin the run, and return when it has ended."""
        self._runner.start()
        self._source.start(self._inbox.put)
        if self._terminal:
            self._transcript.write("type help for the commands, quit to save and leave")
        try:
            self._follow()
            while self._next is not None and self.run.failure is None and not self._leaving:
                self._begin_next(self._next)
                self._follow()
        finally:  # a bug in here must not cost the run
            self._leave()
            self._runner.join(END_SECONDS)

    def _follow(self) -> None:
        """Carry out lines and report events, until the run has ended."""
        while self.run.state != "ended":
            self._proceed()
            self._ask_for_line()
            self._receive()
            for event in self._runner.drain():
                self._ingest(event)
            self._pass_on(self._notifier.drain())

    def _pass_on(self, told: list[Told]) -> None:
        """Tell that the run has ended, or what went wrong with telling it."""
        for each in told:
            send_to_terminal(each.terminal)
            if each.trouble:
                self._transcript.record(each.trouble)

    def _begin_next(self, following: NextRun) -> None:
        """Begin the run that follows the one that has ended."""
        self._runner.join(END_SECONDS)
        for line in kept_lines(self.run):
            self._transcript.record(line)
        verbose = self._narrator.verbose
        self._set_up(self._request.again(following.config), following.dataset)
        self._next = None
        self._narrator.verbose = verbose
        self.signals.runner = self._runner
        self._runner.start()
        if self.signals.pausing:  # by ctrl+c, in the run before
            self._runner.send(commands.Pause())
        if self.signals.number is not None:  # the signal was for the run before
            self._leave("interrupted")

    def close(self) -> int:
        """Print how it ended; returns the exit status."""
        patience = {"seconds": 0.0} if self._terminal else {}  # a person does not wait
        self._pass_on(self._notifier.finish(**patience))
        wrong = bool(self._wrong) and not self._terminal
        write = self._transcript.write_whole if self._terminal else None
        return conclude(self.run, self._output, write, self.signals.number, wrong)

    # What comes in

    def _ask_for_line(self) -> None:
        """Let the next line come, when it is its turn."""
        if self._line is not None or self._end or self._leaving:
            return
        if self._wanted is None and (self._task is None or self._terminal):
            self._wanted = monotonic()
            self._source.more()
        if self._task is None:
            self._transcript.prompt()

    def _receive(self) -> None:
        """Wait for a line, an event or a signal."""
        try:
            item = self._inbox.get(timeout=POLL_SECONDS)
        except Empty:
            return
        match item:
            case Line(text):
                self._transcript.line_entered()
                self._wanted, self._line = None, text
                self._control.hurried = self._terminal
            case Interrupted():
                if self._drawing is not None:  # nobody can type that: each line is a row
                    self._drawing = None
                    self._transcript.write("draw: given up")
                self._control.interrupted = self._control.hurried = True
                self._transcript.interrupted()
            case EndOfInput():
                self._end = self._narrator.alone = True
                if self._terminal:
                    self._leave()
                elif self.signals.pausing:  # no line can come to resume it
                    self.signals.leave(SIGINT)
                else:
                    self._control.begin()
                    self.signals.pausing = True

    def _ingest(self, event: RunnerEvent) -> None:
        if isinstance(event, Refused):
            self._wrong += 1
        self._control.ingest(event)
        self._notifier.see(event, self.run.repeats_to is not None)

    # What is done

    def _proceed(self) -> None:
        """Do what can be done without waiting."""
        while not self._leaving:
            if self._output.status is not None:  # nobody reads the output
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
        control = self._control
        control.hurried = False
        if control.interrupted:
            control.interrupted = False
            return self._explain_pause()
        if self._line is not None:
            line, self._line = self._line, None
            self.signals.pausing = False
            return self._carry_out_line(line)
        if self._end:
            return self._run_to_end() if self._drawing is None else self._carry_out_line("")
        waited = 0.0 if self._wanted is None else monotonic() - self._wanted
        if waited > IDLE_SECONDS and self._inbox.empty():
            control.begin()
        return None

    def _carry_out_line(self, line: str) -> Task:
        try:
            if self._drawing is not None:
                yield from self._take_row(self._drawing, line.rstrip("\r"))
                return
            request = parse(line)
            if request is not None:
                yield from self._carry_out(request)
        except InputError as error:
            self._wrong += 1
            self._transcript.write(str(error))

    def _carry_out(self, request: requests.Request) -> Task:
        match request:
            case requests.RunCommand(command):
                yield from self._control.ask(command)
            case requests.FindRate():
                yield from self._find_rate()
            case requests.MakeSteps(count):
                yield from self._control.make_steps(count)
            case requests.Wait(epoch):
                self._control.begin()
                yield from self._control.wait(epoch)
                self._transcript.write(queries.status_line(self.run))
            case requests.ShowTimeline(every):
                self._listed = queries.ordered(self.run.snapshots)
                self._write(queries.timeline(self._listed, every))
            case requests.GoToRow(row):
                snapshot = self._snapshot(row)
                yield from self._control.ask(commands.GoBack(snapshot.step, snapshot.lineage))
            case requests.TeachFork():
                yield from self._teach()
            case requests.SetVerbose(on):
                self._narrator.verbose = on
                often = "every epoch" if on else f"an epoch every {EPOCH_SECONDS:g} seconds"
                self._transcript.write(f"reporting {often}")
            case requests.ShowNetwork():
                self._write(network.answer(request, (yield from self._control.inspect()), self.run))
            case requests.ShowUnit():
                self._write(neuron.answer(request, (yield from self._control.inspect()), self.run))
            case requests.ShowRobustness():
                yield from self._show_robustness()
            case requests.ReadDrawing():
                self._drawing, self._rows = request, []
                if self._terminal:
                    self._transcript.write(ROWS_WANTED)
            case requests.PredictFile():
                self._write(predict.answer(request, (yield from self._control.inspect()), self.run))
            case requests.ShowHealth():
                self._write(health.answer((yield from self._control.inspect()), self.run))
            case requests.ShowCalibration():
                self._write(calibration.answer((yield from self._control.inspect()), self.run))
            case requests.ShowValidation():
                self._show_validation()
            case requests.Restart(wanted):
                yield from self._restart(wanted)
            case requests.Quit():
                self._leave()
            case _:
                self._write(queries.answer(request, self.run, list(self._transcript.log)))

    def _take_row(self, request: requests.ReadDrawing, row: str) -> Task:
        """Take the next row of a drawing; an empty one ends it."""
        if row:
            if len(self._rows) <= drawn.MOST:  # more are refused in the end
                self._rows.append(row)
            return
        self._drawing = None
        inspected = yield from self._control.inspect()
        self._write(drawn.answer(self._rows, request.square, inspected, self.run))

    def _write(self, lines: list[str]) -> None:
        for line in lines:
            self._transcript.write(line)

    def _find_rate(self) -> Task:
        rate.check(self.run)
        inspected = (yield from self._control.inspect())["run"]
        answer = rate.answer(inspected, self.run)
        yield from self._answer_slowly(answer, "rate: not found to the end")

    def _show_robustness(self) -> Task:
        answer = robustness.answer(self.run)
        yield from self._answer_slowly(answer, "corrupt: not measured to the end")

    def _answer_slowly(self, answer: Iterator[list[str] | None], given_up: str) -> Task:
        """Write what takes its time, unless ctrl+c gives it up.

        Args:
            answer: yields None while it is computed, then the lines.
            given_up: what is said in that case.
        """
        for lines in answer:
            if lines is not None:
                self._write(lines)
            elif self._control.interrupted:
                self._transcript.write(given_up)
                return
            else:
                self._inbox.put(Woken())  # go on at once
                yield

    def _teach(self) -> Task:
        try:
            command = teach_own_digits()
        except DataError as error:
            raise InputError(f"teach: {error}") from error
        yield from self._control.ask(commands.Fork((command,)))

    def _show_validation(self) -> None:
        if not self.run.config.validation:
            raise InputError("show: no images are held out (see --validation)")
        self.run.shows_test = False
        self._transcript.write("back to the held-out set")

    def _snapshot(self, row: int) -> SnapshotInfo:
        """The one in this row of the timeline, as it was listed last."""
        snapshots = self._listed or queries.ordered(self.run.snapshots)
        if row > len(snapshots):
            raise InputError(f"back: the timeline has rows 1 to {len(snapshots)}")
        return snapshots[row - 1]

    def _restart(self, wanted: dict[str, str]) -> Task:
        """End the run, to begin another one: what that needs is read and checked before."""
        try:
            config, dataset = (
                next_config(self.run.config, wanted, self.run.settings),
                self.run.dataset,
            )
            if not same_images(config, self.run.config):
                dataset = RunRequest(config).load_dataset()
        except (ConfigError, DataError) as error:
            name = f"{error.option.replace('_', '-')}: " if isinstance(error, ConfigError) else ""
            raise InputError(f"restart: {name}{error}") from error
        self._next = NextRun(config, dataset)
        if self.run.teacher:
            self._transcript.write("the next run has no teacher")
        self._runner.send(commands.Stop())
        while True:  # the task ends with the run
            yield

    def _explain_pause(self) -> Task:
        """Tell what can be done after ctrl+c."""
        yield from self._control.settle()
        self._transcript.write("ctrl+c again saves and leaves, go continues training")

    def _run_to_end(self) -> Task:
        """Bring the run to its end, as there are no more lines."""
        if self.run.state == "diverged":
            self._leave("diverged")
        elif not self.run.going and self.run.all_done:
            self._leave()
        elif not self.run.going:
            yield from self._control.ask(commands.Resume())
        while self.run.going:
            yield

    def _leave(self, reason: str = "stopped") -> None:
        if not self._leaving:
            self._leaving = True
            self._next = None
            self.signals.pausing = True  # ctrl+c does not pause any more
            self._runner.stop_waiting()
            self._runner.send(commands.Stop(reason))
