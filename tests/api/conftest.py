"""A fixture that makes small runs by the API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.api import SMALL, NewRun

from digit_tui import Run
from digit_tui.data import Dataset, write_idx


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


@pytest.fixture(scope="session")
def kept_digits(digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Options of a run on `digits` in a folder, so that it can be saved."""
    folder = tmp_path_factory.mktemp("digits")
    for name, images, labels in (
        ("train", digits.train_images, digits.train_labels),
        ("t10k", digits.test_images, digits.test_labels),
    ):
        write_idx(folder / f"{name}-images-idx3-ubyte", images.reshape(-1, 6, 6))
        write_idx(folder / f"{name}-labels-idx1-ubyte", labels)
    return {"data": folder, "side": 6}


@pytest.fixture(scope="session")
def untouched(digits: Dataset) -> Iterator[Run]:
    """A run that is asked for what it refuses."""
    with Run("standard", data=digits, **SMALL) as run:
        yield run
