"""Commands in words: what they do, and what they set."""

from __future__ import annotations

from dataclasses import replace

import pytest

from digit_tui.config import RunConfig
from digit_tui.data import Dataset, counted
from digit_tui.run.commands import (
    AddEpochs,
    AppliedCommand,
    Prune,
    ScaleLearningRate,
    SetAugmentation,
    SetBatchSize,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    Setting,
    SwitchOff,
    SwitchOn,
)
from digit_tui.run.events import ForkEnded, Refused, SettingChanged, WentBack, WorkerLost
from digit_tui.run.remedies import KEEP_FIRST, NO_CHANGE
from digit_tui.run.setting_words import command_words, rate_words, setting_words
from digit_tui.run.settings import Settings
from digit_tui.run.wording import ROW, kept, line_for, loaded, spike
from digit_tui.tui.bindings import WAYS


@pytest.mark.parametrize(
    ("command", "does", "sets"),
    [
        (SetOptimizer("sgd"), "switch to sgd", "optimizer sgd"),
        (SetOptimizer("sgd", 0.1), "switch to sgd at rate 0.1", "optimizer sgd at rate 0.1"),
        (SetLearningRate(0.3), "set the learning rate to 0.3", "learning rate 0.3"),
        (ScaleLearningRate(2.0), "double the learning rate", "learning rate × 2"),
        (ScaleLearningRate(0.5), "halve the learning rate", "learning rate ÷ 2"),
        (ScaleLearningRate(3.0), "multiply the learning rate by 3", "learning rate × 3"),
        (ScaleLearningRate(0.25), "divide the learning rate by 4", "learning rate ÷ 4"),
        (SetClipping(), "stop clipping", "no clipping"),
        (SetClipping(norm=1.0), "clip by norm 1", "clipping by norm 1"),
        (SetClipping(value=0.1), "clip by value 0.1", "clipping by value 0.1"),
        (SetAugmentation("none"), "stop augmenting", "augmentation none"),
        (SetAugmentation("shift"), "augment: shift", "augmentation shift"),
        (SetBatchSize(64), "set the batch size to 64", "batch size 64"),
        (AddEpochs(1), "add 1 epoch", "1 epoch more"),
        (AddEpochs(10), "add 10 epochs", "10 epochs more"),
        (SwitchOff(1, (17,)), "switch off unit 17 of layer 1", "unit 17 of layer 1 off"),
        (
            SwitchOn(2, (9, 3, 4)),
            "switch on units 3, 4 and 9 of layer 2",
            "units 3, 4 and 9 of layer 2 on",
        ),
        (
            SwitchOff(1, tuple(range(40))),
            "switch off 40 units of layer 1",
            "40 units of layer 1 off",
        ),
        (Prune(0.3), "prune 30% of the weights", "30% of the weights pruned"),
        (Prune(0), "stop pruning", "no pruning"),
    ],
    ids=str,
)
def test_commands_in_words(command: Setting, does: str, sets: str) -> None:
    assert command_words(command) == does
    assert setting_words(command) == sets


def doubled(epoch: float, step: int = 100) -> SettingChanged:
    """A learning rate of 0.2 in a run of 100 epochs."""
    settings = replace(Settings.of(RunConfig()), learning_rate=0.2, epochs=100)
    return SettingChanged(step, epoch, "learning_rate", 0.1, 0.2, settings)


@pytest.mark.parametrize(
    ("epoch", "schedule", "effect"),
    [
        (95.0, "constant", ""),
        (50.0, "cosine", ""),
        (95.0, "cosine", " (0.0012 by the schedule)"),  # 0.2 (1 + cos(0.95 pi)) / 2
        (99.9, "cosine", " (nearly 0 by the schedule)"),
        (100.0, "cosine", " (0 by the schedule)"),
        (0.0, "onecycle", " (0.008 by the schedule)"),
    ],
)
def test_a_rate_of_which_the_schedule_leaves_little(
    epoch: float, schedule: str, effect: str
) -> None:
    line = line_for(doubled(epoch), schedule=schedule)
    assert line == f"epoch {epoch:.2f}: set learning rate 0.1 → 0.2{effect}"


