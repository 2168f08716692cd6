"""What a command changes in the settings."""

from __future__ import annotations

from typing import Any

from digit_tui.nn import RULES
from digit_tui.training import commands as ask
from digit_tui.training.state import Settings


def changes_of(command: ask.Command, settings: Settings) -> dict[str, Any]:
    """The fields of Settings that a command asks for, with their new values, unchecked.

    Raises:
        TypeError: for a command that changes no setting.
    """
    match command:
        case ask.SetOptimizer(name, rate):
            if rate is None and name in RULES:
                rate = RULES[name].learning_rate
            return {"optimizer": name, "learning_rate": rate}
        case ask.SetLearningRate(value):
            return {"learning_rate": value}
        case ask.ScaleLearningRate(factor):
            return {"learning_rate": settings.learning_rate * factor}
        case ask.SetClipping(norm, value):
            return {"clip_norm": norm, "clip_value": value}
        case ask.SetAugmentation(name):
            return {"augment": name}
        case ask.SetBatchSize(size):
            return {"batch_size": size}
        case ask.AddEpochs(count):
            return {"epochs": settings.epochs + count}
        case _:
            raise TypeError(f"{command!r} changes no setting")
