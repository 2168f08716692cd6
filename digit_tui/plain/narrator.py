"""Reports events as lines: those that a person needs, worded as in the log of the screen."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from digit_tui.data import in_nats, printable
from digit_tui.plain import queries
from digit_tui.run import commands, wording
from digit_tui.run.events import (
    TROUBLES,
    BranchEvent,
    CheckpointSaved,
    EpochEnded,
    Evaluated,
    Event,
    Paused,
    Restored,
    Resumed,
    SaveFailed,
)
from digit_tui.run.remedies import Ways
from digit_tui.session.failures import Failed
from digit_tui.session.run_status import RunStatus
from digit_tui.session.runner import Acknowledged, Loaded, RunnerEvent

WAYS: Ways = {
    "epochs": "epochs 10",
    "quit": "quit",
    "undo": "undo",
    "timeline": "timeline",
    "find_rate": "rate find",
    "halve_rate": "rate /2",
    "double_rate": "rate *2",
    "clip": "clip off",
    "clip_norm": "clip norm 1",
    "augment": "augment elastic",
    "restart": "restart",
    "fork": "fork",
    "keep": "keep run or keep fork",
    "go": "go",
    "save": "save",
    "test": "show test",
    "held_out": "show validation",
}
"""What is typed for what can be done about something; see run/remedies.py."""
EPOCH_SECONDS = 5.0
"""Time between two epochs that are reported, if not all are."""


class Narrator:
    """Reports events as they come.

    Attributes:
        verbose: whether each epoch is reported.
        alone: whether no more commands can come, so that none need be suggested.
        line_count: lines that were written, without those of epochs.
        steps: single steps that were made for one command.
        steps_left: those that are still to be made for it.
    """

    def __init__(
        self,
        run: RunStatus,
        write: Callable[[str], None],
        verbose: bool,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.verbose = verbose
        self.alone = False
        self.line_count = 0
        self.steps = self.steps_left = 0
        self._run = run
        self._write = write
        self._clock = clock
        self._reported_epoch = 0
        self._reported_at = -EPOCH_SECONDS
        self._pause: str | None = None  # its line, until the evaluation to go with it comes
        self._save_trouble: str | None = None

    @property
    def _ways(self) -> Ways | None:
        return None if self.alone else WAYS

    def report(self, event: RunnerEvent, command: commands.Command | None) -> None:
        """Report an event that the run status has ingested already.

        Args:
            event: what happened.
            command: that is being carried out, if any.
        """
        match event:
            case EpochEnded():
                self._report_epoch(event)
            case BranchEvent(EpochEnded(epoch=epoch)):
                words = queries.gap(self._run)
                if words and epoch == self._reported_epoch:
                    self._write(f"epoch {epoch}: {words}")
            case Resumed():
                if not isinstance(command, commands.StepBatch | commands.StepEpoch):
                    self._report_event(event)
            case Paused():
                self._report_pause(event)
            case Evaluated(split=split) if split != self._run.config.monitored_split:
                self._line(wording.test_opened(event, self._ways))
            case Evaluated():
                if self._pause is not None:
                    words, self._pause = self._pause, None
                    self._line(f"{words} {queries.evaluation_words(event)}")
            case SaveFailed(message=message) | BranchEvent(SaveFailed(message=message)):
                if message != self._save_trouble or isinstance(command, commands.Save):
                    self._line(wording.not_saved(message, self._ways))
                self._save_trouble = message
            case CheckpointSaved():
                self._save_trouble = None
                if isinstance(command, commands.Save):
                    self._report_event(event)
            case Restored(complaints=complaints, fork=fork):
                for complaint in complaints:
                    self._line(complaint)
                self._report_event(event)
                if fork is not None:
                    self._line(printable(wording.fork_beside(*fork)))
            case Loaded(dataset):
                for line in wording.loaded(dataset):
                    self._line(line)
            case Failed() | Acknowledged():
                pass
            case _:
                self._report_event(event)

    def _report_event(self, event: Event) -> None:
        line = wording.line_for(event, self._ways, self._run.config.schedule)
        if line is not None:
            self._line(line)

    def _line(self, words: str) -> None:
        self.line_count += 1
        self._write(words)

    def _report_epoch(self, event: EpochEnded) -> None:
        now = self._clock()
        last = event.epoch >= self._run.settings.epochs
        if self.verbose or last or now - self._reported_at >= EPOCH_SECONDS:
            self._reported_epoch, self._reported_at = event.epoch, now
            self._write(wording.line_for(event) or "")

    def _report_pause(self, event: Paused) -> None:
        reason = event.reason
        if reason == "finished" or reason in TROUBLES:
            done = reason == "finished"
            told = [wording.all_done(WAYS)] if done else wording.after_trouble(event, WAYS)
            for words in told[-1:] if event.again else told:
                if not self.alone:
                    self._line(words)
        elif reason == "batch":
            self._report_step()
        else:
            self._pause = f"{wording.PAUSES[reason]} at {queries.position(self._run)}:"

    def _report_step(self) -> None:
        """One line for steps in a row, after the last one."""
        self.steps += 1
        if not self.steps_left:
            one = wording.PAUSES["batch"]
            words = one if self.steps == 1 else one.replace("one batch", f"{self.steps:,} batches")
            assert self._run.batch_loss is not None
            loss = f"batch loss {in_nats(self._run.batch_loss)};"
            self._pause = f"{words} at {queries.position(self._run)}: {loss}"