@pytest.mark.parametrize(
    ("epoch", "schedule", "effect"),
    [
        (100.0, "constant", ""),
        (1.0, "cosine", ""),
        (100.0, "cosine", " (cosine: rate rises to 0.0041 of 0.2)"),  # 0.1 (1 + cos(pi / 1.1))
        (90.0, "onecycle", " (onecycle: rate rises to 0.031 of 0.2)"),
    ],
)
def test_more_epochs_raise_the_rate_again(epoch: float, schedule: str, effect: str) -> None:
    settings = replace(doubled(epoch).settings, epochs=110)
    line = line_for(SettingChanged(0, epoch, "epochs", 100, 110, settings), schedule=schedule)
    assert line == f"epoch {epoch:.2f}: set epochs 100 → 110{effect}"


def test_a_rate_of_nearly_nothing_has_no_digits() -> None:
    settings = doubled(99.0).settings
    words = "learning rate nearly 0, falling from 0.2 by the schedule"
    assert rate_words(settings, 2.629e-11, falls=True)[0] == words
    assert rate_words(settings, 0.001, falls=True)[-2:] == ["rate 0.001 of 0.2", "rate 0.001"]


def test_a_rate_that_was_set_at_the_end_is_for_further_epochs() -> None:
    settings = doubled(100.0).settings
    words = rate_words(settings, 0.0, falls=True, further=0.0123)
    assert words[0] == "learning rate 0, further epochs begin at 0.012 of 0.2"
    assert words[-1] == "further epochs at 0.012"


@pytest.mark.parametrize(("steps", "named"), [(1, True), (1_000, True), (1_001, False)])
def test_only_a_recent_change_may_have_caused_trouble(steps: int, named: bool) -> None:
    text = spike(0.05, 4.1, 100 + steps, [doubled(1.0)])
    assert text == "loss rose from 0.05 to 4.1" + (
        f", {counted(steps, 'step')} after learning rate 0.1 → 0.2"
        if named
        else f" by step {100 + steps:,}"
    )


RATE = AppliedCommand(2_000, SetOptimizer("momentum", 0.12345))
FORK = "2026-11-28_13-45-00_classic-fork-12345"


@pytest.mark.parametrize(
    "line",
    [
        line_for(ForkEnded(12_345, "run", f"/runs/{FORK}", "asked")),
        line_for(ForkEnded(12_345, "run", f"/runs/{FORK}", "diverged")),
        line_for(Refused(0, "Nothing is left to undo", NO_CHANGE), WAYS),
        line_for(
            SettingChanged(
                *(4_960, 155.0, "epochs", 155, 165),
                replace(doubled(1.0).settings, epochs=165),
            ),
            schedule="onecycle",
        ),
        line_for(Refused(0, "There is a fork beside the run", KEEP_FIRST), WAYS),
        line_for(
            WentBack(
                *(2_400, 149.5, 2_500, 154.7, 100),
                *((RATE, RATE), (), doubled(1.0).settings, 149.6, (RATE,), 154.7, (RATE, RATE)),
            )
        ),
        line_for(WorkerLost(0, 123_456, "was killed by signal 9", 1)),
        *kept("2026-11-28_13-45-00_classic", FORK),
        *kept(None),
    ],
)
def test_lines_fit_the_log_of_a_small_terminal(line: str) -> None:
    assert len(line) <= ROW - len("A "), line


def test_of_several_undone_commands_there_are_names_where_they_fit() -> None:
    settings = doubled(1.0).settings
    halve = AppliedCommand(1, ScaleLearningRate(0.5))

    def undone(*commands: AppliedCommand) -> str | None:
        # What is undone need not have been repeated yet.
        return line_for(WentBack(0, 0.0, 2, 0.5, 7, (), (), settings, 0.4, (), 0.5, commands))

    def words(*commands: AppliedCommand) -> str:
        return (undone(*commands) or "").split("undone: ")[1]

    assert words(halve) == "halve the learning rate; repeating 7 steps"
    switch = AppliedCommand(1, SetOptimizer("sgd"))
    assert words(switch, AppliedCommand(1, AddEpochs(1))).startswith("switch to sgd, add 1 epoch;")
    assert words(RATE, halve) == "halve the rate and 1 other change; repeating 7 steps"
    assert (
        words(RATE, *[switch] * 3) == "switch to sgd 3 times and 1 other change; repeating 7 steps"
    )


def test_a_dataset_is_told_with_what_should_be_known_about_it(sample: Dataset) -> None:
    words = "sample: 4,000 training and 1,000 test images"
    assert loaded(sample) == [words]
    assert loaded(replace(sample, notes=("it was split",))) == [words, "it was split"]
