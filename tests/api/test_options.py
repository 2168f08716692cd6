"""The options of the API are those of a run."""

from __future__ import annotations

from dataclasses import fields

from digit_tui.api.options import CHANGES, OPTIONS, SETTINGS
from digit_tui.config import RunConfig
from digit_tui.manual import read
from digit_tui.run.settings import OPTIONLESS, Settings


def test_each_option_of_a_run_is_one() -> None:
    assert {*OPTIONS, "preset", "data"} == {field.name for field in fields(RunConfig)}
    settable = {field.name for field in fields(Settings)} - {*OPTIONLESS, "weight_decay"}
    assert set(SETTINGS) == settable  # weight decay comes with its optimizer
    assert set(CHANGES) == settable - {"batch_size", "epochs"}


def test_the_manual_names_them() -> None:
    text = read("python")
    assert all(f"`{name}`" in text for name in OPTIONS)
