"""What the journal of a saved run says in words."""

from __future__ import annotations

import pytest
from support.saved_runs import MakeRun

from digit_tui.run.commands import Fork, Keep, OpenTest, SetLearningRate, Stop, Undo
from digit_tui.storage.run_log import LogEntry, log_of
from digit_tui.storage.saved_run import SavedRun

RAISE = (3, SetLearningRate(0.02))


def test_what_was_done_and_undone(make_run: MakeRun) -> None:
    script = [RAISE, (12, Undo()), (13, SetLearningRate(0.05)), (14, Stop())]
    saved = SavedRun.read(make_run(script=script))
    assert log_of(saved) == [
        LogEntry("command", 3, 3 * 32 / 230, "set the learning rate to 0.02", True),
        LogEntry("went back", 12, 1 + 4 * 32 / 230, "go back to epoch 0.42, step 3"),
        LogEntry("command", 13, 1 + 5 * 32 / 230, "set the learning rate to 0.05", mark="A"),
        LogEntry("ended", 14, 1 + 6 * 32 / 230, "stopped after 14 steps"),
    ]


@pytest.mark.parametrize("kept", [False, True])
def test_forks(make_run: MakeRun, kept: bool) -> None:
    fork = Fork((SetLearningRate(0.02),))
    folder = make_run(script=[(4, fork), (6, Keep(kept)), (7, Stop())])
    saved = SavedRun.read(folder)
    forked, ended = log_of(saved)
    state = "it was kept, and this run left" if kept else "it was not kept"
    assert (forked.kind, forked.step, forked.words) == (
        *("fork", 4, f"fork with learning rate 0.02, saved as run-fork-4; {state}"),
    )
    state = "left, as the other branch was kept," if kept else "stopped"
    assert (ended.kind, ended.words) == ("ended", f"{state} after {saved.history().step} steps")
    other, *_ = log_of(SavedRun.read(folder.with_name("run-fork-4")))
    assert (other.kind, other.step, other.words) == ("command", 4, "set the learning rate to 0.02")


def test_an_opened_test_set(make_run: MakeRun) -> None:
    folder = make_run(script=[(2, OpenTest()), (3, Stop())], validation=30)
    told = [(each.kind, each.step) for each in log_of(SavedRun.read(folder))]
    assert told == [("test opened", 2), ("ended", 3)]


def test_the_epochs_that_were_undone(make_run: MakeRun) -> None:
    raised = [(9, SetLearningRate(0.02)), (17, Undo()), (9, SetLearningRate(0.03))]
    history = SavedRun.read(make_run(script=raised, epochs=3)).history()
    assert [line["epoch"] for line in history.epochs] == [1, 2, 3]
    assert [[line["epoch"] for line in way] for way in history.undone] == [[2]]
    (way,) = history.undone
    assert way[0]["train_loss"] != history.epochs[1]["train_loss"]
    plain = SavedRun.read(make_run("plain")).history()
    assert plain.undone == []


def test_what_is_repeated_alike_was_not_undone(make_run: MakeRun) -> None:
    script = [(9, SetLearningRate(0.02)), (17, Undo()), (9, SetLearningRate(0.02))]
    history = SavedRun.read(make_run(script=script, epochs=3)).history()
    assert (len(history.epochs), history.undone) == (3, [])
