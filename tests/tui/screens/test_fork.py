"""A run and its fork, compared in the interface."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.rarely import rarely
from support.steering import Tell, forked, lines, of_fork
from support.teaching import Keep as KeepDrawings
from support.teaching import drawings_of

from digit_tui.config import OPTIMIZERS
from digit_tui.insight.lesson import Lesson
from digit_tui.run import commands
from digit_tui.run import events as happened
from digit_tui.run.wording import ROW
from digit_tui.training.results import effect_of
from digit_tui.tui.screens.fork import ForkDialog
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.widgets.gap_line import GapLine, gap

DIFFERENCES: list[tuple[list[str], Any]] = [
    (["right"], (commands.SetOptimizer("adamw"),)),
    (["left", "down", "right"], (commands.SetOptimizer("rmsprop", 0.002),)),
    (["down", "left", "left"], (commands.SetLearningRate(pytest.approx(0.0002)),)),
    (["up", "up", "up", "left"], (commands.SetAugmentation("elastic"),)),
    (["up", "up", "right", "right"], (commands.Prune(0.5),)),
    (["up", *"2:3+9"], (commands.SwitchOff(2, (3, 9)),)),
    (
        ["right", "up", *"1:17", "up", "left"],
        (commands.SetOptimizer("adamw"), commands.Prune(0.8), commands.SwitchOff(1, (17,))),
    ),
    (["down", "down", "0", ".", "3"], (commands.SetLearningRate(0.3),)),
    (["right", "down", "tab", *"1e-4"], (commands.SetOptimizer("adamw", 1e-4),)),
    (["down", "down", "5", "up", "left"], (commands.SetLearningRate(0.0005),)),
    (["down", "down", "down", "space"], (commands.SetClipping(norm=1.0),)),
    (
        ["down", "down", "down", "left", "down", "right", "down", "right"],
        (
            commands.SetClipping(value=0.1),
            commands.SetSam(0.05),
            commands.SetAugmentation("shift"),
        ),
    ),
]
"""What is typed into the dialog of a fork, and what it does then."""


class TestFork:
    async def test_the_dialog_asks_what_differs(self, window: Any, story: Any) -> None:
        async with window(hidden=(32, 16)) as opened:
            await opened.tell(*story.opening(), *story.epochs(1))
            for keys, changes in DIFFERENCES:
                await opened.press("f", *keys, "enter")
                assert opened.sent == [commands.Fork(changes)], keys
                opened.sent.clear()

    async def test_a_fork_that_does_the_same_is_none(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(1))
            await opened.press("f", "enter")
            assert isinstance(opened.app.screen, ForkDialog)
            opened.find("Nothing differs yet: choose with ←→, or type where nothing is listed.")
            await opened.press("right", "left", "enter")
            assert isinstance(opened.app.screen, ForkDialog)
            await opened.press("escape")
            assert opened.sent == []

    @pytest.mark.parametrize(
        ("rate", "row"),
        [
            (0.001, r" 0.0001  0.0002  0.0005 \[0.001\] 0.002  0.005  0.01 "),
            (0.00317, r" 0.00032 0.00063 0.0016\[0.00317\]0.0063 0.016 0.032 "),
            (0.015, r" 0.0015  0.003  0.0075 \[0.015\] 0.03  0.075  0.15 "),
        ],
    )
    async def test_the_rates_are_spaced_evenly_in_one_row(
        self, window: Any, story: Any, rate: float, row: str
    ) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), story.changed("learning_rate", rate))
            await opened.press("f")
            opened.find(f"learning rate +{row.strip()} ")

    async def test_another_optimizer_comes_with_rates_of_its_own(
        self, window: Any, story: Any
    ) -> None:
        async with window(optimizer="adamw", weight_decay=0.05) as opened:
            story.settings = replace(story.settings, optimizer="adamw", weight_decay=0.05)
            await opened.tell(*story.opening(), *story.epochs(1))
            await opened.press("f", *["left"] * OPTIMIZERS.index("adamw"))
            opened.find(r"\[sgd\]")
            opened.find(r"learning rate 0.01  0.02  0.05 \[0.1\] 0.2  0.5  1 ")
            opened.find("The copy: optimizer sgd at rate 0.1, weight decay 0[.]")
            await opened.press("down", "right")
            opened.find("The copy: optimizer sgd at rate 0.2, weight decay 0[.]")

    @pytest.mark.parametrize(
        ("typed", "told"),
        [
            ("fast", "learning rate: 'fast' is not a number"),
            ("-1", r"learning rate: -1.0 is not a positive number up to 1e\+30"),
            pytest.param("nan", "learning rate: nan is not a positive", marks=pytest.mark.long),
        ],
    )
    async def test_a_rate_that_is_none_is_told_and_nothing_forked(
        self, window: Any, story: Any, typed: str, told: str
    ) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(1))
            await opened.press("f", "down", "down", *typed, "enter")
            opened.find(told)
            assert opened.sent == []
            await opened.press("backspace", *["backspace"] * len(typed), "0", "enter")
            opened.find("learning rate: 0.0 is not a positive")
            await opened.press(".", "2", "enter")
            assert opened.sent == [commands.Fork((commands.SetLearningRate(0.2),))]

    @pytest.mark.parametrize(
        ("typed", "told"),
        [
            ("17", "off: '17' is not LAYER:UNIT"),
            ("3:1", "units off: layer 3 is none of the hidden ones, layers 1 to 2"),
            ("1:32", "units off: layer 1 has no unit 32, only 0 to 31"),
        ],
    )
    async def test_units_that_are_none_are_told_and_nothing_forked(
        self, window: Any, story: Any, typed: str, told: str
    ) -> None:
        async with window(hidden=(32, 16)) as opened:
            await opened.tell(*story.opening(), *story.epochs(1))
            await opened.press("f", "up", *typed, "enter")
            opened.find(told)
            assert opened.sent == []

    async def test_a_share_in_force_is_offered_too(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), story.changed("pruned", 0.45))
            await opened.press("f")
            opened.find(r"pruned +none  30% \[45%\] 50%  80% ")
            await opened.press("up", "up", *["left"] * 2, "enter")
            assert opened.sent == [commands.Fork((commands.Prune(0.0),))]

    @pytest.mark.parametrize("size", [(80, 24), *rarely((120, 40))])
    async def test_both_branches_and_their_gap_are_shown(
        self, window: Any, story: Any, size: tuple[int, int]
    ) -> None:
        async with window(*size) as opened:
            await opened.tell(*story.opening(), *story.epochs(2, {3: (7, 0.8), 5: (1, 0.9)}))
            assert not opened.app.screen.query_one(GapLine).display
            await opened.tell(forked(story, "optimizer sgd"))
            steps = story.steps(100)
            right = story.evaluated_at(300, 3.0, story.evaluation({5: (1, 0.9)}))
            await opened.tell(steps, *of_fork(steps, right))
            opened.find("seen when both are evaluated")  # of the run it is not known yet
            same = story.evaluation({3: (7, 0.8), 5: (1, 0.9)})
            await opened.tell(story.evaluated_at(300, 3.0, same))
            opened.find("Loss[^─]*, log.*Error[^─]*, log")
            assert opened.text.count("run ━ ━ fork ━ ━") == 2
            # One of 1,000 digits more is right.
            opened.find(r"Fork: optimizer sgd  \+0.10 points \(95% interval -0.19 to \+0.42\)")
            opened.find(
                r"fixed 1, broke 0: may well be chance \(p = 0.50\) +training ━ ━  test ━ ━ *\n"
            )
            opened.find(
                r"run 99.80% \(99.3 to 99.9\)  fork 99.90% \(99.4 to 100.0\)  95% intervals"
            )
            assert len(opened.app.model.fork_curves.train_loss) == 100

    async def test_values_of_curves_of_letters_are_named_by_them(
        self, window: Any, story: Any
    ) -> None:
        async with window(80, 24) as opened:
            await opened.tell(*story.opening(), *story.epochs(2, {3: (7, 0.8)}))
            await opened.tell(forked(story, "optimizer sgd"), *of_fork(story.steps(100)))
            await opened.press("m", "m", "left")
            opened.find(r"─Loss 2.00  run \*0.5 o0.11  fork \+- x-─")
            opened.find(r"─Error 2.00  run \*25% o0.1%  fork \+- x-─")

    async def test_keys_that_work_only_with_or_without_one(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(1))
            assert "k End fork" not in opened.text
            opened.find("f Fork")
            await opened.press("k")
            opened.find("there is no fork to end: f starts one")
            await opened.tell(forked(story, "optimizer sgd"))
            opened.find("k End fork")
            for key in ("f Fork", "u U Undo", "[ ] Rate"):
                assert key not in opened.text
            await opened.press("f")
            opened.find("There is a fork beside the run: k ends it and keeps one")
            await opened.press("U", "o")
            assert len(opened.app.screen_stack) == 1
            assert opened.sent == []
            await opened.tell(happened.ForkEnded(100, "run", "/runs/left", "asked"))
            opened.find("u U Undo")

    @pytest.mark.parametrize(("key", "fork"), [("r", False), ("f", True)])
    async def test_keeping_one(self, window: Any, story: Any, key: str, fork: bool) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(1), forked(story, "optimizer sgd"))
            await opened.press("k", "escape", "k")
            opened.find("The fork has optimizer sgd\\.")
            await opened.press(key)
            assert opened.sent == [commands.Keep(fork)]
            await opened.press("k", *(["down"] if fork else []), "enter")
            assert opened.sent[1:] == [commands.Keep(fork)]

    async def test_the_dialog_has_the_accuracies_of_now(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(1), forked(story, "optimizer sgd"))
            await opened.press("k")
            opened.find("go on with the run   100.00%")
            await opened.tell(story.evaluated({4: (7, 0.9)}))
            opened.find("go on with the run    99.90%")

    @pytest.mark.parametrize("kept", ["run", "fork"])
    def test_the_branch_that_is_kept_goes_on_as_the_run(
        self, model: RunModel, story: Any, tell: Tell, kept: str
    ) -> None:
        tell(*story.opening(), *story.epochs(2), forked(story, "optimizer sgd"))
        settings = story.changed("optimizer", "sgd")
        before = story.settings
        run, copy = story.steps(50, losses=1.0), story.steps(0)
        copy = happened.StepsDone(
            **{**vars(run), "losses": np.full(50, 9.0, np.float32), "learning_rate": 0.1}
        )
        better = story.evaluated_at(250, 2.5, story.evaluation())
        tell(*of_fork(settings), run, *of_fork(copy, better))
        assert model.settings.optimizer == "adam"
        assert model.fork is not None
        assert model.fork.settings == before
        tell(happened.ForkEnded(250, kept, "/runs/left", "asked"))
        assert model.fork is None
        assert len(model.curves.train_loss) == 250
        ours, theirs = (9.0, 1.0) if kept == "fork" else (1.0, 9.0)
        assert set(model.curves.train_loss.y[200:]) == {ours}
        assert set(model.undone[-1].curves.train_loss.y) == {theirs}
        assert model.settings.optimizer == ("sgd" if kept == "fork" else "adam")
        assert model.run == ("/runs/fork" if kept == "fork" else "/runs/one")
        told = ["this run is fork now"] if kept == "fork" else []
        assert "saved as left" in lines(model)[-1 - len(told)]
        assert lines(model)[-1:] == told or not told
        assert gap(model) == ""
        assert model.state == "training"

    def test_one_that_diverged_is_not_compared(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), *story.epochs(2), forked(story, "learning rate 999"))
        tell(*of_fork(story.evaluated_at(200, 2.0, story.evaluation())))
        tell(happened.ForkEnded(208, "run", "/runs/left", "diverged"))
        assert lines(model)[-1] == "fork diverged, saved as left; kept the run"
        assert not any("difference" in line for line in lines(model))

    async def test_a_finished_run_is_forked_with_more_epochs(self, window: Any, story: Any) -> None:
        async with window() as opened:
            done = replace(story.settings, epochs=1)
            loaded, started, evaluated = story.opening()
            await opened.tell(loaded, replace(started, settings=done), evaluated)
            await opened.tell(*story.epochs(1), story.paused("finished"))
            await opened.press("f", "down", "right", "enter")
            (more, fork) = opened.sent
            assert more == commands.AddEpochs(10)
            assert isinstance(fork.changes[0], commands.SetLearningRate)
            await opened.press("f", "down", "right")
            opened.find("The copy: learning rate 0.002")
            opened.find("All epochs are done: both train 10 more.")
            # What differs at once needs none.
            await opened.press("left", "up", "up", "up", "right", "right", "enter")
            assert opened.sent[2:] == [commands.Fork((commands.Prune(0.5),))]

    async def test_its_rate_in_further_epochs_is_told(self, window: Any, story: Any) -> None:
        async with window(schedule="cosine") as opened:
            done = replace(story.settings, epochs=1)
            loaded, started, evaluated = story.opening()
            await opened.tell(loaded, replace(started, settings=done), evaluated)
            await opened.tell(*story.epochs(1), story.paused("finished"))
            await opened.press("f", "down", "right", "right", "right")
            # Of 0.01, after one of eleven epochs.
            opened.find("both train 10 more, the copy from rate 0.0098")

    async def test_a_key_teaches_a_copy(
        self, window: Any, story: Any, keep_drawings: KeepDrawings
    ) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(1), story.paused("finished"))
            await opened.press("f", "up", "up", "right", "right", "enter")
            assert opened.sent.pop() == commands.Fork((commands.Prune(0.5),))
            keep_drawings(drawings_of(), 4)
            await opened.press("H")
            opened.find("5 drawings are needed to teach it, you have 4")
            assert lines(opened.app.model)[-1].endswith(": draw and keep 1 more (view Draw, enter)")
            command = keep_drawings(drawings_of(12))
            await opened.press("H")
            assert opened.sent == [commands.Fork((command,))]  # also when all epochs are done
            opened.app.show_view("confusion")
            await opened.settle()
            await opened.tell(happened.Teaching(100, 1.0, 12, 10, []))
            opened.find("… teaching")
            assert "teaching 12 drawings ..." in [
                each.message for each in opened.app._notifications
            ]
            await opened.tell(forked(story, "12 drawings taught"))
            before, after = (story.evaluated_at(100, 1.0, story.evaluation()) for _ in range(2))
            effect = effect_of(before, after)
            change = story.changed("taught", ((command.drawings, 12),))
            change = replace(change, effect=effect, lesson=Lesson(12, 5, 11))
            await opened.tell(before, *of_fork(change, after))
            assert "… teaching" not in opened.text
            notices = [each.message for each in opened.app._notifications]
            assert "12 drawings: 5 right before, 11 after, each tested unseen" in notices
            opened.app.show_view("train")
            await opened.settle()
            told = "12 drawings taught: 5 right before, 11 after, each tested unseen"
            opened.find(f"Fork: {told}")
            line = "fork, at once: 12 drawings 5 → 11 right (unseen); test 100.00% → 100.00%; fixed"
            assert lines(opened.app.model)[-1].startswith(line)
            assert line.index("; fixed") <= ROW
            _, now, rest = gap(opened.app.model, 80).split("\n")
            assert now.startswith("now +0.00 points")
            assert "fixed 0, broke 0" in rest
            await opened.press("H")
            assert len(opened.sent) == 1
            opened.find("There is a fork beside the run: k ends it")

    def test_what_goes_wrong_in_a_fork_is_told(
        self, model: RunModel, story: Any, tell: Tell
    ) -> None:
        tell(*story.opening(), *story.epochs(1), forked(story, "optimizer sgd"))
        tell(*of_fork(story.diverged(), happened.SaveFailed(100, "disk full")))
        assert lines(model)[-2:] == [
            "fork: loss became NaN at step 101",
            "not saved: disk full; s tries again now",
        ]
        assert model.state == "training"
