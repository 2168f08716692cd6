"""Dialogs: the optimizer, quitting, starting again, help."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.rarely import rarely
from support.steering import forked, of_fork
from textual.screen import ModalScreen
from textual.widgets import OptionList

from digit_tui.config import OPTIMIZERS
from digit_tui.data.sources import sample_dir
from digit_tui.nn import RULES
from digit_tui.run import commands
from digit_tui.run import events as happened
from digit_tui.tui.app import DigitApp
from digit_tui.tui.bindings import OPTIMIZER_KEYS
from digit_tui.tui.key_words import key_word, with_keys
from digit_tui.tui.keys_file import all_bindings
from digit_tui.tui.replay import ReplayApp
from digit_tui.tui.screens.help import HelpDialog
from digit_tui.tui.screens.meanings import (
    EVERYWHERE,
    MEANINGS,
    OF_DIALOGS,
    REPLAY,
    SIGN_WIDTH,
    STATES,
    WORDS_WIDTH,
)
from digit_tui.tui.screens.network.view import PAGES
from digit_tui.tui.screens.optimizer import OptimizerDialog
from digit_tui.tui.screens.restart import RestartDialog
from digit_tui.tui.screens.train import TrainView
from digit_tui.tui.widgets.button import Button


class TestOptimizerDialog:
    async def test_the_present_one_is_chosen_at_first(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), story.changed("optimizer", "rmsprop"))
            await opened.press("o")
            dialog = opened.app.screen
            assert isinstance(dialog, OptimizerDialog)
            assert dialog.query_one(OptionList).highlighted == OPTIMIZERS.index("rmsprop")
            for key, name in OPTIMIZER_KEYS.items():
                mark = "●" if name == "rmsprop" else " "
                rate = f"at rate {RULES[name].learning_rate:g}"
                opened.find(f"{mark} {key} {name} +[a-z][^…]* {rate}")
            opened.find("rmsprop is in use")

    async def test_it_says_what_a_switch_does(self, window: Any, story: Any) -> None:
        async with window(
            60, 20, optimizer="adamw", learning_rate=0.002, weight_decay=0.05
        ) as opened:
            story = type(story)(opened.app.model.config, story.dataset)
            await opened.tell(*story.opening())
            await opened.press("o", "home")
            opened.find("sgd: learning rate 0.002 → 0.1, weight decay 0.05 → 0[.]")
            opened.find("6 adamw +adam, decay apart +at rate 0.002")  # what the run began with
            opened.find("The weights and the schedule stay")
            await opened.press("escape")
            await opened.tell(story.changed("optimizer", "sgd"), story.changed("weight_decay", 0.0))
            await opened.press("o", "home", *["down"] * OPTIMIZERS.index("adamw"))
            # Its rate is the one that the run began with.
            opened.find("adamw: weight decay 0 → 0.05[.]")
            await opened.press("escape")
            await opened.tell(story.changed("learning_rate", 0.4))
            await opened.press("o")
            opened.find("sgd is in use")
            opened.find("Chosen again: learning rate 0.4 → 0.1[.]")
            opened.find("● 1 sgd +down the gradient +now at 0.4")  # what is in force

    async def test_enter_chooses(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening())
            await opened.press("o", "down", "enter")
            assert opened.sent == [commands.SetOptimizer("adamw")]
            assert not isinstance(opened.app.screen, ModalScreen)

    async def test_a_number_chooses_at_once(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening())
            await opened.press("o", "2")
            assert opened.sent == [commands.SetOptimizer("momentum")]
            await opened.press("o", "0")
            assert opened.sent[1:] == [commands.SetOptimizer("muon")]
            assert not isinstance(opened.app.screen, ModalScreen)

    async def test_escape_changes_nothing(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening())
            before = opened.rows
            await opened.press("o", "up", "escape")
            assert opened.sent == []
            assert opened.rows == before

    async def test_the_keys_of_the_run_wait_behind_it(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening())
            await opened.press("o", "space", "n", "s", "tab", "escape")
            assert opened.app.current_mode == "train"
            assert not {commands.Pause(), commands.StepBatch(), commands.Save()} & set(opened.sent)


class TestQuit:
    @pytest.mark.parametrize("key", ["q", "ctrl+q"])
    @pytest.mark.parametrize("steps", [1_234, *rarely(0)])
    async def test_it_saves_and_leaves(self, window: Any, story: Any, key: str, steps: int) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *([story.steps(steps)] if steps else []))
            await opened.press(key)
            assert opened.sent == [commands.Stop()]
            assert not isinstance(opened.app.screen, ModalScreen)

    @pytest.mark.parametrize("key", ["q", "ctrl+c"])
    async def test_before_the_run_there_is_nothing_to_end(self, window: Any, key: str) -> None:
        async with window() as opened:
            opened.app.runner = None
            await opened.press(key)
            assert opened.app.return_code == 0

    async def test_the_program_ends_when_the_run_has_ended(self, window: Any, story: Any) -> None:
        async with window() as opened:
            app = opened.app
            await opened.tell(*story.opening(), story.steps(10))
            await opened.press("q")
            assert app.return_code is None
            await opened.tell(story.saved(), story.ended())
            app._wake.set()
            await opened.until(lambda: app.return_code is not None)
            assert app.return_code == 0
            assert app.farewell == (
                "Saved step 10 in /runs/one\nResume it with: digit-tui --resume /runs/one"
            )

    @pytest.mark.parametrize(
        ("steps", "told"),
        [
            (
                10,
                [
                    "Resume it with: digit-tui --resume /runs/one",
                    "Saved its fork; resume that with: digit-tui --resume /runs/fork",
                ],
            ),
            (
                2_500,
                [
                    "Open it again with: digit-tui --resume /runs/one",
                    "Saved its fork as /runs/fork",
                ],
            ),
        ],
    )
    async def test_a_fork_that_trained_to_the_end_is_told(
        self, steps: int, told: list[str], window: Any, story: Any
    ) -> None:
        async with window() as opened:
            app = opened.app
            await opened.tell(*story.opening(), story.steps(steps), forked(story, "optimizer sgd"))
            await opened.press("q")
            await opened.tell(story.saved(), *of_fork(story.ended()), story.ended())
            app._wake.set()
            await opened.until(lambda: app.return_code is not None)
            assert app.farewell.splitlines() == [f"Saved step {steps:,} in /runs/one", *told]

    @pytest.mark.parametrize("held_out", [0, 100])
    async def test_a_test_set_that_is_opened_in_the_end_is_told(
        self, held_out: int, window: Any, story: Any
    ) -> None:
        async with window(validation=held_out) as opened:
            app = opened.app
            await opened.tell(*story.opening(), story.steps(2_500))
            await opened.press("q")
            await opened.tell(story.saved(), story.ended())
            app._wake.set()
            await opened.until(lambda: app.return_code is not None)
            told = "Test accuracy: 90.00% (the test set is open now)" in app.farewell
            assert told == bool(held_out)

    async def test_a_run_that_could_not_be_saved_says_so(self, window: Any, story: Any) -> None:
        async with window() as opened:
            app = opened.app
            failed = happened.SaveFailed(20, "No space left on device: /runs/one")
            await opened.tell(*story.opening(), story.steps(10), story.saved(), story.steps(10))
            await opened.press("q")
            await opened.tell(failed, story.ended())
            app._wake.set()
            await opened.until(lambda: app.return_code is not None)
            assert app.return_code == 74
            assert "Saved step 10" in app.farewell
            assert "not saved: No space left on device" in app.farewell


class TestBreakingOff:
    async def test_once_pauses_and_twice_leaves(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), story.steps(10))
            await opened.press("ctrl+c")
            assert opened.sent == [commands.Pause()]
            await opened.press("ctrl+c")  # the run need not have paused yet
            assert opened.sent == [commands.Pause(), commands.Stop()]

    @pytest.mark.parametrize("reason", ["asked", *rarely("batch", "finished", "diverged", "spike")])
    async def test_what_does_not_train_is_left(self, window: Any, story: Any, reason: str) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), story.steps(10), story.paused(reason))
            await opened.press("ctrl+c")
            assert opened.sent == [commands.Stop()]

    async def test_who_trains_on_may_break_off_again(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), story.steps(10))
            await opened.press("ctrl+c")
            await opened.tell(story.paused())
            await opened.press("space")
            await opened.tell(story.resumed())
            await opened.press("ctrl+c")
            assert opened.sent == [commands.Pause(), commands.Resume(), commands.Pause()]

    @pytest.mark.parametrize("key", ["o", *rarely("question_mark", "f", "ctrl+p")])
    async def test_it_works_in_a_dialog(self, window: Any, story: Any, key: str) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), story.steps(10))
            await opened.press(key, "ctrl+c", "ctrl+c")
            assert opened.sent == [commands.Pause(), commands.Stop()]


class TestRestart:
    async def test_it_asks_first_and_the_run_goes_on_meanwhile(
        self, window: Any, story: Any
    ) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), story.steps(10))
            await opened.press("r")
            assert isinstance(opened.app.screen, RestartDialog)
            opened.find(r"preset +\[this run's\] classic  sprint  standard  record")
            for name, value in {
                "data": "sample",
                "hidden layers": "128",
                "batch size": "40",
                "seed": "1",  # another one than the run's
            }.items():
                opened.find(rf" {name} +{value} ")
            await opened.tell(story.steps(10))
            assert opened.app.model.step == 20
            await opened.press("escape")
            assert opened.sent == []
            assert opened.app._next is None

    async def test_who_has_a_teacher_is_told_that_the_next_run_has_none(
        self, window: Any, story: Any
    ) -> None:
        loaded, started, *others = story.opening()
        about = {"runs": ["one"], "temperature": 4.0, "weight": 0.9}
        async with window() as opened:
            await opened.tell(loaded, replace(started, teacher=about), *others)
            await opened.press("r")
            opened.find("The next run has no teacher")

    async def test_a_preset_fills_in_the_others(self, window: Any, story: Any) -> None:
        story.settings = replace(story.settings, batch_size=64)
        async with window(batch_size=64) as opened:
            await opened.tell(*story.opening())
            await opened.press("r", "left")
            opened.find(r"\[record\]")
            opened.find("hidden layers 1024,512 ")
            opened.find("batch size +128 ")
            opened.find("record: large layers, many epochs: the most accurate")
            opened.find(" adamw, rate 0.002, elastic, 100 epochs[.]")
            await opened.press("right")
            opened.find("hidden layers 128 ")
            opened.find("batch size +64 ")
            opened.find(" adam, rate 0.001, 25 epochs[.]")
            opened.find("The seed is a fresh one: type 0")
            await opened.press("down", "down", *"77", "up", "up", *["right"] * 3)  # standard
            opened.find("hidden layers 77 ")  # what was typed stays
            opened.find("standard, but with your hidden layers[.]")
            opened.find("batch size +128 ")
            opened.find(" adamw, rate 0.002, elastic, 155 epochs[.]")  # of so many images

    async def test_it_may_have_the_settings_of_now(self, window: Any, story: Any) -> None:
        """For example a rate that was found, where the first one was bad."""
        async with window() as opened:
            await opened.tell(*story.opening(), story.changed("learning_rate", 0.02))
            await opened.press("r", "right")
            opened.find(r"this run's +\[now\] classic  sprint  standard  record")
            opened.find("now: the settings in force now")
            opened.find(" adam, rate 0.02, 25 epochs[.]")

    async def test_what_is_left_empty_is_the_presets(self, window: Any, story: Any) -> None:
        story.settings = replace(story.settings, batch_size=64)
        async with window(batch_size=64) as opened:
            await opened.tell(*story.opening())
            await opened.press("r", *["right"] * 3, "down", "down", "x", "backspace")
            assert "not a list" not in opened.text
            opened.find(" adamw, rate 0.002, elastic, 155 epochs[.]")
            await opened.press("up", "up", "left", "right")
            opened.find("hidden layers 512,256 ")  # it is filled in again

    async def test_a_value_that_is_wrong_is_told_and_the_run_goes_on(
        self, window: Any, story: Any
    ) -> None:
        async with window() as opened:
            await opened.tell(*story.opening())
            for row, typed, told in (
                (1, "/no/such", "data: /no/such: no such folder, nor one of auto, sample, mnist"),
                (2, "256,x", "hidden layers: '256,x' is not a list of widths such as 256,128"),
                (3, "0", "batch size: 0 is not a whole number from 1 to 65536"),
                (4, "-1", "seed: -1 is not a whole number from 0 to"),
            ):
                await opened.press("r", *["down"] * row, *typed, "enter")
                await opened.until(lambda told=told: told in opened.text)
                assert isinstance(opened.app.screen, RestartDialog)
                assert opened.sent == []
                await opened.press("escape")

    async def test_the_next_run_begins_when_the_last_has_ended(
        self, window: Any, story: Any, tmp_path: Any
    ) -> None:
        async with window(folder=tmp_path / "run") as opened:
            app, first = opened.app, opened.app.runner
            await opened.tell(*story.opening(), story.steps(10))
            await opened.press("r", "down", "down", *"32,16", "enter", "r", "enter")
            assert opened.sent == [commands.Stop()]
            assert app.runner is first
            await opened.tell(story.saved(), story.ended())
            app._wake.set()
            await opened.until(lambda: app.runner is not first)
            assert app.runner.started
            assert app.runner.folder == tmp_path / "run-2"
            assert app.runner.config == first.config.with_(hidden=(32, 16), seed=1)
            assert app.runner.dataset is story.dataset  # it is not read again
            assert (app.model.state, app.model.step) == ("loading", 0)
            await opened.tell(*type(story)(story.config, story.dataset).opening())
            opened.find("run before kept as /runs/one")  # the last line of a short log

    async def test_other_data_are_read_before_the_run_is_ended(
        self, window: Any, story: Any
    ) -> None:
        async with window() as opened:
            app, first = opened.app, opened.app.runner
            await opened.tell(*story.opening())
            await opened.press("r", "down", *str(sample_dir()), "enter", "enter")
            assert opened.sent == []
            await opened.until(lambda: opened.sent)
            assert opened.sent == [commands.Stop()]
            await opened.tell(story.ended())
            app._wake.set()
            await opened.until(lambda: app.runner is not first)
            assert app.runner.config.data == str(sample_dir())
            assert app.runner.dataset.train_images.shape == story.dataset.train_images.shape
            await opened.tell(story.started())
            opened.find("the run before had not started training: nothing of it is kept")

    async def test_who_quits_meanwhile_leaves(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), story.steps(10))
            await opened.press("r", "enter", "q")
            await opened.tell(story.saved(), story.ended())
            opened.app._wake.set()
            await opened.until(lambda: opened.app.return_code is not None)
            assert opened.app.return_code == 0

    async def test_nothing_is_left_of_the_run_before(self, window: Any, story: Any) -> None:
        async with window() as opened:
            app, first = opened.app, opened.app.runner
            await opened.press("tab")
            await opened.tell(*story.opening(), *story.epochs(1, {4: (7, 0.8)}))
            opened.find("   4 .* 1.61 ✗")
            await opened.press("r", "enter")
            await opened.tell(story.ended())
            app._wake.set()
            await opened.until(lambda: app.runner is not first)
            fresh = type(story)(story.config, story.dataset)
            await opened.tell(fresh.loaded(), fresh.started())
            opened.find("The test digits have not")
            assert "✗" not in opened.text
            assert "1.61" not in opened.text


async def test_a_second_click_on_a_button_does_nothing(window: Any, story: Any) -> None:
    """It may come when the dialog is closed, and what is below it is no business of the button."""
    async with window() as opened:
        await opened.tell(*story.opening())
        await opened.press("o")
        button = opened.app.screen.query(Button).last()
        await button.on_click()
        await button.on_click()
        await opened.settle()
        assert isinstance(opened.app.screen, TrainView)


class TestHelp:
    @pytest.mark.long
    async def test_it_closes_and_changes_nothing(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), story.steps(10))
            before = opened.rows
            for key in ("escape", "q", "question_mark", "enter", "space"):
                await opened.press("question_mark")
                assert isinstance(opened.app.screen, HelpDialog)
                await opened.press(key)
                assert opened.rows == before
            assert opened.sent == []

    async def test_it_explains_what_is_seen_and_every_key(self, window: Any) -> None:
        async with window(80, 130) as opened:  # so high that nothing is scrolled
            groups = dict(DigitApp.key_groups())
            for title in ("Training", "Mistakes", "Confusion"):
                await opened.press("question_mark")
                keys = [*groups[title], *groups["Everywhere"]]
                rows = [
                    *MEANINGS[title],
                    *STATES,
                    *EVERYWHERE,
                    *((opened.app.get_key_display(each), each.tooltip) for each in keys),
                ]
                lines = [
                    " ".join(row[2 : row.rindex("│")].split())
                    for row in opened.rows
                    if row[1:2] == "│"
                ]
                heads = {"On this view", "On every view", f"Keys of {title}", "Keys of the run", ""}
                assert lines.pop() == "k Keys m Manual esc Close"
                manual = "Manual: m here, or digit-tui manual in a shell."
                assert [line for line in lines if line not in heads] == [
                    *(
                        " ".join(with_keys(opened.app, f"{sign} {words}").split())
                        for sign, words in rows
                    ),
                    manual,
                ]
                await opened.press("escape", "tab")

    async def test_it_has_room_for_each_line(self, window: Any) -> None:
        groups = [*MEANINGS.values(), *OF_DIALOGS.values(), STATES, EVERYWHERE, REPLAY]
        names = {each.id or "": key_word(each) for each in all_bindings().values()}
        for sign, words in (each for group in groups for each in group):
            assert len(sign.format_map(names)) <= SIGN_WIDTH
            assert len(words.format_map(names)) <= WORDS_WIDTH
        for _, bindings in [*DigitApp.key_groups(), *ReplayApp.key_groups()]:
            assert all(len(each.tooltip) <= WORDS_WIDTH for each in bindings)
        async with window() as opened:
            await opened.press("question_mark")
            width = opened.app.screen.query_one("#keys").size.width
            assert width >= 1 + SIGN_WIDTH + 2 + WORDS_WIDTH
            opened.find("On this view")
            await opened.press("k")
            opened.find("Keys of Training")
            opened.find("Keys of the run")

    def test_arrows_come_last(self) -> None:
        arrows = {"up", "down", "left", "right", "pageup", "pagedown"}
        for _, bindings in DigitApp.key_groups():
            keys = [each.key.removeprefix("shift+") for each in bindings]
            last = [key in arrows for key in keys if key not in ("home", "end")]
            assert last == sorted(last)

    def test_every_key_of_ours_is_in_a_group(self) -> None:
        groups = dict(DigitApp.key_groups())
        views = ["Training", "Mistakes", "Confusion", "Network"]
        pages = [page.NAME for page in PAGES if page.BINDINGS]
        assert list(groups) == ["Everywhere", *views, *pages, "Draw"]
        bindings = [binding for group in groups.values() for binding in group]
        names = [binding.id for binding in bindings]
        assert len(set(names)) == len(names)
        assert all(binding.id and binding.tooltip and binding.description for binding in bindings)
        assert {"pause", "next_view", "window", "all", "optimizer_sgd", "quit"} <= set(names)
