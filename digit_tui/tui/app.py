"""The app of a run that trains: how it begins and ends, and how one run follows another."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from time import monotonic

from textual import work

from digit_tui.data import Dataset
from digit_tui.run import commands
from digit_tui.run.events import Refused, WentBack
from digit_tui.run.remedies import ALL_DONE, LATER, with_remedy
from digit_tui.run.wording import farewell
from digit_tui.session.allocator import give_free_memory_back
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import Failed
from digit_tui.session.kept_run import fork_name, kept_lines, name_of, not_kept
from digit_tui.session.notifier import Notifier
from digit_tui.session.notify_choice import Notify
from digit_tui.session.runner import EventQueue, Runner, RunnerEvent
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.restart import NextRun
from digit_tui.training.run_request import RunRequest, resume_request
from digit_tui.tui.bindings import TRAINING_KEYS
from digit_tui.tui.draw_rate import DEFAULT_RATE, DrawRate
from digit_tui.tui.screens.fork import KeepDialog
from digit_tui.tui.screens.leave import LeaveDialog, LeaveThisDialog, LeavingDialog, Saved
from digit_tui.tui.screens.leave_fork import LeaveForkDialog, Left
from digit_tui.tui.screens.rate import RateDialog
from digit_tui.tui.screens.restart import RestartDialog
from digit_tui.tui.screens.resume import ResumeDialog
from digit_tui.tui.screens.timeline import TimelineDialog
from digit_tui.tui.screens.view import View
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.steering_app import SteeringApp
from digit_tui.tui.terminal.stdio_capture import StdioCapture
from digit_tui.tui.textual_patches import forget_what_was_drawn

TIDY_SECONDS = 30.0
"""So often memory that is not needed goes back to the system: a run may go on for days."""
JOIN_SECONDS = 10.0
"""The next run waits no longer for the thread of the run before it to end."""


class DigitApp(SteeringApp):
    """Trains a run in a thread, shows it and steers it."""

    BINDINGS = TRAINING_KEYS

    def __init__(
        self,
        request: RunRequest,
        offered: SavedRun | None = None,
        rate: DrawRate = DEFAULT_RATE,
        stdio: StdioCapture | None = None,
        tips: bool = False,
        notify: Notify | None = None,
    ) -> None:
        """Make the app; the run begins when the first view is on screen.

        Args:
            request: which run.
            offered: an interrupted run to resume instead, if the user chooses to.
            rate: how often the run is drawn.
            stdio: what else this process writes to stdout and stderr, for the log.
            tips: whether to say what is seen and which keys to try, until the first key.
            notify: how to tell that a run has ended; None does not.
        """
        super().__init__(request.config, rate, stdio)
        self._request = request
        self._offered = offered
        self._next: NextRun | None = None
        self._kept: list[str] = []
        self.tips = tips
        self._runs = 0
        self._wake = asyncio.Event()
        self._pause_pending = False
        self._going_back = False
        """Whether the run was asked to go back, and has not answered yet."""
        self._leaving = False
        """Whether a person leaves as soon as it has."""
        self._when_there: Callable[[], None] | None = None
        """What is done when the run is back where it went to, and repeats no steps any more."""
        self.model.resumes = request.resume is not None or offered is not None
        self.runner: Runner | None = None
        self._notifier = Notifier(notify)

    def on_mount(self) -> None:
        self.switch_mode("train")
        # The first frame comes before the dataset is loaded.
        self.call_after_refresh(self._open)
        self.call_after_refresh(self.make_views_soon)
        self.set_interval(TIDY_SECONDS, self._tidy)

    def _tidy(self) -> None:
        """Free what nobody needs any more.

        Closed dialogs and notices refer to themselves, and Python looks for such garbage the more
        rarely the more there is in all.
        """
        forget_what_was_drawn([*self._registry])
        gc.collect()
        give_free_memory_back()

    def _open(self) -> None:
        """Begin the requested run, or ask whether to resume the interrupted one."""
        offered = self._offered
        if self.fault is not None:  # it leaves: the view could not be made
            return
        if offered is None:
            self._begin()
            return

        def chosen(resume: bool | None) -> None:
            if resume is None:
                self.exit(return_code=ExitStatus.DONE)
                return
            if resume:
                self._request = resume_request(offered.path)
            self._begin()

        self.push_screen(ResumeDialog(offered), chosen)

    def _begin(self) -> None:
        """Start the first run."""
        with self.nothing_without():
            self._start_runner(self._request)

    def _begin_next(self, following: NextRun) -> None:
        """Start the run that follows another; its log will say where that one is kept."""
        self._kept, self._next = kept_lines(self.model), None
        with self.nothing_without():
            self._start_runner(self._request.again(following.config), following.dataset)

    def _start_runner(self, request: RunRequest, dataset: Dataset | None = None) -> None:
        self.model = RunModel(request.config)
        self.model.resumes = request.resume is not None
        self.model.ways = self.key_names
        self._going_back = self._leaving = False
        self._when_there = None
        loop = asyncio.get_running_loop()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop is closed: the app has ended
                loop.call_soon_threadsafe(self._wake.set)

        self.runner = Runner(request, EventQueue(wake), dataset)
        self.runner.start()
        if self.ended_by is not None:  # the signal came before there was a runner
            self.stop_run()
        self._follow(self.runner)

    @work(exclusive=True)
    async def _follow(self, runner: Runner) -> None:
        """Fetch what the training thread publishes, until the run has ended."""
        over = False  # the thread may have ended without an event that the model could take in
        while self.model.state != "ended" and not over:
            # `wait_for` would not do: before Python 3.12 it drops a cancellation that meets the
            # event, and an app that leaves at once would follow the run for ever.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._rate.poll_seconds):
                    await self._wake.wait()
            self._wake.clear()
            over = runner.join(0)
            self.ingest(runner.drain())
        if self._next is not None:  # nothing of it may be left that the next one would meet
            deadline = monotonic() + JOIN_SECONDS
            while not runner.join(0) and monotonic() < deadline:
                await asyncio.sleep(0.01)
        with self.nothing_without():
            self._end_run()

    def ingest(self, events: Iterable[RunnerEvent], urgent: bool = False) -> None:
        events = list(events)
        super().ingest(events, urgent)
        for event in events:
            self._notifier.see(event, self.model.repeats)
        for told in self._notifier.drain():
            if told.terminal and self._driver is not None:  # between two frames, not inside one
                self._driver.write(told.terminal)
                self._driver.flush()
            if told.trouble:
                self.model.say("trouble", told.trouble)
                super().ingest((), urgent=True)
        self._pause_pending &= self.model.going
        if any(isinstance(each, WentBack | Refused) for each in events):
            self._going_back = False
            self._when_there = None
            if self._leaving:
                self._leaving = False
                self.call_later(self.action_quit)
        if self._when_there is not None and self.model.repeats_to is None:
            self.call_later(self._when_there)
            self._when_there = None
        top = self.top_screen
        if isinstance(top, TimelineDialog | KeepDialog | RateDialog | LeaveDialog):
            with self.errors_told():
                top.follow(self.model)
        if self._kept and self.model.state != "loading":  # below what the run itself begins with
            for line in self._kept:
                self.model.say("change", line)
            self._kept = []
            super().ingest((), urgent=True)

    def _end_run(self) -> None:
        """After the end of a run: begin the next one, or leave with a farewell."""
        failure = self.model.failure
        ended, fork = self.model.ended, fork_name(self.model)
        step, folder = self.model.saved_step, self.model.folder
        kept = step or (ended is not None and ended.run)  # else it had no step to keep
        run = name_of(folder) if folder and kept else None
        lost = not_kept(self.model)
        lines = farewell(run, step, self.model.all_done, fork=fork, lost=lost)
        if ended is not None and self.model.config.validation and ended.test_accuracy is not None:
            lines.append(f"Test accuracy: {ended.test_accuracy:.2%} (the test set is open now)")
        self.farewell = "\n".join(lines)
        if self.model.save_trouble is not None:
            self.farewell += f"\ndigit-tui: not saved: {self.model.save_trouble}"
        if failure is not None:
            self.farewell = "\n".join([*self._kept, failure.text])
        if self.fault is not None:
            self.farewell += f"\n{self.fault.text}"
        if failure is not None:
            self.exit(return_code=failure.status)
        elif self.fault is not None:
            self.exit(return_code=self.fault.status)
        elif self.ended_by is not None:
            self.exit(return_code=ExitStatus.SIGNALLED + self.ended_by)
        elif self._next is not None:
            self._begin_next(self._next)
        else:
            unsaved = self.model.save_trouble is not None
            self.exit(return_code=ExitStatus.DISK if unsaved else ExitStatus.DONE)

    def stop_run(self) -> None:
        self.send(commands.Stop(reason="interrupted"))

    def leave_for(self, fault: Failed) -> None:
        if self.runner is None:
            self.leave_at_once(fault)
        else:  # it leaves when the run has ended
            self.stop_run()

    def leave(self) -> None:
        if self.runner is None:  # with a runner it leaves when the run has ended
            self.exit(return_code=ExitStatus.SIGNALLED + (self.ended_by or 0))

    def wait_saved(self, seconds: float) -> bool:
        return self.runner is None or self.runner.join(seconds)

    def send(self, command: commands.Command) -> None:
        """Send a command to the run, if there is one."""
        if self.runner is None:
            return
        self.runner.send(command)
        self._going_back |= isinstance(command, commands.Undo | commands.GoBack)
        to = self.model.repeats_to
        if to is not None and isinstance(command, commands.Setting):
            back = f"{self.key_names['undo']} takes it back"
            self.tell(f"this takes effect at epoch {to:.2f}, when it is there again; {back}")
        elif self.model.state == "finished" and isinstance(command, commands.StepSetting):
            text = with_remedy(LATER, ALL_DONE, self.key_names)
            if all(line.text != text for line in list(self.model.log)[-2:]):  # of repeated keys
                self.tell(text)

    def action_restart(self) -> None:
        def chosen(following: NextRun | None) -> None:
            if following is not None and self._next is None:
                self._leave(following)

        if self.runner is not None and self._next is None:
            run = self.model
            self.push_screen(RestartDialog(run), chosen)

    async def action_break_off(self) -> None:
        """Pause; the second time save and leave."""
        if self.runner is None or self._pause_pending or not self.model.going:
            await self.action_quit()
        else:
            self._pause_pending = True
            self.send(commands.Pause())
            again = f"{self.key_names['go']} trains on"
            leaves = "saves and leaves" if self.model.left_behind is None else "leaves"
            self.notify(f"Pausing. ctrl+c once more {leaves}, {again}.")

    async def action_quit(self) -> None:
        if self.runner is None:
            self.exit(return_code=ExitStatus.DONE)
        elif isinstance(self.screen, LeavingDialog):  # ctrl+c: in a hurry
            self.screen.following = None
            self.screen.dismiss(self.screen.DEFAULT)
        elif self._going_back and not self._leaving:  # first it is seen what that undoes
            self._leaving = True
        elif isinstance(self.screen, View):
            self._leave(None)
        else:
            self._save_and_leave(None)

    def _leave(self, following: NextRun | None) -> None:
        """Leave the run; first ask which moment is saved, if a later one was left.

        Args:
            following: the run that begins then; None ends the program.
        """
        left = self.model.left_behind
        if left is None and self.model.fork is not None and not self.is_too_small:
            self._leave_fork(self.model.fork.words, following)
            return
        if left is None:
            self._save_and_leave(following)
            return
        wants_this = self.model.trained_on or self.model.on_another_way
        dialog = (LeaveThisDialog if wants_this else LeaveDialog)(left, self.model, following)
        self._when_there = None
        goes_on = self.model.going
        if goes_on:  # it would get away from both moments
            self.send(commands.Pause())

        def chosen(saved: Saved | None) -> None:
            there = self.model.repeats_to
            waits = saved == "this" and there is not None
            if goes_on and (saved is None or waits):
                self.send(commands.Resume())
            if waits:
                self._when_there = partial(self._save_and_leave, dialog.following)
                self.tell(f"this run is left when it is back at epoch {there:.2f}")
                return
            if saved == "later":
                if self.model.fork is not None:
                    self.send(commands.Keep(fork=False))  # the fork is saved, too
                self.send(commands.GoBack(left.step, left.lineage))
            if saved is not None:
                self._save_and_leave(dialog.following)

        self.push_screen(dialog, chosen)

    def _leave_fork(self, changes: str, following: NextRun | None) -> None:
        """The same of a run with a fork, which has `changes`: they do not go on side by side."""

        def chosen(left: Left | None) -> None:
            if left == "one":
                self.action_keep()
            elif left == "both":
                self._save_and_leave(dialog.following)

        dialog = LeaveForkDialog(changes, following)
        self.push_screen(dialog, chosen)

    def _save_and_leave(self, following: NextRun | None) -> None:
        self._next = following
        self.send(commands.Stop())
