"""A file may have a setting exactly where RunConfig takes it."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from digit_tui.config import LIMITS, MAX_REAL, ConfigError, RunConfig
from digit_tui.run.settings import Settings
from digit_tui.storage.setting_checks import SETTINGS
from digit_tui.storage.validation import Invalid

VALUES: list[Any] = [
    *(value for low, high in LIMITS.values() for value in (low - 1, low, high, high + 1)),
    *(0.0, -1.0, 1e-9, MAX_REAL, 2 * MAX_REAL, float("nan"), True, "adam", "elastic", "lion", ""),
]


def test_all_settings_are_checked() -> None:
    assert list(SETTINGS) == [field.name for field in fields(Settings)]


@pytest.mark.parametrize("name", SETTINGS)
def test_the_limits_of_files_are_those_of_the_options(name: str) -> None:
    for value in VALUES:
        if name in ("batch_size", "epochs") and isinstance(value, float):
            continue  # neither takes it, each with its own words
        if name not in ("optimizer", "augment") and isinstance(value, str):
            continue
        assert takes(name, value) == passes(name, value), value


def takes(name: str, value: Any) -> bool:
    try:
        RunConfig(**{name: value})
    except ConfigError:
        return False
    return True


def passes(name: str, value: Any) -> bool:
    try:
        SETTINGS[name](value)
    except Invalid:
        return False
    return True
