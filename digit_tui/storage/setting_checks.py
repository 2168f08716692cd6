"""What a setting in a file must be: the limits of RunConfig, as checks."""

from __future__ import annotations

from digit_tui.config import CHOICES, LIMITS, MAX_REAL
from digit_tui.storage.validation import Check, number, one_of, optional, whole

_POSITIVE = number(0, MAX_REAL, above=0)

SETTINGS: dict[str, Check] = {
    "optimizer": one_of(CHOICES["optimizer"]),
    "learning_rate": _POSITIVE,
    "weight_decay": number(0, MAX_REAL),
    "clip_norm": optional(_POSITIVE),
    "clip_value": optional(_POSITIVE),
    "augment": one_of(CHOICES["augment"]),
    "batch_size": whole(*LIMITS["batch_size"]),
    "epochs": whole(*LIMITS["epochs"]),
}
"""The fields of Settings."""
