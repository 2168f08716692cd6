"""A run that repeats what led to an older moment, and is wanted elsewhere meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.undo import NEVER, STOP, end_of, forget_earlier

from digit_tui.cli.evaluate import moment_words
from digit_tui.cli.evaluate_saved import evaluate_saved
from digit_tui.cli.runs.listing import table
from digit_tui.cli.runs.show import description as show_lines
from digit_tui.run.commands import (
    AppliedCommand,
    GoBack,
    Pause,
    SetAugmentation,
    SetLearningRate,
    SetOptimizer,
    Stop,
    SwitchOff,
    Undo,
)
from digit_tui.run.events import (
    EpochEnded,
    Evaluated,
    Paused,
    Refused,
    Restored,
    TimelineChanged,
    WentBack,
)
from digit_tui.storage.run_summary import RunSummary
from digit_tui.storage.saved_run import SavedRun
from digit_tui.storage.start_point import StartPoint
from digit_tui.tui.screens.resume import description as offered

SCRIPT = [(3, SetOptimizer("sgd")), (6, SetAugmentation("none")), (9, SetLearningRate(0.3))]
THERE = GoBack(12, tuple(AppliedCommand(*each) for each in SCRIPT))


@pytest.fixture
def folder(train: Any, tmp_path: Path) -> Path:
    """A run of twelve steps, without any state before them."""
    folder = tmp_path / "run"
    train([*SCRIPT, (12, Stop())], folder=folder)
    forget_earlier(folder)
    return folder


def test_who_goes_elsewhere_does_not_wait(folder: Path, train: Any, go_on: Any) -> None:
    ran = go_on(folder, [(12, Undo()), (4, THERE), STOP], interactive=True)
    ways = [(event.from_step, event.step, event.ahead) for event in ran.all(WentBack)]
    assert ways == [(12, 0, 9), (4, 12, 0)]
    assert not ran.all(Refused)
    assert end_of(ran) == end_of(train(SCRIPT))


def test_what_waited_for_the_moment_is_not_done_elsewhere(folder: Path, go_on: Any) -> None:
    waits = (4, SetLearningRate(0.5))
    script = [(12, Pause()), (12, Undo()), waits, (4, THERE), (NEVER, Stop())]
    ran = go_on(folder, script, interactive=True)
    assert [(event.step, event.reason) for event in ran.all(Paused)] == 2 * [(12, "asked")]
    assert ran.trainer.state.lineage == THERE.lineage


def test_each_undo_takes_back_one_more_at_once(folder: Path, train: Any, go_on: Any) -> None:
    """Also one that is not repeated yet; a setting waits until the run is there."""
    waits = SetLearningRate(0.5)
    ran = go_on(folder, [(12, Undo()), (4, Undo()), (5, waits), STOP], interactive=True)
    ways = [(event.from_step, event.step, event.ahead) for event in ran.all(WentBack)]
    assert ways == [(12, 0, 9), (4, 4, 2)]
    first, second = ran.all(WentBack)
    assert first.from_aim_lineage[len(first.aim_lineage) :] == THERE.lineage[2:]
    assert second.from_aim_lineage[len(second.aim_lineage) :] == THERE.lineage[1:2]
    assert end_of(ran) == end_of(train([SCRIPT[0], (6, waits)]))


def test_an_undo_takes_back_first_what_waits(folder: Path, train: Any, go_on: Any) -> None:
    """It was the last thing that was asked for."""
    waits = [(4, SetLearningRate(0.5)), (4, SetAugmentation("shift"))]
    script = [(12, Undo()), *waits, *2 * [(4, Undo())], (5, Undo()), STOP]
    ran = go_on(folder, script, interactive=True)
    assert [event.message for event in ran.all(Refused)] == [
        "Taken back before it took effect: augment: shift",
        "Taken back before it took effect: set the learning rate to 0.5",
    ]
    assert [event.from_step for event in ran.all(WentBack)] == [12, 5]
    assert end_of(ran) == end_of(train(SCRIPT[:1]))


def test_an_undo_after_a_resume_may_go_to_what_is_not_repeated_yet(
    folder: Path, train: Any, go_on: Any
) -> None:
    go_on(folder, [(12, Undo()), (4, Stop())], interactive=True)
    ran = go_on(folder, [(5, Undo()), STOP], interactive=True)
    assert not ran.all(Refused)
    (back,) = ran.all(WentBack)
    assert (back.step, back.ahead) == (4, 2)
    assert end_of(ran) == end_of(train(SCRIPT[:1]))


def test_a_moment_that_never_was_ends_no_repetition(folder: Path, train: Any, go_on: Any) -> None:
    ran = go_on(folder, [(12, Undo()), (4, GoBack(99, ())), STOP], interactive=True)
    assert len(ran.all(Refused)) == 1
    assert end_of(ran) == end_of(train(SCRIPT[:2]))


@pytest.mark.parametrize("reason", ["stopped", "interrupted"])
def test_a_person_who_leaves_meanwhile_loses_nothing(
    reason: str, folder: Path, train: Any, go_on: Any
) -> None:
    """Resumed, it repeats the rest of the way; what would change that waits."""
    ran = go_on(folder, [(12, Undo()), (4, Pause()), (4, Stop(reason))], interactive=True)
    assert ran.ended.steps == 4
    sooner = SetLearningRate(0.5)
    again = go_on(folder, [(5, sooner), STOP], interactive=True)
    (restored,) = again.all(Restored)
    assert (restored.step, restored.ahead, round(restored.aim_epoch, 2)) == (4, 5, 1.14)
    assert end_of(again) == end_of(train([*SCRIPT[:2], (9, sooner)]))


def test_what_is_listed_is_what_was_saved(folder: Path, go_on: Any, digits: Any) -> None:
    """And where it is going is said beside it."""
    go_on(folder, [(12, Undo()), (8, Pause()), (8, Stop())], interactive=True)
    saved = SavedRun.read(folder)
    summary = RunSummary.of(saved)
    assert summary.aim is not None
    assert (summary.step, summary.epochs, round(summary.aim, 2)) == (8, 1, 1.14)
    assert saved.checkpoint().state.step == 8
    (state,) = [line for line in show_lines(summary, 100) if line.startswith("State")]
    assert state.endswith("on its way back to epoch 1.14")
    assert "on its way back to epoch 1.14" in offered(saved)
    assert "saved at epoch 1 of 2, " in offered(saved)
    assert table([summary])[1].split()[6] == "1→1.14/2"
    moment = "of epoch 1, step 8: left on its way back to epoch 1.14"
    assert moment_words(saved, evaluate_saved(saved, None, load=lambda *_: digits)) == moment
    replayed = StartPoint.for_replay(saved)
    assert [step for step, _ in replayed.scheduled] == [3, 6, 8]
    go_on(folder, [(9, Stop())], interactive=True)
    there = RunSummary.of(SavedRun.read(folder))
    assert (there.step, there.aim) == (9, None)


def test_after_a_crash_nothing_waits(folder: Path, train: Any, go_on: Any) -> None:
    """It was there: who resumes it may have it another way."""
    (folder / "checkpoint.npz").unlink()
    again = go_on(folder, [(10, SetLearningRate(0.5)), STOP], interactive=True)
    (restored,) = again.all(Restored)
    assert (restored.step, restored.ahead) == (0, 0)
    assert end_of(again) == end_of(train([*SCRIPT, (10, SetLearningRate(0.5))]))


def test_it_may_be_left_on_its_way_more_than_once(folder: Path, train: Any, go_on: Any) -> None:
    go_on(folder, [(12, Undo()), (4, Stop())], interactive=True)
    go_on(folder, [(6, Stop())], interactive=True)
    again = go_on(folder, [(9, Pause()), (9, Stop())], interactive=True)
    (restored,) = again.all(Restored)
    assert (restored.step, restored.ahead) == (6, 3)
    (there,) = go_on(folder, [STOP], interactive=True).all(Restored)
    assert (there.step, there.ahead) == (9, 0)
    assert end_of(go_on(folder)) == end_of(train(SCRIPT[:2]))


def test_what_is_known_of_saved_states_is_theirs(train: Any, go_on: Any, tmp_path: Path) -> None:
    """And the lowest loss is that of the whole run."""
    off = (16, SwitchOff(1, (0, 1, 2)))
    first = train([(16, Pause()), off, (NEVER, Stop())], folder=tmp_path, interactive=True)
    evaluated = {event.step: event for event in first.all(EpochEnded)}
    ran = go_on(tmp_path, [(NEVER, Stop())], interactive=True)
    moments = ran.all(TimelineChanged)[-1].snapshots
    known = {(each.step, len(each.lineage)): each.accuracy for each in moments}
    assert known[8, 0] == evaluated[8].test_accuracy
    assert known[16, 0] is None
    assert known[16, 1] is not None
    # With units off it is no better than the run was.
    assert not any(each.lowest_loss for each in moments)
    assert ran.all(Evaluated)[0].evaluation.loss > evaluated[16].test_loss


def test_saved_states_make_the_way_shorter(train: Any, go_on: Any, tmp_path: Path) -> None:
    train([*SCRIPT, (12, Stop())], folder=tmp_path)
    ran = go_on(tmp_path, [(12, Undo()), STOP], interactive=True)
    (back,) = ran.all(WentBack)
    assert (back.step, back.ahead) == (8, 1)  # the end of an epoch, which was saved
    assert end_of(ran) == end_of(train(SCRIPT[:2]))


def test_the_epoch_with_the_lowest_loss_is_listed_after_a_resume(
    train: Any, go_on: Any, tmp_path: Path
) -> None:
    """Also where no saved state is of it: one gets there by repeating."""
    ruined = [(17, SetLearningRate(3.0)), (40, Stop())]
    first = train(ruined, folder=tmp_path, epochs=5)
    losses = {event.step: event.test_loss for event in first.all(EpochEnded)}
    accuracies = {event.step: event.test_accuracy for event in first.all(EpochEnded)}
    best = min(losses, key=lambda step: losses[step])
    assert best == 16
    forget_earlier(tmp_path)
    ran = go_on(tmp_path, [(40, GoBack(best, ())), (NEVER, Stop())], interactive=True)
    moments = ran.all(TimelineChanged)[0].snapshots
    (moment,) = [each for each in moments if each.lowest_loss is not None]
    assert (moment.step, moment.epoch, moment.lineage) == (16, 2.0, ())
    assert moment.lowest_loss == losses[best]
    assert moment.accuracy == accuracies[best]
    (back,) = ran.all(WentBack)
    assert (back.step, back.ahead) == (0, 16)
