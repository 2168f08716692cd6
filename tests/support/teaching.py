"""Drawings to teach, and a person who keeps them: a plugin of the tests (see conftest.py)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from digit_tui.data.drawings import Drawings
from digit_tui.nn import fine_tuning
from digit_tui.run import settings
from digit_tui.run.commands import Teach
from digit_tui.training import teaching

Keep = Callable[..., Teach]


def drawings_of(count: int = 8, classes: int = 4, seed: int = 7) -> Drawings:
    """Coarse patterns, some for each class."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (count, 4, 4), dtype=np.uint8)
    return Drawings(coarse.repeat(7, 1).repeat(7, 2), np.arange(count, dtype=np.uint8) % classes)


@pytest.fixture
def keep_drawings(monkeypatch: pytest.MonkeyPatch) -> Keep:
    """Makes drawings, or the first of them, those that the person keeps; returns the command."""

    def keep(drawings: Drawings, first: int | None = None) -> Teach:
        kept = drawings.images[:first], drawings.labels[:first]
        for module in (settings, teaching):
            monkeypatch.setattr(module, "read_own_digits", lambda: kept)
        return Teach(drawings.sha256, len(drawings))

    return keep


@pytest.fixture
def teach_8(keep_drawings: Keep, monkeypatch: pytest.MonkeyPatch) -> Teach:
    """The command for eight drawings that the person keeps, carried out quickly."""
    monkeypatch.setattr(fine_tuning, "STEPS", 6)
    return keep_drawings(drawings_of())
