"""What happened, in words for people."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

from digit_tui.training import commands as ask
from digit_tui.training.commands import Setting

if TYPE_CHECKING:
    from digit_tui.training.events import SettingChanged

NAMES = {
    "optimizer": "optimizer",
    "learning_rate": "learning rate",
    "weight_decay": "weight decay",
    "clip_norm": "clipping by norm",
    "clip_value": "clipping by value",
    "augment": "augmentation",
    "batch_size": "batch size",
    "epochs": "epochs",
}
"""Settings as a person calls them."""


def setting_value(value: Any) -> str:
    """A setting's value as a person would write it."""
    if value is None:
        return "off"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def setting_change(change: SettingChanged) -> str:
    """For example "learning rate 0.001 → 0.002"."""
    old, new = setting_value(change.old), setting_value(change.new)
    return f"{NAMES[change.setting]} {old} → {new}"


def setting_words(command: Setting) -> str:
    """A command that changes a setting, for example "learning rate × 2"."""
    match command:
        case ask.SetOptimizer(name, rate):
            return f"optimizer {name}" + (f" at rate {rate:.4g}" if rate is not None else "")
        case ask.SetLearningRate(value):
            return f"learning rate {value:.4g}"
        case ask.ScaleLearningRate(factor):
            return f"learning rate {f'× {factor:.4g}' if factor >= 1 else f'÷ {1 / factor:.4g}'}"
        case ask.SetClipping(norm, value):
            if norm is not None:
                return f"clipping by norm {norm:.4g}"
            return "no clipping" if value is None else f"clipping by value {value:.4g}"
        case ask.SetAugmentation(name):
            return f"augmentation {name}"
        case ask.SetBatchSize(value):
            return f"batch size {value}"
        case ask.AddEpochs(count):
            return f"{count} epoch{'s' if count != 1 else ''} more"


def divergence(what: str, value: float, step: int, change: SettingChanged | None) -> str:
    """For example "loss became NaN at step 1,204, 14 steps after learning rate 0.4 → 0.8"."""
    number = "NaN" if isnan(value) else "infinite"
    return f"{what} became {number} at step {step + 1:,}" + _after(step + 1, change)


def spike(before: float, value: float, step: int, change: SettingChanged | None) -> str:
    """For example "loss rose from 0.05 to 4.1 by step 1,204, 14 steps after optimizer ..."."""
    return f"loss rose from {before:.3g} to {value:.3g} by step {step:,}" + _after(step, change)


def _after(step: int, change: SettingChanged | None) -> str:
    if change is None:
        return ""
    steps = step - change.step
    return f", {steps:,} step{'s' if steps != 1 else ''} after {setting_change(change)}"
