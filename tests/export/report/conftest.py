"""A run that is reported on."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.mistakes import train


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on the sample, monitored with its test digits."""
    return train(tmp_path_factory.mktemp("reported") / "run")
