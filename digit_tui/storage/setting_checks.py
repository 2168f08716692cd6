"""What a setting in a file must be: the limits of RunConfig, as checks."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from digit_tui.config import CHOICES, LIMITS, MAX_LAYERS, MAX_REAL, MAX_WIDTH
from digit_tui.data.drawings import FEWEST_DRAWINGS, MOST_DRAWINGS
from digit_tui.run.setting_ranges import MAX_PRUNED, SHA256
from digit_tui.storage.validation import (
    Check,
    Invalid,
    many,
    number,
    one_of,
    optional,
    shown,
    whole,
)

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
"""The fields of Settings that each file has that has settings."""

LAYER = whole(1, MAX_LAYERS)
UNIT = whole(0, MAX_WIDTH - 1)


def _unit_pair(value: Any) -> None:
    if not isinstance(value, list) or len(value) != 2:
        raise Invalid(f"{shown(value)} is no pair of a layer and a unit")
    LAYER(value[0])
    UNIT(value[1])


def _unit_pairs(value: Any) -> None:
    """Pairs in their order, each once."""
    many(_unit_pair, MAX_LAYERS * MAX_WIDTH)(value)
    if any(first >= second for first, second in pairwise(value)):
        raise Invalid("its units are not in their order")


def drawings_sum(value: Any) -> None:
    if not isinstance(value, str) or not SHA256.fullmatch(value):
        raise Invalid(f"{shown(value)} is no SHA-256")


DRAWINGS_COUNT = whole(FEWEST_DRAWINGS, MOST_DRAWINGS)


def _lesson(value: Any) -> None:
    if not isinstance(value, list) or len(value) != 2:
        raise Invalid(f"{shown(value)} is no pair of a sum and a number")
    drawings_sum(value[0])
    DRAWINGS_COUNT(value[1])


NEWER_SETTINGS: dict[str, Check] = {
    "switched_off": _unit_pairs,
    "pruned": number(0, MAX_PRUNED),
    "taught": many(_lesson),
    "sam": number(0, MAX_REAL),
}
"""The others, which earlier versions do not write, nor this one where they are empty."""
