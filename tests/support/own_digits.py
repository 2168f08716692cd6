"""Drawings of a person, in a data directory of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from digit_tui.data import add_own_digits


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where drawings are kept in this test; it does not exist yet."""
    data = tmp_path / "user-data"
    monkeypatch.setattr("digit_tui.data.own_digits.user_data_path", lambda *_, **__: data)
    return data / "mine"


def drawings(count: int, seed: int = 0) -> NDArray[np.uint8]:
    """Images (count, 28, 28) that all differ."""
    return np.random.default_rng(seed).integers(0, 256, (count, 28, 28), np.uint8)


def keep(labels: list[int], seed: int = 0) -> NDArray[np.uint8]:
    """Keep a drawing of each label; returns them, (n, 28, 28)."""
    images = drawings(len(labels), seed)
    assert add_own_digits(images, labels) == len(labels)
    return images
