"""What happened, in words for people."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

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


def divergence(what: str, value: float, step: int, change: SettingChanged | None) -> str:
    """For example "loss became NaN at step 1,204, 14 steps after learning rate 0.4 → 0.8"."""
    number = "NaN" if isnan(value) else "infinite"
    text = f"{what} became {number} at step {step + 1:,}"
    if change is not None:
        steps = step + 1 - change.step
        text += f", {steps:,} step{'s' if steps != 1 else ''} after {setting_change(change)}"
    return text
