"""A fixture that makes small runs by the API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.api import SMALL, NewRun

from digit_tui import Run
from digit_tui.data import Dataset


@pytest.fixture
def new_run(digits: Dataset) -> Iterator[NewRun]:
    """Makes small runs, and closes them."""
    runs: list[Run] = []

    def make(**options: Any) -> Run:
        preset = options.pop("preset", "standard")
        runs.append(Run(preset, **{"data": digits, **SMALL, **options}))
        return runs[-1]

    yield make
    for run in runs:
        run.close()
