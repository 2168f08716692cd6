"""Going back in the interface: undo, trouble, the timeline, a run that goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command_script import CommandScript
from support.rarely import rarely
from support.steering import DOUBLED, SWITCHED, Tell, back, forked, left, lines
from textual.widgets import OptionList

from digit_tui.run import commands
from digit_tui.run import events as happened
from digit_tui.run.changes import Mark
from digit_tui.run.commands import AppliedCommand
from digit_tui.run.events import SnapshotInfo
from digit_tui.session.kept_run import kept_lines, not_kept
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.run_request import RunRequest
from digit_tui.tui.screens.resume import ResumeDialog, description
from digit_tui.tui.screens.timeline import TimelineDialog, line
from digit_tui.tui.state.run_model import RunModel


class TestGoingBack:
    def test_what_was_undone_stays_as_a_branch(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), *story.epochs(4))
        before = model.curves.train_loss.y.copy()
        doubled = (AppliedCommand(250, commands.ScaleLearningRate(2.0)),)
        tell(back(story, 250, from_lineage=doubled))
        assert (model.step, model.epoch) == (250, 2.5)
        assert len(model.curves.train_loss) == 250
        assert [*model.curves.monitored_loss.x] == [0, 1, 2]
        (branch,) = model.undone
        assert (branch.start, branch.lineage) == (2.5, doubled)
        np.testing.assert_array_equal(branch.curves.train_loss.y, before[250:])
        assert [*branch.curves.monitored_loss.x] == [3, 4]
        assert lines(model)[-1] == (
            "back from epoch 4.00 to 2.50; undone: double the learning rate"
        )
        tell(story.steps(50, losses=7.0))
        assert len(model.curves.train_loss) == 300
        smoothed = model.curves.train_loss_smooth.y  # it goes on from there
        assert smoothed[250] == pytest.approx(0.97 * smoothed[249] + 0.03 * 7)

    def test_a_mark_of_what_was_undone_goes_with_it(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        switched = (AppliedCommand(100, commands.SetAugmentation("shift")),)
        tell(*story.opening(), *story.epochs(1), story.changed("augment", "shift"))
        tell(*story.epochs(1), story.changed("learning_rate", 0.002), *story.epochs(1))
        told = list(model.log)
        assert [mark.epoch for mark in model.marks] == [1, 2]
        assert [line.mark for line in told if line.kind == "change"] == ["A", "B"]
        tell(back(story, 200, switched, switched + DOUBLED))
        assert [mark.epoch for mark in model.marks] == [1]
        assert [line.mark for line in told if line.kind == "change"] == ["A", ""]
        tell(story.changed("optimizer", "sgd"))
        assert (model.log[-1].mark, model.marks[-1]) == ("B", Mark(2, "B"))

    def test_a_mark_of_what_stays_in_force_stays(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        """Quick presses of a key are one mark; one of them is undone."""
        tell(*story.opening(), *story.epochs(2), story.changed("learning_rate", 0.2))
        tell(story.changed("learning_rate", 0.4), back(story, 200, DOUBLED, DOUBLED * 2))
        assert [mark.epoch for mark in model.marks] == [2]
        tell(back(story, 200, (), DOUBLED))
        assert model.marks == []

    def test_steps_that_are_made_again_are_told(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), *story.epochs(2), back(story, 0, DOUBLED, ahead=150))
        assert lines(model)[-1] == (
            "back from epoch 2.00 to 1.50; again: double the learning rate; repeating 150 steps"
        )

    def test_forward_again_over_all_that_was_undone(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        """Undone in two parts; a part of another way does not count."""
        tell(*story.opening(), *story.epochs(2), story.changed("learning_rate", 0.2))
        tell(story.steps(200, losses=5.0))
        longer = (*DOUBLED, AppliedCommand(400, commands.AddEpochs(10)))
        tell(story.steps(50, losses=6.0), back(story, 400, DOUBLED, longer))
        tell(back(story, 200, (), DOUBLED), story.steps(100, losses=3.0))
        tell(back(story, 200), story.steps(50, losses=4.0), back(story, 150))
        tell(back(story, 400, DOUBLED))
        assert lines(model)[-1] == (
            "forward from epoch 1.50 to 4.00; again: double the learning rate"
        )
        y = model.curves.train_loss.y
        assert len(y) == 400
        assert set(y[200:]) == {5.0}
        assert [mark.epoch for mark in model.marks] == [2]
        tell(back(story, 450, longer, DOUBLED))
        assert set(model.curves.train_loss.y[400:]) == {6.0}

    def test_a_way_that_was_left_can_be_gone_on_with(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), *story.epochs(2))
        tell(story.steps(100, losses=8.0), back(story, 200, (), DOUBLED))
        tell(story.steps(50, losses=3.0))
        tell(back(story, 280, DOUBLED, SWITCHED))
        assert model.step == 280
        y = model.curves.train_loss.y
        assert len(y) == 280
        assert set(y[200:]) == {8.0}  # not the 3.0 of the other way
        assert {*model.undone[-1].curves.train_loss.y} == {3.0}
        tell(story.steps(10, losses=8.0))
        assert np.all(np.diff(model.curves.train_loss.x) > 0)

    def test_many_branches_are_forgotten(self, model: RunModel, story: Any, tell: Tell) -> None:
        tell(*story.opening(), *story.epochs(1))
        for _ in range(50):
            tell(story.steps(10), back(story, 100))
        assert len(model.undone) == 8

    async def test_keys(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(1))
            await opened.press("u")
            assert opened.sent == [commands.Undo()]

    @pytest.mark.parametrize(
        ("keys", "sent"),
        [
            (["enter"], [commands.GoBack(300, DOUBLED), commands.Stop()]),
            (["t"], [commands.Stop()]),
            pytest.param(
                ["ctrl+c"],
                [commands.GoBack(300, DOUBLED), commands.Stop()],
                marks=pytest.mark.long,
            ),
            pytest.param(["escape"], [], marks=pytest.mark.long),
        ],
    )
    async def test_who_went_back_and_leaves_is_asked_which_moment_is_saved(
        self, window: Any, story: Any, keys: list[str], sent: list[commands.Command]
    ) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(3))
            await opened.tell(happened.Paused(300, 3.0, "asked"), *left(story, 100))
            await opened.press("q")
            opened.find("You went back from epoch 3.00 to 1.00")
            opened.find(r"The later: epoch 3\.00 \(100\.00%\); as if you had not gone back")
            opened.find(r"This: epoch 1\.00 .*; epochs up to 3\.00 are lost then")
            await opened.tell(story.steps(50))  # it was asked to pause, and made some steps
            opened.find(r"This: epoch 1\.50")
            assert "What was undone before" not in opened.text
            older = SnapshotInfo(450, 4.5, SWITCHED, 0.9, "", True)
            await opened.tell(happened.TimelineChanged([*opened.app.model.snapshots, older]))
            opened.find("What was undone before that, up to epoch 4.50, is lost.")
            await opened.press(*keys)
            assert opened.sent == sent

    @pytest.mark.parametrize(
        ("key", "later"), [("enter", False), ("t", False), ("l", True), ("ctrl+c", False)]
    )
    async def test_who_has_trained_on_since_most_likely_wants_that(
        self, window: Any, story: Any, key: str, later: bool
    ) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(4), *left(story, 100))
            await opened.tell(story.steps(100), story.changed("learning_rate", 0.005))
            await opened.tell(happened.Paused(200, 2.0, "asked"))
            await opened.press("q")
            opened.find(r"The later: epoch 4\.00 .*; epochs 1\.00 to 2\.00 are lost then")
            opened.find(r"This: epoch 2\.00 .*; epochs up to 4\.00 are lost then")
            opened.find(r"enter Save this +l Save the later +esc Stay")
            await opened.press(key)
            back = [commands.GoBack(400, DOUBLED)] if later else []
            assert opened.sent == [*back, commands.Stop()]

    @pytest.mark.parametrize(("steps", "same_way"), [(100, True), (180, False)])
    async def test_the_way_to_the_later_moment_is_no_loss(
        self, window: Any, story: Any, steps: int, same_way: bool
    ) -> None:
        """Up to the step where the rate was doubled the same comes again."""
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(4), *left(story, 100))
            await opened.tell(story.steps(steps), happened.Paused(100 + steps, 2.0, "asked"))
            await opened.press("q")
            opened.find("as if you had not gone back" if same_way else "are lost then")
            opened.find(rf"enter Save {'the later' if same_way else 'this'} ")

    async def test_who_chose_another_way_most_likely_wants_that(
        self, window: Any, story: Any
    ) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(4), *left(story, 100))
            other = replace(back(story, 250, SWITCHED, SWITCHED), aim_lineage=SWITCHED)
            moments = opened.app.model.snapshots
            await opened.tell(other, happened.TimelineChanged(moments))
            await opened.tell(happened.Paused(250, 2.5, "asked"))
            await opened.press("q")
            opened.find("You went elsewhere from epoch 4.00 to 2.50")
            opened.find(r"The later: epoch 4\.00 .*; the way that you chose is lost then")
            opened.find(r"enter Save this +l Save the later +esc Stay")
            await opened.press("enter")
            assert opened.sent == [commands.Stop()]

    async def test_the_run_stands_still_while_it_is_asked(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(3), *left(story, 100))
            await opened.press("q")
            assert opened.sent == [commands.Pause()]
            await opened.press("escape")
            assert opened.sent == [commands.Pause(), commands.Resume()]
            await opened.tell(*story.epochs(1))
            await opened.press("q", "t")
            assert opened.sent[2:] == [commands.Pause(), commands.Stop()]
            await opened.tell(story.saved(), story.ended())
            opened.app._wake.set()
            await opened.until(lambda: opened.app.return_code is not None)
            assert opened.app.farewell.endswith("Undone and not kept: epochs 1.00 to 3.00")

    async def test_its_fork_is_saved_too(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(3), *left(story, 100))
            await opened.tell(forked(story, "adam"))
            await opened.press("q")
            opened.find("The fork is saved as a run of its own")
            await opened.press("enter")
            later = commands.GoBack(300, DOUBLED)
            keep = commands.Keep(fork=False)
            assert opened.sent == [commands.Pause(), keep, later, commands.Stop()]

    @pytest.mark.parametrize("key", ["enter", *rarely("ctrl+c")])
    async def test_who_begins_another_run_is_asked_too(
        self, window: Any, story: Any, key: str
    ) -> None:
        another = key == "enter"
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(3))
            await opened.tell(happened.Paused(300, 3.0, "asked"), *left(story, 100))
            await opened.press("r", "enter")
            opened.find("You went back from epoch 3.00 to 1.00")
            await opened.press(key)
            assert opened.sent == [commands.GoBack(300, DOUBLED), commands.Stop()]
            before = opened.app.runner
            await opened.tell(story.saved(), story.ended())
            opened.app._wake.set()
            app = opened.app
            await opened.until(lambda: app.runner is not before or app.return_code is not None)
            assert (app.runner is not before) == another

    async def test_who_leaves_before_it_has_gone_back_is_asked_when_it_has(
        self, window: Any, story: Any
    ) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(3))
            await opened.press("u", "q")
            assert opened.sent == [commands.Undo()]
            await opened.tell(*left(story, 100))
            opened.find("You went back from epoch 3.00 to 1.00")
            await opened.press("escape", "u", "q")
            await opened.tell(happened.Refused(100, "Nothing is left to undo"))
            opened.find("You went back from epoch 3.00 to 1.00")
            await opened.press("escape", "u", "q", "q")  # in a hurry
            undos = [each for each in opened.sent if isinstance(each, commands.Undo)]
            assert len(undos) == 3
            assert not any(isinstance(each, commands.Stop) for each in opened.sent)
            opened.find("You went back from epoch 3.00 to 1.00")

    def test_what_who_leaves_would_miss(self, model: RunModel, story: Any, tell: Tell) -> None:
        tell(*story.opening(), *story.epochs(3))
        assert model.left_behind is None
        tell(*left(story, 100))
        assert model.left_behind is not None
        assert (model.left_behind.step, model.went_back_to) == (300, 1.0)
        tell(story.steps(99))
        assert model.left_behind is not None
        tell(story.steps(11))  # less than an epoch is left of it
        assert model.left_behind is None

    def test_nobody_misses_what_was_clearly_worse(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), *story.epochs(1, {4: (7, 0.8)}), *story.epochs(2))
        tell(*left(story, 100, accuracy=0.2))
        assert model.left_behind is None
        tell(*story.epochs(2), *left(story, 100, accuracy=None))
        assert model.left_behind is not None

    def test_while_it_repeats_what_counts_is_where_it_goes(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), *story.epochs(3), *left(story, 0, ahead=100))
        assert model.went_back_to == 1.0
        assert model.left_behind is not None
        for ahead, accuracy in ((250, 0.1), (300, None)):  # whatever it was like
            tell(*story.epochs(3), *left(story, 0, ahead=ahead, accuracy=accuracy))
            assert (model.left_behind is None) == (ahead == 300)

    @pytest.mark.parametrize(
        ("key", "sent"),
        [
            ("enter", [commands.Pause(), commands.GoBack(300, DOUBLED), commands.Stop()]),
            ("escape", [commands.Pause(), commands.Resume()]),
        ],
    )
    async def test_who_leaves_on_the_way_back_is_asked_too(
        self, window: Any, story: Any, key: str, sent: list[commands.Command]
    ) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(3), *left(story, 0, ahead=100))
            await opened.press("q")
            opened.find(r"This: epoch 1\.00, when it is there; epochs up to 3\.00 are lost then")
            await opened.press(key)
            await opened.tell(story.steps(100))
            assert opened.sent == sent

    async def test_it_leaves_when_it_is_there(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(3), *left(story, 0, ahead=100))
            await opened.press("q", "t")
            assert opened.sent == [commands.Pause(), commands.Resume()]
            await opened.tell(story.steps(50))
            opened.find(r"this run is left when it is back at epoch 1\.00")
            await opened.press("q", "escape")  # it stays after all
            await opened.tell(story.steps(10))
            await opened.press("q", "t")
            await opened.tell(story.steps(30))
            assert commands.Stop() not in opened.sent
            await opened.tell(story.steps(10))
            assert opened.sent[-1] == commands.Stop()

    def test_an_undo_that_was_not_done_yet_is_told(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), *story.epochs(3), back(story, 0, ahead=100), story.steps(50))
        told = "It was not back at epoch 1.00 yet: resumed, it repeats the rest of the way"
        assert not_kept(model) == kept_lines(model)[-1:] == [told]
        tell(story.steps(50))
        assert not_kept(model) == []

    async def test_a_faint_curve_is_drawn(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(2))
            await opened.press("m", "m")  # letters
            assert "." not in "".join(row[5:39] for row in opened.rows[5:10])
            await opened.tell(story.steps(100, losses=5.0), back(story, 200))
            assert "." in "".join(row[5:39] for row in opened.rows[5:10])

    @pytest.mark.parametrize("value", [np.nan, np.inf, 1e38])
    async def test_charts_survive_any_branch(self, window: Any, story: Any, value: float) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(1))
            await opened.tell(story.steps(10, losses=value, norms=value), back(story, 100))
            await opened.press("l")
            assert "cannot be drawn" not in opened.text


class TestLeavingAFork:
    """A run and its fork do not go on side by side when one is resumed."""

    @pytest.mark.parametrize("key", ["enter", "escape", *rarely("q")])
    async def test_who_leaves_is_told_so(self, window: Any, story: Any, key: str) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(3), forked(story, "optimizer sgd"))
            await opened.press("q")
            opened.find("A fork trains beside the run: optimizer sgd.")
            opened.find("they do not go on side by side then")
            await opened.press(key)
            assert opened.sent == ([commands.Stop()] if key == "enter" else [])

    @pytest.mark.long
    async def test_who_is_in_a_hurry_saves_both(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(3), forked(story, "optimizer sgd"))
            await opened.press("q", "ctrl+c", "ctrl+c")
            assert opened.sent == [commands.Pause(), commands.Stop()]

    async def test_one_may_be_chosen_first(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(3), forked(story, "optimizer sgd"))
            await opened.press("q", "k")
            opened.find("go on with the fork")
            await opened.press("f")
            assert opened.sent == [commands.Keep(fork=True)]


class TestTroubles:
    async def test_a_spike_is_told_with_the_way_out(self, window: Any, story: Any) -> None:
        async with window() as opened:
            message = "loss rose from 0.05 to 4.1 by step 110, 10 steps after optimizer adam → sgd"
            spiked = happened.Spiked(110, 1.1, 0.05, 4.1, message)
            await opened.tell(*story.opening(), *story.epochs(1), spiked, story.paused("spike"))
            opened.find("✗ loss spike")
            opened.find("loss rose from 0.05 to 4.1")
            opened.find("u goes back to when it was still good")
            assert opened.app.screen.query_one("StatusLine").has_class("-trouble")
            await opened.press("u")
            assert opened.sent == [commands.Undo()]
            await opened.tell(back(story, 100), story.resumed())
            opened.find("▶ training")

    async def test_a_save_that_failed_is_seen_in_every_view(self, window: Any, story: Any) -> None:
        async with window() as opened:
            failed = happened.SaveFailed(100, "No space left on device: /runs/one")
            await opened.tell(*story.opening(), *story.epochs(1), failed)
            opened.find("✗ not saved")
            await opened.press("tab")
            opened.find("✗ not saved")
            await opened.tell(happened.CheckpointSaved(100, "/runs/one"))
            assert "not saved" not in opened.text


MOMENTS = [
    SnapshotInfo(0, 0.0, (), None, "", False),
    SnapshotInfo(200, 2.0, (), 0.951, "then double the learning rate", False, in_force=True),
    SnapshotInfo(250, 2.5, DOUBLED, 0.9, "", True),
    SnapshotInfo(250, 2.5, (), 0.96, "", False),
]


def routine(step: int) -> SnapshotInfo:
    """A snapshot that no command followed."""
    return SnapshotInfo(step, step / 100, (), 0.9, "", False)


def timeline_rows(opened: Any) -> list[str]:
    options = opened.app.screen.query_one(OptionList).options
    return [option.prompt.plain.strip() for option in options]


class TestTimeline:
    def test_a_moment_in_a_line(self) -> None:
        assert [line(moment).plain for moment in MOMENTS[:3]] == [
            "epoch   0.00         ",
            "epoch   2.00   95.10%  then double the learning rate",
            "epoch   2.50   90.00%  (undone)",
        ]

    async def test_the_moment_of_now_has_the_accuracy_of_now(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), story.steps(50))
            now = SnapshotInfo(50, 0.5, (), 0.8, "", False)
            await opened.tell(happened.TimelineChanged([now]), story.evaluated({4: (7, 0.9)}))
            await opened.press("U")
            opened.find("epoch +0.50 +99.90%")
            await opened.tell(story.steps(10), happened.TimelineChanged([now]))
            assert opened.app.model.snapshots == [now]

    async def test_enter_goes_to_the_chosen_one(self, window: Any, story: Any) -> None:
        async with window() as opened:
            changed = happened.TimelineChanged(MOMENTS)
            await opened.tell(*story.opening(), *story.epochs(2), changed)
            await opened.press("U")
            assert isinstance(opened.app.screen, TimelineDialog)
            opened.find("▸ epoch .* 100.00%  then double the learning rate")
            opened.find("to epoch 2.00; what was undone last is listed until you quit")
            await opened.press("enter")  # the last command is selected
            assert opened.sent == [commands.GoBack(200, ())]
            await opened.press("U", "down", "enter")
            assert opened.sent[1:] == [commands.GoBack(250, ())]
            await opened.press("U", "down", "down")
            opened.find("to epoch 2.50, rate 0.002; what was undone last")
            await opened.press("enter")
            assert opened.sent[2:] == [commands.GoBack(250, DOUBLED)]

    async def test_in_a_trouble_it_opens_where_undo_leads_to(self, window: Any, story: Any) -> None:
        """Not at the last command, after which the network was lost already."""
        then = "then double the learning rate"
        moments = [
            SnapshotInfo(step, step / 100, DOUBLED[:number], 0.9, then, False, in_force=True)
            for number, step in enumerate((200, 250))
        ]
        async with window() as opened:
            spiked = happened.Spiked(260, 2.6, 0.05, 4.1, "loss rose from 0.05 to 4.1")
            paused = happened.Paused(260, 2.6, "spike", back_to=2.0)
            timeline = happened.TimelineChanged(moments)
            await opened.tell(*story.opening(), *story.epochs(2), timeline, spiked, paused)
            await opened.press("U")
            opened.find("▸ epoch +2.00 ")
            await opened.press("enter")
            assert opened.sent == [commands.GoBack(200, ())]

    async def test_snapshots_without_commands_are_folded(self, window: Any, story: Any) -> None:
        """Whatever is selected stays so while the run goes on."""
        async with window() as opened:
            moments = [routine(step) for step in range(0, 500, 50)]
            moments[4] = replace(moments[4], following="then double the learning rate")
            await opened.tell(*story.opening(), happened.TimelineChanged(moments))
            await opened.press("U")
            folded = "+ 3 snapshots between epochs 0.5 and 1.5"
            assert timeline_rows(opened) == [
                "epoch   0.00  100.00%",
                folded,
                "epoch   2.00   90.00%  then double the learning rate",
                "+ 5 snapshots between epochs 2.5 and 4.5",
            ]
            await opened.press("up")
            opened.find("enter lists them")
            opened.find("→ Unfold +esc Stay")
            await opened.press("enter")
            opened.find("Several moments: choose one of those below")
            opened.find("← Fold +esc Stay")
            rows = timeline_rows(opened)
            assert rows[1] == folded.replace("+", "-")
            assert [row[:12] for row in rows[2:5]] == [
                "epoch   0.50",
                "epoch   1.00",
                "epoch   1.50",
            ]
            await opened.press("down", "down", "left")  # folds from within
            assert timeline_rows(opened)[1] == folded
            await opened.press("right", "down", "down")  # epoch 1
            await opened.tell(happened.TimelineChanged([*moments, routine(500), routine(550)]))
            assert timeline_rows(opened)[-1] == "+ 7 snapshots between epochs 2.5 and 5.5"
            # Memory is full, and what was unfolded has become shorter.
            await opened.tell(happened.TimelineChanged([moments[0], *moments[2:5], routine(500)]))
            assert [row[:12] for row in timeline_rows(opened)] == [
                *("epoch   0.00", "epoch   1.00", "epoch   1.50", "epoch   2.00", "epoch   5.00")
            ]
            await opened.press("enter")
            assert opened.sent == [commands.GoBack(100, ())]

    async def test_what_is_selected_is_not_folded_away(self, window: Any, story: Any) -> None:
        async with window() as opened:
            moments = [routine(step) for step in (0, 50, 100)]
            await opened.tell(*story.opening(), happened.TimelineChanged(moments))
            await opened.press("U", "up")
            assert len(timeline_rows(opened)) == 3
            await opened.tell(happened.TimelineChanged([*moments, routine(150)]))
            assert timeline_rows(opened)[1] == "- 3 snapshots between epochs 0.5 and 1.5"
            await opened.tell(happened.TimelineChanged([moments[0], routine(60)]))  # it is gone
            await opened.press("enter")  # the nearest
            assert opened.sent == [commands.GoBack(60, ())]

    async def test_a_key_of_before_the_list_changed_goes_nowhere(
        self, window: Any, story: Any
    ) -> None:
        """What it chose has another place by the time it is heard, or none."""
        async with window() as opened:
            moments = [
                replace(routine(step), following="then switch to sgd") for step in range(0, 500, 50)
            ]
            await opened.tell(*story.opening(), happened.TimelineChanged(moments))
            await opened.press("U")
            dialog = opened.app.screen
            options = dialog.query_one(OptionList)
            for place in (2, 9):
                options.highlighted = place
                options.action_select()
            opened.app.model.ingest(happened.TimelineChanged(moments[-6:]))
            dialog.follow(opened.app.model)
            await opened.press("end")
            assert opened.sent == []
            await opened.press("enter")
            assert opened.sent == [commands.GoBack(450, ())]

    async def test_a_group_that_grows_leaves_the_other_lines_to_be_chosen(
        self, window: Any, story: Any
    ) -> None:
        async with window() as opened:
            moments = [routine(step) for step in range(0, 500, 50)]
            await opened.tell(*story.opening(), story.steps(500), happened.TimelineChanged(moments))
            await opened.press("U")
            await opened.tell(happened.TimelineChanged([*moments, routine(500)]))
            opened.find("10 snapshots between")
            await opened.press("home")
            opened.find("to epoch 0.00; what was undone last")
            await opened.press("enter")
            assert opened.sent == [commands.GoBack(0, ())]

    async def test_where_the_run_is_stays_true(self, window: Any, story: Any) -> None:
        async with window() as opened:
            moments = [routine(step) for step in (0, 100)]
            await opened.tell(*story.opening(), story.steps(100), happened.TimelineChanged(moments))
            await opened.press("U", "end")
            opened.find("The run is here")
            await opened.tell(story.steps(50), happened.TimelineChanged([*moments, routine(150)]))
            opened.find("Back to epoch 1.00; what was undone last")

    async def test_where_there_is_nothing_to_list_any_more_it_closes(
        self, window: Any, story: Any
    ) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), happened.TimelineChanged(MOMENTS))
            await opened.press("U")
            await opened.tell(happened.TimelineChanged([]))
            assert not isinstance(opened.app.screen, TimelineDialog)
            assert opened.sent == []

    async def test_escape_stays(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), happened.TimelineChanged(MOMENTS))
            await opened.press("U")
            assert "Unfold" not in opened.text  # there is nothing to unfold
            await opened.press("escape")
            assert opened.sent == []

    async def test_before_anything_is_kept_there_is_none(self, window: Any) -> None:
        async with window() as opened:
            await opened.press("U")
            assert not isinstance(opened.app.screen, TimelineDialog)

    @pytest.mark.parametrize("size", [(60, 20), *rarely((80, 24), (120, 40))])
    async def test_a_long_one_can_be_gone_through(
        self, window: Any, story: Any, size: tuple[int, int]
    ) -> None:
        async with window(*size) as opened:
            many = [routine(step) for step in range(0, 9_000, 50)]
            await opened.tell(*story.opening(), happened.TimelineChanged(many))
            await opened.press("U")
            opened.find("179 snapshots between epochs 0.5 and 89.5")
            opened.find("enter lists them.*")
            await opened.press("enter", "end")
            opened.find(r"epoch  89\.50")
            await opened.press("home")
            opened.find(r"epoch   0\.00")


class TestGoingOn:
    def restored(self, story: Any, *complaints: str) -> happened.Restored:
        epochs = [
            vars(story.epoch_ended(epoch=epoch, step=100 * epoch, test_loss=1 / epoch))
            for epoch in (1, 2, 3)
        ]
        epochs[1]["train_loss"] = None  # it was no number
        story.step, story.epoch = 320, 3.2
        lineage = (AppliedCommand(150, commands.ScaleLearningRate(2.0)),)
        return happened.Restored(320, 3.2, epochs, list(complaints), None, lineage, story.settings)

    def test_what_was_before_is_on_the_charts(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        restored = replace(self.restored(story, "it was damaged"), fork=("run-fork", "sam 0.05"))
        tell(story.loaded(), story.started(), restored)
        assert (model.step, model.epoch, model.saved_step) == (320, 3.2, 320)
        assert [*model.curves.monitored_loss.x] == [1, 2, 3]
        assert [*model.curves.monitored_loss.y] == [1, 1 / 2, 1 / 3]
        assert np.isnan(model.curves.train_loss.y[1])
        assert model.marks == [Mark(1.5, "A")]
        assert lines(model)[-4:] == [
            "it was damaged",
            "epoch 1.50: set learning rate 0.001 → 0.002",
            "resuming at epoch 3.20, step 320",
            "the fork that trained beside it (sam 0.05) is kept as run-fork",
        ]

    async def test_the_accuracy_of_before_is_shown_until_the_next_one(
        self, window: Any, story: Any
    ) -> None:
        async with window() as opened:
            await opened.tell(story.loaded(), story.started(), self.restored(story))
            opened.find(r"test accuracy \(95%: 89.1 to 92.6\)  best 91.00% at epoch 1  ▅▅▅")
            await opened.tell(story.evaluated({4: (7, 0.8)}))
            opened.find(r"test \(95%: 99.4 to 100.0\)")

    @pytest.fixture
    def interrupted(self, tmp_path: Path, train: Any) -> SavedRun:
        return train(tmp_path / "interrupted")

    @pytest.fixture
    def train(self, sample: Any, config: Any) -> Callable[[Path], SavedRun]:
        """Leaves a run that was interrupted in its second epoch."""

        def run(folder: Path) -> SavedRun:
            opening = RunRequest(config.with_(hidden=(4,)), folder)
            longer, stop = commands.AddEpochs(10), commands.Stop(reason="interrupted")
            script = CommandScript([(20, longer), (140, stop)])
            for _ in opening.trainer(sample, script, interactive=False).run():
                pass
            return SavedRun.read(folder)

        return run

    def test_what_a_killed_run_had_not_saved_is_told(self, interrupted: SavedRun) -> None:
        journal = interrupted.path / "journal.jsonl"
        told = [json.loads(line) for line in journal.read_text().splitlines()]
        kept = [each for each in told if each.get("event") not in ("checkpoint_saved", "ended")]
        kept.insert(0, {"event": "checkpoint_saved", "step": 60})
        journal.write_text("".join(f"{json.dumps(each)}\n" for each in kept))
        _, *others = description(SavedRun.read(interrupted.path)).splitlines()
        assert others == [
            "saved at epoch 0.60 of 35",
            "what it had trained then, up to epoch 1, it repeats",
        ]

    def test_a_network_that_was_better_is_told(self, interrupted: SavedRun) -> None:
        journal = interrupted.path / "journal.jsonl"
        told = [json.loads(line) for line in journal.read_text().splitlines()]
        better = [each | {"test_accuracy": 0.991} if "epoch" in each else each for each in told]
        journal.write_text("".join(f"{json.dumps(each)}\n" for each in better))
        now = interrupted.record["results"]["test_accuracy"]
        _, last, *_ = description(SavedRun.read(interrupted.path)).splitlines()
        assert last == f"saved at epoch 1.40 of 35, test {now:.2%}, best 99.10%"

    def test_what_becomes_of_its_fork_is_told(
        self, interrupted: SavedRun, train: Callable[[Path], SavedRun], tmp_path: Path
    ) -> None:
        fork = train(tmp_path / "fork")
        with open(interrupted.path / "journal.jsonl", "a") as journal:
            line = {"event": "forked", "step": 140, "run": str(fork.path), "changes": "sam 0.05"}
            journal.write(f"{json.dumps(line)}\n")
        *_, last = description(SavedRun.read(interrupted.path)).splitlines()
        assert last == "its fork, which is a run of its own now, does not go on beside it"

    @pytest.mark.parametrize(("key", "go_on"), [("enter", True), ("n", False), ("escape", None)])
    async def test_an_interrupted_run_is_offered(
        self, replay_app: Any, interrupted: SavedRun, key: str, go_on: bool | None
    ) -> None:
        app = replay_app(offered=interrupted)
        async with app.run_test(size=(80, 24)) as pilot:
            from support.tui import Window

            opened = Window(app, pilot)
            await opened.until(lambda: isinstance(app.screen, ResumeDialog))
            await opened.settle()
            opened.find("The last run has not finished")
            opened.find("sample, classic, hidden layers 4")
            await opened.press("question_mark")
            opened.find("epoch 3 of 25 +where it was saved")
            await opened.press("escape")
            opened.find(r"saved at epoch 1\.40 of 35, test \d\d")
            assert app.runner is None
            assert "learning rate" not in opened.text  # whose would it be?
            await opened.press(key)
            if go_on is None:
                assert (app.runner, app.return_code) == (None, 0)
                return
            await opened.until(lambda: app.runner is not None)
            resumed = app.runner.request.resume
            assert (resumed is not None) == go_on
            if go_on:
                assert resumed.path == interrupted.path
                assert app.model.config.hidden == (4,)


class TestRepeating:
    """On the way to where the run goes back to."""

    async def test_what_is_told_once_is_not_told_again(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(2))
            await opened.tell(story.changed("learning_rate", 0.002), *story.epochs(1))
            await opened.tell(replace(back(story, 0, (), DOUBLED, ahead=250), aim_lineage=DOUBLED))
            model = opened.app.model
            told = lines(model)
            assert told[-1] == "back from epoch 3.00 to 2.50; repeating 250 steps"
            assert model.marks == [Mark(2, "A")]
            story.settings = replace(story.settings, learning_rate=0.001)
            await opened.tell(story.steps(200), story.changed("learning_rate", 0.002))
            assert [line for line in lines(model) if "learning rate" in line] == [
                line for line in told if "learning rate" in line
            ]
            assert model.marks == [Mark(2, "A")]

    async def test_keys_say_when_they_take_effect(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(2), back(story, 0, ahead=150))
            await opened.press("right_square_bracket")
            assert opened.sent == [commands.ScaleLearningRate(2.0)]
            opened.find("this takes effect at epoch 1.50, when it is there again; u takes it back")
            await opened.tell(story.steps(50))
            assert " 33% " in opened.rows[22]  # of the way there
            told = lines(opened.app.model)
            await opened.press("u")  # that does not wait
            assert opened.sent[1:] == [commands.Undo()]
            assert lines(opened.app.model) == told
            await opened.press("L")
            assert lines(opened.app.model)[-1] == (
                "the run is repeating up to epoch 1.50: find a rate when it is there"
            )

    async def test_nothing_trains_with_it_when_all_epochs_are_done(
        self, window: Any, story: Any
    ) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(2), story.paused("finished"))
            later = "settings take effect in further epochs: e adds ten"
            for factor in (2, 4):
                await opened.press("right_square_bracket")
                await opened.tell(story.changed("learning_rate", 0.001 * factor))
            assert lines(opened.app.model)[-2:] == [
                later,
                "epoch 2.00: set learning rate 0.001 → 0.004",
            ]
            assert lines(opened.app.model).count(later) == 1
            await opened.press("e")
            assert lines(opened.app.model).count(later) == 1
