"""What happened, told in lines: those that a person needs, in the words of the screen's log."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from digit_tui.plain import queries
from digit_tui.run import commands, wording
from digit_tui.run.events import (
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
from digit_tui.session.failures import Failed
from digit_tui.session.run_status import TROUBLES, RunStatus
from digit_tui.session.runner import Acknowledged, Loaded, RunnerEvent

EPOCH_SECONDS = 5.0
"""Time between two epochs that are told, where not all are."""


class Narrator:
    """Tells of events as they come.

    Attributes:
        verbose: whether each epoch is told.
        alone: whether there is nobody who could do anything about it.
        lines: how many were told, but for those of epochs.
        steps: single steps that were made for one command; `left` of them are still to be made.
    """

    def __init__(
        self,
        run: RunStatus,
        say: Callable[[str], None],
        verbose: bool,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.verbose = verbose
        self.alone = False
        self.lines = 0
        self.steps = self.left = 0
        self._run = run
        self._say = say
        self._clock = clock
        self._told_epoch = 0
        self._told_at = -EPOCH_SECONDS
        self._pause: str | None = None  # how the run came to pause, until the test digits are known
        self._save_trouble: str | None = None

    def tell(self, event: RunnerEvent, command: commands.Command | None) -> None:
        """Report an event that the run's status has taken in already.

        Args:
            event: what happened.
            command: that is being obeyed, if any.
        """
        match event:
            case EpochEnded():
                self._tell_epoch(event)
            case BranchEvent(EpochEnded(epoch=epoch)):
                words = queries.gap(self._run)
                if words and epoch == self._told_epoch:
                    self._say(f"epoch {epoch}: {words}")
            case Resumed():
                if not isinstance(command, commands.StepBatch | commands.StepEpoch):
                    self._tell_event(event)
            case Paused(reason=reason):
                self._tell_pause(reason)
            case Evaluated(split=split) if split != self._run.config.monitored_split:
                self._tell(wording.test_opened(event))
            case Evaluated():
                if self._pause is not None:
                    words, self._pause = self._pause, None
                    self._tell(f"{words} {queries.look_words(event)}")
            case SaveFailed(message=message) | BranchEvent(SaveFailed(message=message)):
                if message != self._save_trouble or isinstance(command, commands.Save):
                    self._tell(wording.not_saved(message))
                self._save_trouble = message
            case CheckpointSaved():
                self._save_trouble = None
                if isinstance(command, commands.Save):
                    self._tell_event(event)
            case Restored(complaints=complaints):
                for complaint in complaints:
                    self._tell(complaint)
                self._tell_event(event)
            case Loaded(dataset):
                self._tell(wording.loaded(dataset))
            case Failed() | Acknowledged():
                pass
            case _:
                self._tell_event(event)

    def _tell_event(self, event: Event) -> None:
        line = wording.line_for(event)
        if line is not None:
            self._tell(line)

    def _tell(self, words: str) -> None:
        self.lines += 1
        self._say(words)

    def _tell_epoch(self, event: EpochEnded) -> None:
        now = self._clock()
        last = event.epoch >= self._run.settings.epochs
        if self.verbose or last or now - self._told_at >= EPOCH_SECONDS:
            self._told_epoch, self._told_at = event.epoch, now
            self._say(wording.line_for(event) or "")

    def _tell_pause(self, reason: str) -> None:
        if reason == "finished" or reason in TROUBLES:
            done = wording.all_done("type epochs 10", "quit")
            if not self.alone:
                self._tell(done if reason == "finished" else wording.after_trouble("undo"))
        elif reason == "batch":
            self._tell_step()
        else:
            self._pause = f"{wording.PAUSES[reason]} at {queries.position(self._run)}:"

    def _tell_step(self) -> None:
        """One line for steps in a row, after the last."""
        self.steps += 1
        if not self.left:
            one = wording.PAUSES["batch"]
            words = one if self.steps == 1 else one.replace("one batch", f"{self.steps:,} batches")
            loss = f"batch loss {self._run.batch_loss:.4f};"
            self._pause = f"{words} at {queries.position(self._run)}: {loss}"
