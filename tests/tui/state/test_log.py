"""The lines of the log."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.model import Tell, lines

from digit_tui.data import Dataset
from digit_tui.insight.significance import Comparison
from digit_tui.run import events as happened
from digit_tui.run.commands import AppliedCommand, ScaleLearningRate
from digit_tui.run.remedies import ALL_DONE
from digit_tui.session.failures import Failed
from digit_tui.session.runner import Loaded
from digit_tui.tui.draw_rate import ANY_SHARE, DrawRate
from digit_tui.tui.screens.train import TrainView
from digit_tui.tui.state.log_line import LOG_LINES
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.event_log import EventLog

PAUSED = "paused: space trains on"


class TestLog:
    def test_the_start(self, model: RunModel, story: Any, tell: Tell) -> None:
        tell(*story.opening())
        assert lines(model) == [
            "sample: 4,000 training and 1,000 test images",
            "training 1,234 parameters",
        ]

    def test_epochs_in_a_row_are_one_line(self, model: RunModel, story: Any, tell: Tell) -> None:
        tell(*story.opening(), *story.epochs(3))
        assert lines(model)[2:] == ["epoch 3: test 91.00%, loss 0.3000"]

    def test_an_epoch_after_something_else_is_a_new_line(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), *story.epochs(2), story.saved(), *story.epochs(2))
        assert lines(model)[2:] == [
            "epoch 2: test 91.00%, loss 0.3000",
            "saved step 200 in one",
            "epoch 4: test 91.00%, loss 0.3000",
        ]

    def test_quick_changes_of_a_setting_are_one_line_and_one_mark(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), story.steps(50))
        tell(*(story.changed("learning_rate", rate) for rate in (0.002, 0.004, 0.008)))
        assert lines(model)[2:] == ["epoch 0.50: set learning rate 0.001 → 0.008"]
        assert model.log[-1].kind == "change"
        assert [mark.epoch for mark in model.marks] == [0.5]

    def test_each_command_that_removes_something_has_a_line_with_its_effect(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), story.steps(50))
        effect = happened.Effect("test", 0.91, 0.9, Comparison(100, 0, 1))
        tell(replace(story.changed("switched_off", ((1, 17),)), effect=effect))
        tell(replace(story.changed("switched_off", ((1, 17), (2, 0))), effect=effect))
        tell(replace(story.changed("pruned", 0.3), effect=effect))
        words = "test 91.00% → 90.00%; fixed 0, broke 1: may well be chance (p = 0.50)"
        assert lines(model)[2:] == [
            f"epoch 0.50: unit 17 of layer 1 off: {words}",
            f"epoch 0.50: unit 0 of layer 2 off: {words}",
            f"epoch 0.50: pruned weights none → 30%: {words}",
        ]
        assert {line.kind for line in list(model.log)[2:]} == {"change"}
        assert [line.mark for line in list(model.log)[2:]] == ["A"] * 3  # one place on the charts

    def test_what_a_fork_lacks_is_a_line_with_its_effect(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), story.steps(50))
        effect = happened.Effect("test", 0.91, 0.9, Comparison(100, 0, 10))
        off = replace(story.changed("switched_off", ((1, 17), (1, 18))), effect=effect)
        tell(happened.BranchEvent(off))
        tell(happened.BranchEvent(story.changed("learning_rate", 0.1)))  # the fork's line says it
        words = "test 91.00% → 90.00%; fixed 0, broke 10: hardly chance (p < 0.001)"
        assert lines(model)[2:] == [f"fork, at once: units 17 and 18 of layer 1 off: {words}"]
        assert model.log[-1].kind == "change"

    def test_changes_with_a_step_between_are_two(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), story.steps(50), story.changed("learning_rate", 0.002))
        tell(story.steps(50), story.changed("learning_rate", 0.004))
        assert lines(model)[2:] == [
            "epoch 0.50: set learning rate 0.001 → 0.002",
            "epoch 1.00: set learning rate 0.002 → 0.004",
        ]
        assert [mark.epoch for mark in model.marks] == [0.5, 1.0]

    def test_changes_of_different_settings_are_two(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), story.steps(50))
        tell(story.changed("optimizer", "sgd"), story.changed("learning_rate", 0.1))
        assert lines(model)[2:] == [
            "epoch 0.50: set optimizer adam → sgd",
            "epoch 0.50: set learning rate 0.001 → 0.1",
        ]

    def test_what_one_command_changes_is_one_line_and_one_mark(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        def switched(name: str, rate: float, decay: float) -> list[happened.SettingChanged]:
            old = story.settings
            new = replace(old, optimizer=name, learning_rate=rate, weight_decay=decay)
            story.settings = new
            names = ("optimizer", "learning_rate", "weight_decay")
            return happened.SettingChanged.all_between(story.step, story.epoch, old, new, names)

        tell(*story.opening(), story.steps(50), *switched("sgd", 0.1, 0.01))
        text = (
            "epoch 0.50: set optimizer adam → sgd, learning rate 0.001 → 0.1, weight decay 0 → 0.01"
        )
        assert lines(model)[2:] == [text]
        tell(*switched("rmsprop", 0.1, 0.0))  # quick presses of keys
        assert lines(model)[2:] == [
            "epoch 0.50: set optimizer adam → rmsprop, learning rate 0.001 → 0.1"
        ]
        assert (model.log[-1].mark, [mark.epoch for mark in model.marks]) == ("A", [0.5])
        tell(*switched("adam", 0.001, 0.0))
        assert lines(model)[2:] == []
        assert model.marks == []

    def test_a_change_after_another_line_is_told_again(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), story.steps(50), story.changed("augment", "shift"))
        tell(story.saved(), story.changed("augment", "affine"))
        assert lines(model)[2:] == [
            "epoch 0.50: set augmentation none → shift",
            "saved step 50 in one",
            "epoch 0.50: set augmentation shift → affine",
        ]

    def test_more_epochs_are_told_but_not_marked(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), story.steps(50), story.changed("epochs", 35))
        assert lines(model)[-1] == "epoch 0.50: set epochs 25 → 35"
        assert [mark.epoch for mark in model.marks] == []
        assert model.settings.epochs == 35

    def test_single_steps_leave_one_line(self, model: RunModel, story: Any, tell: Tell) -> None:
        tell(*story.opening(), story.steps(10), story.paused(), story.evaluated())
        for _ in range(5):
            tell(story.resumed(), story.steps(1), story.paused("batch"), story.evaluated())
        assert lines(model)[2:] == [
            PAUSED,
            "paused after one batch: its loss was 0.5, 75.0% were right",
        ]
        assert model.step == 15

    def test_single_steps_in_a_row_leave_one_line(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), story.steps(10), story.paused("batch"), story.evaluated())
        tell(story.resumed(), *story.epochs(1), story.paused("epoch"))
        assert lines(model)[2:] == [
            "epoch 1: test 91.00%, loss 0.3000",
            "paused after one epoch",
        ]
        assert lines(model)[-2:] == ["epoch 1: test 91.00%, loss 0.3000", "paused after one epoch"]

    def test_pause_and_resume_are_told_each_time(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), story.paused(), story.resumed(), story.paused())
        assert lines(model)[2:] == [PAUSED, "training resumed", PAUSED]

    def test_the_end_of_all_epochs_says_how_to_go_on(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), story.paused("finished"))
        assert lines(model)[-1] == "all epochs are done: e adds ten, q leaves"
        assert lines(model)[-2].startswith("other views show its mistakes")
        tell(story.resumed(), story.paused("finished"))
        assert lines(model)[-2] == "training resumed"  # that is told once

    def test_divergence_is_told_with_what_to_do(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), story.steps(9), story.diverged(), story.paused("diverged"))
        assert lines(model)[2:] == [
            "loss became NaN at step 10",
            "paused: u goes back to when it was still good",
        ]
        assert {line.kind for line in list(model.log)[2:]} == {"trouble"}

    def test_a_refusal_is_trouble(self, model: RunModel, tell: Tell) -> None:
        tell(happened.Refused(1, "learning_rate: inf is not a positive number"))
        assert (model.log[-1].kind, model.log[-1].text) == (
            "trouble",
            "learning_rate: inf is not a positive number",
        )

    def test_what_stands_there_is_not_refused_again(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), *story.epochs(1), story.paused("finished"))
        before = lines(model)
        assert before[-1] == "all epochs are done: e adds ten, q leaves"
        done = happened.Refused(100, "All epochs are done", ALL_DONE)
        tell(done, done)
        assert lines(model) == before
        tell(happened.Refused(100, "Nothing is left to undo"), done)
        assert lines(model)[-1] == "All epochs are done: e adds ten"

    def test_old_lines_are_forgotten(self, model: RunModel, story: Any, tell: Tell) -> None:
        tell(*(happened.Refused(1, f"number {count}") for count in range(LOG_LINES + 5)))
        assert len(model.log) == LOG_LINES
        assert lines(model)[-1] == f"number {LOG_LINES + 4}"


class TestControlCharacters:
    EVIL = "a\x1b]0;owned\x07\x9b2Jb\u202ec"

    @pytest.fixture
    def evil(self, sample: Dataset) -> Dataset:
        arrays = sample.train_images, sample.train_labels, sample.test_images, sample.test_labels
        return Dataset(self.EVIL, self.EVIL, *arrays, sample.side, sample.classes)

    def test_none_stays_in_the_log(
        self, model: RunModel, story: Any, tell: Tell, evil: Dataset
    ) -> None:
        tell(
            Loaded(evil),
            story.started(run=self.EVIL),
            happened.Refused(0, self.EVIL),
            happened.SaveFailed(0, self.EVIL),
            story.saved(self.EVIL),
            Failed(1, self.EVIL),
        )
        assert len(model.log) == 6
        assert all(text.isprintable() for text in lines(model))
        assert sum("a?]0;owned??2Jb?c" in text for text in lines(model)) == 5

    def test_none_stays_in_the_folder_of_the_run(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(story.started(run=self.EVIL))
        assert model.run == "a?]0;owned??2Jb?c"


async def test_a_long_line_is_cut_at_its_end(window: Any, story: Any) -> None:
    async with window(80, 24) as opened:
        model, log = opened.app.model, opened.app.screen.query_one(EventLog)
        await opened.tell(*story.opening())
        width, height = log.size
        model.say("note", "the beginning " + "of a very long line " * (width * height // 20))
        model.say("note", "the latest")
        opened.app.screen.redraw()
        await opened.settle()
        shown = [row.strip() for row in opened.rows if "the beginning" in row or "latest" in row]
        assert [row.split()[1] for row in shown] == ["beginning", "latest"]


async def test_the_whole_log_in_a_dialog(window: Any, story: Any) -> None:
    async with window(80, 24) as opened:
        opened.app._rate = DrawRate(0.0, ANY_SHARE)
        await opened.tell(*story.opening(), story.changed("augment", "shift"), *story.epochs(30))
        await opened.press("G")
        opened.find("─ Log ─")
        opened.find("epoch 29: test 91.00%, loss 0.3000")  # the view has the latest only
        await opened.tell(*story.epochs(1))
        opened.find("epoch 31: ")
        await opened.press("home")
        await opened.until(lambda: "training 1,234 parameters" in opened.text)
        opened.find("A epoch 0.00: set augmentation none → shift")
        await opened.tell(*story.epochs(1))
        opened.find("training 1,234 parameters")  # who reads earlier lines stays there
        await opened.press("G")
        assert isinstance(opened.app.screen, TrainView)


async def test_a_log_that_is_closed_before_it_was_drawn(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(2))
        await opened.press("G")
        dialog = opened.app.screen
        await dialog.remove_children()
        dialog.on_mount()
        await opened.press("escape")
        assert isinstance(opened.app.screen, TrainView)


def test_where_undo_leads_is_kept_up_to_date_in_its_line(
    model: RunModel, story: Any, tell: Tell
) -> None:
    doubled = AppliedCommand(100, ScaleLearningRate(2.0))
    spike = replace(story.paused("spike"), back_to=1.0, undoes=(doubled,), back_rate=0.001)
    tell(*story.opening(), *story.epochs(1), spike, story.changed("learning_rate", 0.004))
    change = lines(model)[-1]
    tell(replace(spike, undoes=(doubled,) * 2, again=True))
    told = "u leads to epoch 1.00, rate 0.001; undoes: double the learning rate"
    assert lines(model)[-2:] == [f"{told} 2 times", change]
    assert not any(line == told for line in lines(model))
