"""What the tests of the headless front end share."""

from __future__ import annotations

import pytest

from digit_tui.training import saving


@pytest.fixture(autouse=True)
def saved_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """No checkpoints at the ends of epochs in this process: else the clock decides of them."""
    monkeypatch.setattr(saving, "SAVE_SHARE", -1.0)
