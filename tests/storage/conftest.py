"""What the tests of storage share: a run that was saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def saved(train: Any, tmp_path: Path) -> Path:
    """The folder of a run that is finished."""
    folder = tmp_path / "a" / "run"
    train(folder=folder)
    return folder
