"""What the apps have in common: a run's views, drawn from a model that its events fill."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from digit_tui.config import RunConfig
from digit_tui.insight.lesson import Lesson
from digit_tui.run.events import (
    TROUBLES,
    BranchEvent,
    CheckpointSaved,
    Diverged,
    EpochEnded,
    Evaluated,
    Forked,
    ForkEnded,
    Inspected,
    Paused,
    Refused,
    Resumed,
    SettingChanged,
    Spiked,
    StepsDone,
    Teaching,
    TimelineChanged,
    WentBack,
)
from digit_tui.session.fault_report import Fault
from digit_tui.session.run_status import GOES_ON_NO_MORE
from digit_tui.session.runner import RunnerEvent
from digit_tui.tui.draw_rate import DrawRate
from digit_tui.tui.draw_schedule import DrawSchedule
from digit_tui.tui.health_watch import Checked, HealthWatch
from digit_tui.tui.inspector import Inspector
from digit_tui.tui.screens.log import LogDialog
from digit_tui.tui.screens.network.health import HealthPage
from digit_tui.tui.screens.view import View
from digit_tui.tui.screens.view_host import ViewHost
from digit_tui.tui.state.log_line import LogLine
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.terminal.stdio_capture import StdioCapture
from digit_tui.tui.views_app import ViewsApp

ROUTINE = (StepsDone, Evaluated, EpochEnded, TimelineChanged, Inspected, BranchEvent)
"""Events that short epochs bring many times in a second; all others are drawn at once."""
ANSWERS = (Refused, Teaching, Forked, ForkEnded, WentBack)
"""Events that are told where no log is in sight, as they answer a person."""
WATCHED = ("train", "network")
"""Views that show the health of the run."""
REPLAYED = "what is replayed cannot be changed"
MOST_NOTICES = 2
"""More at once would cover the view."""
READ_A_SECOND = 12
"""So many characters of a notification, at least."""


class RunApp(ViewsApp):
    """Shows one run at a time.

    Attributes:
        model: what the views show.
        schedule: when they are drawn.
    """

    def __init__(
        self, config: RunConfig, rate: DrawRate, stdio: StdioCapture | None = None
    ) -> None:
        """Make the app.

        Args:
            config: of the run that is shown first.
            rate: how often it is drawn.
            stdio: what else this process writes to stdout and stderr, for the log.
        """
        super().__init__(stdio)
        self._rate = rate
        self._situation: tuple[object, ...] = ()
        self._told: LogLine | None = None
        """What was shown last where no log is in sight."""
        self.schedule = DrawSchedule(rate)
        self.inspector = Inspector(self.look_inside)
        self._health_watch = HealthWatch(self)
        self.model = RunModel(config)

    def log_output(self, lines: Sequence[str]) -> None:
        for line in lines:
            self.model.say("note", line)
        self.ingest((), urgent=True)

    def ingest(self, events: Iterable[RunnerEvent], urgent: bool = False) -> None:
        """Give events to the model, then draw what they changed, if it is due.

        Args:
            events: what happened.
            urgent: whether text is drawn at once, whatever happened.
        """
        before, went_back, told = self.model.state, False, dict[int, LogLine]()
        results: list[str] = []  # the log has them in a longer line
        for event in events:
            with self.errors_told():  # those after it must not be lost
                self.model.ingest(event)
                is_answer = isinstance(event, ANSWERS)
                if (is_answer or _is_news(event, self.model)) and self.model.log:
                    told[id(self.model.log[-1])] = self.model.log[-1]  # once, when it is whole
                match event:
                    case BranchEvent(SettingChanged(lesson=Lesson() as lesson)):
                        results.append(f"{lesson.total} drawings: {lesson.words}")
                    case WentBack() | BranchEvent(WentBack()) | Spiked() | Diverged():
                        self._health_watch.forget()
                    case Resumed() if before in TROUBLES:
                        self._health_watch.forget()
            self.schedule.invalidate()
            went_back = went_back or isinstance(event, WentBack)
            urgent = urgent or not isinstance(event, ROUTINE)
        if went_back:  # what is told of is undone
            self.clear_notifications()
        for line in told.values():
            if line is self._told:  # it goes on: "learning rate 0.002 → 0.008"
                self.clear_notifications()
            self._told = line
        for text in [*map(self._with_way_back, told.values()), *results]:
            self._show_where_no_log_is(text)
        top = self.top_screen
        if isinstance(top, LogDialog):
            with self.errors_told():
                top.follow(self.model)
        model = self.model
        goes_on = model.state not in GOES_ON_NO_MORE
        situation = (model.fork is not None, goes_on, self.words_now)
        if situation != self._situation and top is not None:
            self._situation = situation
            self.refresh_bindings()
        # The run goes on behind a dialog.
        view = next(iter(self.screen_stack), None)
        if self.current_mode in WATCHED and self.fault is None:
            with self.errors_told():
                is_read = isinstance(view, View) and view.part == HealthPage.NAME
                self._health_watch.watch(self.model, is_read)
        if isinstance(view, View) and view.ready and self.fault is None:
            with self.errors_told():
                changed = went_back or self.model.state != before
                self.schedule.update(view, self.model, urgent, changed)

    def on_checked(self, message: Checked) -> None:
        """Show what ails the run or its fork, unless that has ended or gone back meanwhile."""
        branch, health = message.branch, message.health
        void = message.generation != self._health_watch.generation
        if void or branch not in (self.model, self.model.fork):
            return
        before, branch.health = branch.health, health
        if health.inspection is not None and health.inspection.step <= self.model.step:
            branch.history.add_inspection(health.inspection)
        view = next(iter(self.screen_stack), None)
        told_anew = before is None or before.findings != health.findings
        if isinstance(view, View) and view.ready and (told_anew or view.part == HealthPage.NAME):
            view.redraw_once()

    def tell(self, text: str) -> None:
        """Add a line to the log, and show it at once where the log is not in sight."""
        self.model.say("note", text)
        self.ingest((), urgent=True)
        self._show_where_no_log_is(text)

    def _with_way_back(self, line: LogLine) -> str:
        """A line as a notice, with the key that takes a changed setting back."""
        changes = [each for each in line.events if isinstance(each, SettingChanged)]
        taken = not changes or any(each.effect or each.lesson for each in changes)
        if taken or self.model.fork is not None:  # which ends first
            return line.text
        of_rate = all(each.setting == "learning_rate" for each in changes)
        together = of_rate or all(each.settings == changes[0].settings for each in changes)
        way = "takes it back" if together else "takes back the last of it"
        return f"{line.text}; {self.key_names['undo']} {way}"

    def _show_where_no_log_is(self, text: str) -> None:
        shown = [each.message for each in self._notifications if not each.has_expired]
        if self.current_mode != "train" and text not in shown:  # keys may be pressed again
            if len(shown) >= MOST_NOTICES:  # they would cover the view
                self.clear_notifications()
            seconds = max(self.NOTIFICATION_TIMEOUT, len(text) / READ_A_SECOND)
            self.notify(text, markup=False, timeout=seconds)

    def log_error(self, fault: Fault) -> None:
        text = f"error in the interface, drawn anew: {fault.message} ({fault.where})"
        self.model.say("trouble", text)

    def draw_anew(self) -> None:
        super().draw_anew()
        self.schedule.restart()
        self.schedule.invalidate()
        self.ingest((), urgent=True)

    @property
    def circumstances(self) -> str:
        screens = " under ".join(type(screen).__name__ for screen in reversed(self.screen_stack))
        width, height = self.size
        return f"{screens}, {width}x{height}, run {self.model.run} {self.model.state}"

    @property
    def words_now(self) -> dict[str, str]:
        return {} if self.model.going else {"pause": "Go on"}

    def look_inside(self) -> None:
        """Ask for the state of the run; what is replayed has none."""

    def switch_units(self, layer: int, units: tuple[int, ...], on: bool) -> None:
        """Say that nothing can be changed: the run is replayed."""
        self.tell(REPLAYED)

    def prune(self, share: float) -> None:
        """Say that nothing can be changed: the run is replayed."""
        self.tell(REPLAYED)

    def action_prune(self) -> None:
        """Choose which share of the weights to prune."""
        self.tell(REPLAYED)

    def action_show_log(self) -> None:
        if isinstance(self.screen, View):  # not on top of a dialog
            self.push_screen(LogDialog(self.model, self._rate.seconds))


def _is_news(event: RunnerEvent, model: RunModel) -> bool:
    """Whether it is worth a notice where no log is in sight: not when it only happens again."""
    if model.repeats:
        return False
    if isinstance(event, CheckpointSaved):
        return event.asked
    in_trouble = isinstance(event, Paused) and event.reason in TROUBLES
    return in_trouble or isinstance(event, SettingChanged | Spiked | Diverged)


if TYPE_CHECKING:
    _: type[ViewHost] = RunApp  # mypy checks here that the apps have what views need of them
