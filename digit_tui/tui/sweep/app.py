"""The app that shows a sweep and steers it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.fault_report import Fault
from digit_tui.tui.job_control import JobControlApp
from digit_tui.tui.screens.frame import Frame
from digit_tui.tui.screens.meanings import Meaning
from digit_tui.tui.sweep.best import BestView
from digit_tui.tui.sweep.bindings import SWEEP_KEYS
from digit_tui.tui.sweep.control import SweepControl
from digit_tui.tui.sweep.dialogs import EndDialog, LeaveDialog, StopDialog, TrialDialog
from digit_tui.tui.sweep.frame import SweepFrame
from digit_tui.tui.sweep.host import SweepHost
from digit_tui.tui.sweep.meanings import EVERYWHERE, MEANINGS
from digit_tui.tui.sweep.model import SweepModel
from digit_tui.tui.sweep.poller import Looked, Poller
from digit_tui.tui.sweep.settings import SettingsView
from digit_tui.tui.sweep.trials import TrialsView
from digit_tui.tui.terminal.stdio_capture import StdioCapture

READ_A_SECOND = 12
"""So many characters of a notification, at least."""


class SweepApp(JobControlApp):
    """Shows a sweep: its trials, the best of them, and what the settings do.

    Attributes:
        model: what its views show.
        opens: the run that is to be shown next, and its trial; None if the app is left for good.
    """

    BINDINGS = SWEEP_KEYS
    SHOWS = "sweep"
    MEANINGS = MEANINGS
    VIEWS = {"trials": TrialsView, "best": BestView, "settings": SettingsView}
    MODES = {**VIEWS}

    class Found(Message):
        """The thread has looked at the sweep."""

        def __init__(self, looked: Looked) -> None:
            """Tell of it.

            Args:
                looked: what it found.
            """
            super().__init__()
            self.looked = looked

    def __init__(
        self,
        control: SweepControl,
        poller: Poller,
        stdio: StdioCapture | None = None,
        model: SweepModel | None = None,
    ) -> None:
        """Make the app.

        Args:
            control: of the sweep; its methods are called in the poller's thread.
            poller: looks at the sweep.
            stdio: what else this process writes to stdout and stderr, to be told.
            model: of an app that showed the same sweep before.
        """
        super().__init__(stdio)
        self.model = SweepModel() if model is None else model
        self.opens: tuple[int, Path] | None = None
        self._control = control
        self._poller = poller
        self._left = False

    def on_mount(self) -> None:
        self._poller.listener = lambda looked: self.post_message(self.Found(looked))
        self.switch_mode("trials")
        while self.model.notes:
            self.tell(self.model.notes.pop(0))

    def on_unmount(self) -> None:
        self._poller.listener = None

    def on_sweep_app_found(self, message: Found) -> None:
        self.take(message.looked)

    def take(self, looked: Looked) -> None:
        """Take in what was found, and show what that changes."""
        before = self.words_now, self.model.ended
        self.model.take(looked)
        for trouble in looked.troubles:
            if trouble != self.model.trouble:  # that is on each view
                self.tell(trouble)
        if (self.words_now, self.model.ended) != before:
            self.refresh_bindings()
        board = self.model.board
        if isinstance(self.screen, EndDialog) and self.model.ended:
            self.screen.dismiss(None)
            self.tell("The sweep has ended meanwhile.")
        elif isinstance(self.screen, TrialDialog) and board is not None:
            with self.errors_told():
                self.screen.follow(board)
        self._redraw()
        if self.model.asked is not None and looked.ended:
            self._exit_now()

    def _redraw(self) -> None:
        view = next(iter(self.screen_stack), None)
        if isinstance(view, SweepFrame) and view.ready and self.fault is None:
            with self.errors_told():
                view.redraw()

    def tell(self, text: str) -> None:
        """Show a line for as long as it takes to read it."""
        seconds = max(self.NOTIFICATION_TIMEOUT, len(text) / READ_A_SECOND)
        self.notify(text, markup=False, timeout=seconds)

    def log_output(self, lines: Sequence[str]) -> None:
        for line in lines[-1:]:
            self.tell(line)

    def log_error(self, fault: Fault) -> None:
        self.tell(f"error in the interface, drawn anew: {fault.message} ({fault.where})")

    @property
    def circumstances(self) -> str:
        screens = " under ".join(type(screen).__name__ for screen in reversed(self.screen_stack))
        return f"{screens}, {self.size.width}x{self.size.height}, sweep {self.model.state}"

    @property
    def common_meanings(self) -> list[tuple[str, Sequence[Meaning]]]:
        return [("On every view", EVERYWHERE)]

    @property
    def words_now(self) -> dict[str, str]:
        board = self.model.board
        return {"pause": "Go on"} if board is not None and board.paused else {}

    def offers(self, action: str) -> bool:
        steers = action in ("toggle_pause", "add_worker", "remove_worker", "stop_sweep")
        return not (steers and (self.model.ended or self.model.asked is not None))

    def _ask(self, action: Callable[[], None], words: str) -> None:
        """Have something done in the thread; say so, as it may take a moment to show."""
        if self.model.ended or self.model.asked is not None:
            self.tell("No worker is left here: the same command goes on with the sweep.")
            return
        self.tell(words)
        self._poller.ask(action)

    def action_toggle_pause(self) -> None:
        board = self.model.board
        if board is not None and board.paused:
            self._ask(self._control.go_on, "All workers go on.")
        else:
            self._ask(self._control.pause, "All workers pause after their epoch.")

    def action_add_worker(self) -> None:
        self._ask(self._control.add_worker, "One more worker begins.")

    def action_remove_worker(self) -> None:
        self._ask(
            self._control.remove_worker, "A worker saves its run and ends; the last one stays."
        )

    def action_stop_sweep(self) -> None:
        self._ask_how(StopDialog())

    async def action_quit(self) -> None:
        self._ask_how(LeaveDialog())

    def _ask_how(self, dialog: EndDialog) -> None:
        """Ask how to leave; where nothing is under way here, leave at once."""
        if self.model.ended or self.model.asked is not None:
            self._exit_now()
        elif isinstance(self.screen, Frame):
            self.push_screen(dialog, self._end)

    def _end(self, how: str | None) -> None:
        """Have workers end, then leave.

        Args:
            how: "stop" all of them, or "leave" those of other machines; None does nothing.
        """
        if how is None or self.model.asked is not None:
            return
        if self.model.ended:
            self._exit_now()
            return
        self.model.asked = how
        self._poller.ask(self._control.stop if how == "stop" else self._control.leave)
        self.refresh_bindings()
        self._redraw()

    def _exit_now(self) -> None:
        self.exit(return_code=ExitStatus.DONE)

    def open_trial(self) -> None:
        """Show the chosen trial in a dialog."""
        board, trial = self.model.board, self.model.listing.chosen
        if board is None or trial is None or not isinstance(self.screen, Frame):
            return
        dialog = TrialDialog(board, trial)

        def chosen(opens: bool | None) -> None:
            run = dialog.trial.run
            if opens and run is not None:
                self.opens = dialog.trial.number, run
                self.exit()

        self.push_screen(dialog, chosen)

    def stop_run(self) -> None:
        """End the workers of this machine, unless only a run is looked at."""
        if self.opens is None and not self._left:
            self._left = True
            self._control.leave()

    def leave(self) -> None:
        self.exit(return_code=ExitStatus.SIGNALLED + (self.ended_by or 0))

    def wait_saved(self, seconds: float) -> bool:
        return self.opens is not None or self._poller.done.wait(seconds)


if TYPE_CHECKING:
    _: type[SweepHost] = SweepApp  # mypy checks here that it has what views need of it
