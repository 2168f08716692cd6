"""What the screens show of a run: built from its events, drawn by the widgets.

Ingesting and drawing are separate: a redraw or a resize never adds a point.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from math import inf, isfinite
from operator import itemgetter
from pathlib import Path
from time import monotonic

import numpy as np

from digit_tui.config import RunConfig
from digit_tui.data import printable
from digit_tui.insight.health.record import AT_ONCE
from digit_tui.insight.significance import compare, gap_words
from digit_tui.nn import Network
from digit_tui.run import setting_words, wording
from digit_tui.run.changes import (
    Mark,
    changes_along,
    key_of,
    lettered,
    marked,
    net,
)
from digit_tui.run.commands import Lineage
from digit_tui.run.events import (
    TROUBLES,
    BranchEvent,
    CheckpointSaved,
    Diverged,
    EpochEnded,
    Evaluated,
    Event,
    Forked,
    ForkEnded,
    Inspected,
    Paused,
    Refused,
    Restored,
    Resumed,
    SaveFailed,
    SettingChanged,
    StepsDone,
    WentBack,
)
from digit_tui.run.lineage import position, shared_length
from digit_tui.run.remedies import PAUSED, Ways, with_remedy
from digit_tui.run.settings import Settings
from digit_tui.run.wording import PAUSES, RESUMED
from digit_tui.session.failures import Failed
from digit_tui.session.fork_status import NEARLY, newest
from digit_tui.session.health_check import Health
from digit_tui.session.run_status import RunStatus
from digit_tui.session.runner import Acknowledged, Loaded, RunnerEvent
from digit_tui.tui.bindings import WAYS
from digit_tui.tui.state.curves import Curves, UndoneCurves
from digit_tui.tui.state.log_line import KINDS, LOG_LINES, Kind, LogLine
from digit_tui.tui.state.same_moment import SameMoment

Moment = tuple[Evaluated | None, Settings]
"""The latest evaluation, and the settings in force: if one changes, one looks anew."""

OTHER_VIEWS = "other views show its mistakes, its inside, and how it reads your digits"
MAX_UNDONE = 8
"""The last so many undone parts of the run stay on the charts."""


class RunModel(RunStatus):
    """One run as the screen shows it: its status, curves and log."""

    def __init__(self, config: RunConfig, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(config, clock)
        self.resumes = False
        """Whether a saved run goes on, or may: its settings are not known before it is read."""
        self.replay: str | None = None
        """The state of a replay, for the status line; None for a run that trains."""
        self.shown_folder: str | None = None
        """The folder of a saved run that is shown, which is only read; None for any other."""
        self.curves = Curves()
        self.start = 0.0
        """The epoch at which the run began, or was forked; its results are those after it."""
        self.fork_curves = Curves()
        self.undone: deque[UndoneCurves] = deque(maxlen=MAX_UNDONE)
        self.log: deque[LogLine] = deque(maxlen=LOG_LINES)
        self._way_out: LogLine | None = None  # that says where undo leads from the last trouble
        self.inspected: Inspected | None = None
        """The latest copy of its state that was asked for."""
        self.health: Health | None = None
        """What ails it, as far as somebody watches."""
        self.marks: list[Mark] = []
        """Where the settings in force were changed; the log names their letters."""
        self._changes: list[SettingChanged] = []  # in force, oldest first
        self._same_moment = SameMoment()
        self._fork_changes: list[SettingChanged] = []
        self._repeated: deque[SettingChanged] = deque()  # of those, what is yet to be repeated
        self.ways: Ways | None = WAYS
        """How the log says what can be done; None if nothing can."""

    @property
    def calibration_folder(self) -> str | None:
        """Where a calibration of the run may be saved; None if it has no folder."""
        return self.shown_folder or self.folder

    @property
    def repeats(self) -> bool:
        """Whether it shows what was done before: nobody asks for it now."""
        return self.replay is not None or self.repeats_to is not None

    @property
    def measured(self) -> tuple[int, int] | None:
        """How many digits of the monitored split are read right, and of how many.

        As measured last, up to the present step, also before this program was started; None if
        never.
        """
        evaluated, series = self.evaluated, self.curves.monitored_accuracy
        if evaluated is not None and evaluated.step <= self.step:
            return evaluated.evaluation.correct, evaluated.evaluation.total
        if self.dataset is None or not len(series) or not isfinite(series.y[-1]):
            return None
        total = len(self.dataset.split(self.config.monitored_split)[1])
        return round(float(series.y[-1]) * total), total

    @property
    def rates_span(self) -> float:
        """The highest of the learning rates in force so far, divided by the lowest."""
        changes = [each for each in self._changes if each.setting == "learning_rate"]
        rates = [self.settings.learning_rate]
        rates += [rate for each in changes for rate in (each.old, each.new)]
        return max(rates) / min((rate for rate in rates if rate), default=inf)

    @property
    def moment(self) -> Moment:
        """What is to be seen now."""
        return self.evaluated, self.settings

    @property
    def latest(self) -> tuple[Network, float] | None:
        """The newest network that is known, as it would be evaluated, and its epoch."""
        undone = self.inspected is not None and self.inspected.step > self.step
        return newest(None if undone else self.inspected, self.evaluated)

    @property
    def is_outdated(self) -> bool:
        """Whether the evaluation that is shown is of a later moment: the run went back."""
        return self.shown is not None and self.shown.step > self.step

    @property
    def best(self) -> tuple[float, float] | None:
        """The first epoch with the run's highest accuracy, and that accuracy as a fraction."""
        # A fork whose weights were changed at once is another network than the run's.
        own = any(
            each.setting in AT_ONCE and abs(each.epoch - self.start) < NEARLY
            for each in self._changes
        )
        start = self.start + (-NEARLY if own else NEARLY)
        series = self.curves.monitored_accuracy
        x, y = series.between(start, inf)
        if not len(y):
            return None
        y = y.copy()
        for epoch in self._same_moment:
            if abs(epoch - self.start) > NEARLY:
                highest = self._same_moment.highest(epoch, self._commands_at(epoch))
                y[x == epoch] = np.maximum(y[x == epoch], highest)
        first = int(y.argmax())
        return float(x[first]), float(y[first])

    def _commands_at(self, epoch: float) -> tuple[Hashable, ...]:
        """What was changed at an epoch, for `SameMoment`."""
        return tuple(key_of(each) for each in self._changes if abs(each.epoch - epoch) < NEARLY)

    def say(self, kind: Kind, text: str) -> None:
        """Add a line to the log."""
        self.log.append(LogLine(kind, printable(text)))

    def ingest(self, event: RunnerEvent) -> None:
        """Update the status, the curves and the log."""
        fork, save_trouble, own = self.fork, self.save_trouble, self.evaluation
        super().ingest(event)
        match event:
            case Loaded(dataset):
                for line in wording.loaded(dataset):
                    self.say("note", line)
            case StepsDone():
                self.curves.add_steps(event)
            case Evaluated() if event is self.evaluated:
                self.curves.add_evaluation(event)
                at, accuracy = self._commands_at(event.epoch), event.evaluation.accuracy
                self._same_moment.add(event.epoch, at, accuracy)
            case Evaluated():
                self.say("change", wording.test_opened(event, self.ways))
            case EpochEnded():
                self._say_epoch(event)
            case SettingChanged() if self._repeats(event):
                self._repeated.popleft()
            case SettingChanged():
                self._log_change(event)
                self._mark_changes()
            case Restored():
                self._ingest_restored(event)
            case WentBack():
                self._ingest_went_back(event)
            case Forked():
                self.fork_curves = self.curves.branch()
                self._ingest_forked(event)
            case BranchEvent(inner):
                self._chart_fork_event(event, inner)
            case ForkEnded() if fork is not None:
                asked = event.reason == "asked"  # else one of them has no weights to evaluate
                if asked and own is not None and fork.evaluation is not None:
                    comparison = compare(*(fork.compared or (own, fork.evaluation)))
                    self.say("note", f"fork {comparison.words}; {gap_words(comparison)}")
                if event.kept == "fork":
                    self.inspected, self.health = fork.inspected, fork.health
                self._chart_fork_end(event, fork.forked.epoch)
            case Paused():
                self._say_pause(event)
            case Resumed():
                if self.log and self.log[-1].text.startswith((PAUSES["batch"], PAUSES["epoch"])):
                    self.log.pop()  # single steps in a row leave one line
                elif self.repeats_to is None:  # on its way back it trains nothing new
                    self._say_event(event)
            case Inspected():
                self.inspected = event
            case Failed():
                self.say("trouble", event.message)
            case Refused(message=message) if self._stands(message):
                pass  # of repeated keys
            case SaveFailed(message=message) if message == save_trouble:
                pass  # saving is retried, and this was logged
            case CheckpointSaved(asked=False) | Acknowledged():
                pass
            case _:
                self._say_event(event)

    def _stands(self, message: str) -> bool:
        """Whether the last line of the log says that already."""
        last = self.log[-1].text if self.log else ""
        return last.casefold().startswith(message.casefold())

    def _say_event(self, event: Event) -> None:
        """Add its line to the log, if it has one."""
        line = wording.line_for(event, self.ways, self.config.schedule)
        if line is not None:
            self.say(KINDS.get(type(event), "note"), line)

    def _repeats(self, event: SettingChanged) -> bool:
        """Whether it is the next change on the way to where the run goes back to: it was told."""
        return bool(self._repeated) and key_of(self._repeated[0]) == key_of(event)

    def _log_change(self, event: SettingChanged) -> None:
        """What one command changes is one line, and so are quick key presses."""
        self._changes.append(event)
        if not self.log or not self.log[-1].goes_on(event):
            self.say("change", "")
        line = self.log[-1]
        line.events.append(event)
        changed = net(line.events)
        if changed:
            line.text = printable(setting_words.settings_changed(changed, self.config.schedule))
        else:  # changed back at once
            self.log.pop()

    def _mark_changes(self) -> None:
        """Put letters to the changes that are in force: others lose theirs."""
        places = marked(self._changes)
        if self.fork is not None:
            places |= marked(self._fork_changes)
        marks = lettered(places)
        self.marks = sorted({*marks.values()})
        for line in self.log:
            own = (marks[key_of(each)].letter for each in line.events if key_of(each) in marks)
            line.mark = next(own, "")

    def _say_pause(self, event: Paused) -> None:
        reason = event.reason
        if reason == "finished":
            if all(line.text != OTHER_VIEWS for line in self.log):
                self.say("note", OTHER_VIEWS)
            self.say("note", wording.all_done(self.ways))
        elif reason in TROUBLES:
            told = wording.after_trouble(event, self.ways)
            if event.again and self._way_out is not None:
                self._way_out.text = printable(told[-1])
                return
            for line in told:
                self.say("trouble", line)
            self._way_out = self.log[-1]
        else:
            # Single steps leave one line, not two for each.
            again = (RESUMED, PAUSES[reason])
            while reason != "asked" and self.log and self.log[-1].text.startswith(again):
                self.log.pop()
            remedy = PAUSED if reason == "asked" else ""
            text = PAUSES[reason] + (self._batch_words() if reason == "batch" else "")
            self.say("note", with_remedy(text, remedy, self.ways))

    def _batch_words(self) -> str:
        """What was measured on the batch of the last step, before that step."""
        losses, accuracies = self.curves.train_loss, self.curves.train_accuracy
        if not len(losses):
            return ""
        return f": its loss was {losses.y[-1]:.4g}, {accuracies.y[-1]:.1%} were right"

    def _ingest_restored(self, event: Restored) -> None:
        """Take over what was trained before this program was started."""
        for complaint in event.complaints:
            self.say("trouble", complaint)
        self.start = event.start
        split = self.config.monitored_split
        results = {line["epoch"]: line for line in (*event.evaluations, *event.epochs)}
        for line in sorted((*event.epochs, *event.evaluations), key=itemgetter("epoch")):
            self._same_moment.add(line["epoch"], (), line[f"{split}_accuracy"])
        for epoch in sorted(results):
            line = results[epoch]
            add = self.curves.add_epoch if "train_loss" in line else self.curves.add_past_evaluation
            add(line, split)
        for change in self._changes_along(event.lineage):
            self._log_change(change)
        self._mark_changes()
        self._say_event(event)
        if event.fork is not None:
            self.say("note", wording.fork_beside(*event.fork))

    def _changes_along(self, lineage: Lineage) -> Iterator[SettingChanged]:
        return changes_along(lineage, self.config, self._images)

    @property
    def _images(self) -> int:
        """Of the training set."""
        assert self.dataset is not None
        return len(self.dataset.train_labels)

    def _ingest_went_back(self, event: WentBack) -> None:
        """Keep the curves that are left as undone; go on with those that led to the snapshot."""
        self.health = None  # what was found may be undone
        self.start = min(self.start, event.aim_epoch)
        valid = self._shared_until(event.from_lineage, event)
        start = min(valid, event.epoch, event.from_epoch)
        rest = self.curves.cut(start)
        self._changes = [*self._changes_along(event.aim_lineage)]
        known = sum(1 for _ in self._changes_along(event.lineage))
        self._repeated = deque(self._changes[known:])
        self._mark_changes()
        reached = start
        for undone in sorted(self.undone, key=lambda each: each.start):
            if undone.lineage is None or undone.start > reached:
                continue
            valid = self._shared_until(undone.lineage, event)
            end = min(valid, event.epoch, undone.curves.end)
            if end > reached:
                self.curves.extend(undone.curves, reached, end)
                reached = end
        if len(rest.train_loss):
            self.undone.append(UndoneCurves(start, event.from_lineage, rest))
        self._say_event(event)

    def _shared_until(self, lineage: Lineage, event: WentBack) -> float:
        """The epoch up to which the run was the same with another lineage as with the present."""
        place = shared_length(lineage, event.lineage)
        differing = [*lineage[place : place + 1], *event.lineage[place : place + 1]]
        if not differing:
            return inf
        step = min(each.step for each in differing)
        return position(step, lineage[:place], self.config.batch_size, self._images)

    def _ingest_forked(self, event: Forked) -> None:
        self._say_event(event)
        line = self.log[-1]
        line.events += SettingChanged.all_between(
            event.step, event.epoch, self.settings, event.settings
        )
        self._fork_changes = [*self._changes, *line.events]
        self._mark_changes()

    def _chart_fork_event(self, envelope: BranchEvent, event: Event) -> None:
        match event:
            case StepsDone():
                self.fork_curves.add_steps(event)
            case Evaluated():
                self.fork_curves.add_evaluation(event)
            case Diverged():
                self._say_event(envelope)
            case SettingChanged():
                line = wording.line_for(envelope)
                if line is not None:
                    self.say("change", line)
                    self.log[-1].events.append(event)
                self._fork_changes.append(event)
                self._mark_changes()
            case _:
                pass

    def _chart_fork_end(self, event: ForkEnded, start: float) -> None:
        left = self.fork_curves
        if event.kept == "fork":
            left = self.curves.cut(start)
            self._changes = self._fork_changes
            self._same_moment = SameMoment()
            self.start = start
            self.curves.put_evaluations(self.fork_curves, start)
            self.curves.extend(self.fork_curves, start, inf)
        self.undone.append(UndoneCurves(start, None, left))
        self._say_event(event)
        if event.kept == "fork" and self.folder is not None:
            self.say("note", f"this run is {Path(self.folder).name} now")
        self._mark_changes()

    def _say_epoch(self, event: EpochEnded) -> None:
        """Replace the line of the epoch before, so that epochs do not push everything else out."""
        text = wording.line_for(event) or ""
        if self.log and self.log[-1].kind == "epoch":
            self.log[-1].replace(text)
        else:
            self.say("epoch", text)
