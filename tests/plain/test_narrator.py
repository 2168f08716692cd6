"""What is printed of events."""

from __future__ import annotations

from typing import Any

import pytest
from support.plain import CONFIG

from digit_tui.plain.narrator import Narrator
from digit_tui.run import commands
from digit_tui.run import events as happened
from digit_tui.run.commands import AppliedCommand
from digit_tui.run.remedies import ALL_DONE
from digit_tui.session.run_status import RunStatus


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Told:
    """A narrator of a made-up run."""

    def __init__(self, verbose: bool) -> None:
        self.clock = Clock()
        self.lines: list[str] = []
        self.run = RunStatus(CONFIG.with_(epochs=100), self.clock)
        self.narrator = Narrator(self.run, self.lines.append, verbose, self.clock)

    def tell(self, *events: Any) -> None:
        for event in events:
            self.run.ingest(event)
            self.narrator.report(event, None)

    def epochs(self, first: int, last: int) -> None:
        for epoch in range(first, last + 1):
            measures = (0.001, "adam", 0.5, 0.8, 0.4, 0.9, 1.0, 0.0, 0.1, 1e4)
            self.tell(happened.EpochEnded(epoch, 32 * epoch, *measures))


def test_quick_epochs_are_told_now_and_then() -> None:
    told = Told(verbose=False)
    told.epochs(1, 5)
    told.clock.now += 5
    told.epochs(6, 9)
    told.epochs(100, 100)  # the last one
    assert told.lines == [f"epoch {epoch}: test 90.00%, loss 0.4000" for epoch in (1, 6, 100)]


def test_all_epochs_are_told_to_who_wants_them() -> None:
    told = Told(verbose=True)
    told.epochs(1, 5)
    told.narrator.verbose = False
    told.epochs(6, 9)
    assert len(told.lines) == 5


DOUBLED = (
    AppliedCommand(5, commands.SetOptimizer("sgd")),
    *(AppliedCommand(6, commands.ScaleLearningRate(2.0)) for _ in range(2)),
)


def test_troubles_are_told_with_what_to_do() -> None:
    told = Told(verbose=False)
    told.tell(
        happened.Spiked(12, 0.4, 0.1, 3.0, "loss rose from 0.1 to 3 by step 12"),
        happened.Paused(12, 0.4, "spike", back_to=0.2, undoes=DOUBLED, back_rate=0.01),
        happened.BranchEvent(happened.Diverged(12, 0.4, "loss", 0.0, "loss became NaN at step 13")),
        happened.Refused(12, "All epochs are done", ALL_DONE),
    )
    assert told.lines == [
        "loss rose from 0.1 to 3 by step 12",
        "paused: undo goes back to when it was still good, go trains on from here",
        "undo leads to epoch 0.20, rate 0.01; undoes: double the rate 2 times and 1 more",
        "fork: loss became NaN at step 13",
        "All epochs are done: epochs 10 adds ten",
    ]
    assert told.run.state == "spike"


def test_a_disk_that_refuses_again_and_again_is_told_once() -> None:
    told = Told(verbose=False)
    failed = happened.SaveFailed(3, "disk full")
    saved = happened.CheckpointSaved(4, "/runs/one")
    told.tell(failed, failed, happened.BranchEvent(failed), saved, failed)
    assert told.lines == ["not saved: disk full; save tries again now"] * 2


def test_the_time_that_is_left() -> None:
    told = Told(verbose=False)
    told.tell(happened.Resumed(0, 0.0))
    assert told.run.seconds_left() is None
    told.clock.now = 10
    told.epochs(1, 20)
    assert told.run.seconds_left() == pytest.approx(40)
