"""Which parameters are tried at each change, and which more rarely."""

from __future__ import annotations

from typing import Any

import pytest


def rarely(*values: Any) -> list[Any]:
    """What is tried with `pytest -m long` only."""
    return [pytest.param(value, marks=pytest.mark.long) for value in values]


def endurance(*values: Any) -> list[Any]:
    """What is tried with `pytest -m soak` only."""
    return [pytest.param(value, marks=pytest.mark.soak) for value in values]
