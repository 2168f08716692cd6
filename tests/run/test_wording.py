"""Commands in words: what they do, and what they set."""

from __future__ import annotations

import pytest

from digit_tui.run.commands import (
    AddEpochs,
    ScaleLearningRate,
    SetAugmentation,
    SetBatchSize,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    Setting,
)
from digit_tui.run.wording import command_words, setting_words


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
    ],
    ids=str,
)
def test_commands_in_words(command: Setting, does: str, sets: str) -> None:
    assert command_words(command) == does
    assert setting_words(command) == sets
