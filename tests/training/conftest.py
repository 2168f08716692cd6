"""What the tests of training share: which snapshots a run keeps, and a larger dataset."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from digit_tui.data import Dataset
from digit_tui.engine.batches import BLOCK
from digit_tui.training import undo


@pytest.fixture
def every_half_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment is kept at each half epoch, whatever that costs."""
    monkeypatch.setattr(undo, "SNAPSHOT_SHARE", 1e9)


@pytest.fixture
def no_half_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moments are kept before commands only, whatever the clock says."""
    monkeypatch.setattr(undo, "SNAPSHOT_SHARE", -1.0)


@pytest.fixture(scope="module")
def many(make_digits: Callable[..., Dataset]) -> Dataset:
    """Images for three blocks an epoch."""
    digits = make_digits(train=9_000, side=4)
    assert 2 * BLOCK < len(digits.train_labels) < 3 * BLOCK
    return digits
