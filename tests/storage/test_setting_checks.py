"""A file may have a setting exactly where RunConfig takes it."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest

from digit_tui.config import LIMITS, MAX_REAL, MAX_WIDTH, NEWER, ConfigError, RunConfig
from digit_tui.run.settings import OPTIONLESS, Settings
from digit_tui.storage.setting_checks import NEWER_SETTINGS, SETTINGS
from digit_tui.storage.validation import Invalid

VALUES: list[Any] = [
    *(value for low, high in LIMITS.values() for value in (low - 1, low, high, high + 1)),
    *(0.0, -1.0, 1e-9, MAX_REAL, 2 * MAX_REAL, float("nan"), True, "adam", "elastic", "tiger", ""),
]


def test_all_settings_are_checked() -> None:
    assert list(SETTINGS | NEWER_SETTINGS) == [field.name for field in fields(Settings)]
    assert tuple(NEWER_SETTINGS) == (*OPTIONLESS, *NEWER)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        (
            "switched_off",
            [[], [[1, 0]], [[1, 3], [1, 4], [2, 0]]],
            [
                *(None, [1, 0], [[1]], [[1, 0, 0]], [[0, 1]], [[1, -1]], [[21, 0]], [[1, True]]),
                *([[1, 4], [1, 3]], [[1, 3], [1, 3]], [[1, MAX_WIDTH]], {"x": 1}, "12"),
            ],
        ),
        ("pruned", [0, 0.0, 0.5, 0.99], [-0.1, 0.991, 1, float("nan"), True, None, "0.5"]),
    ],
)
def test_what_is_removed_is_checked(name: str, right: list[Any], wrong: list[Any]) -> None:
    for value in right:
        NEWER_SETTINGS[name](value)
    for value in wrong:
        with pytest.raises(Invalid):
            NEWER_SETTINGS[name](value)


def test_settings_with_nothing_removed_are_written_as_by_earlier_versions() -> None:
    settings = Settings.of(RunConfig(epochs=3))
    assert list(settings.to_json()) == list(SETTINGS)
    assert Settings.from_json(settings.to_json()) == settings
    removed = replace(settings, switched_off=((1, 2), (2, 0)), pruned=0.3)
    assert Settings.from_json(json.loads(json.dumps(removed.to_json()))) == removed


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
