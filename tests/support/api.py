"""Small runs by the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from digit_tui import Run

NewRun = Callable[..., Run]

SMALL: dict[str, Any] = {
    "hidden": (8,),
    "optimizer": "adam",
    "learning_rate": 0.01,
    "batch_size": 32,
    "epochs": 3,
    "augment": "shift",
    "threads": 1,
}
"""Three epochs of eight steps on the patterns of `digits`."""
