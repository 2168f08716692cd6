"""Programs that a signal ends, and the runs that they leave."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from support.rarely import rarely

from digit_tui.storage.saved_run import SavedRun

LEAVE_SECONDS = 2.0
"""A signal ends the program within this time, what it does at the moment included."""
HOLD_SECONDS = 7.0
"""Also where something holds it: five for the save, one for the interface, and one to spare."""
PART_SECONDS = "0.3"
"""How long a part takes that a signal is to meet."""

SLOW = str(Path(__file__).parents[1] / "end_to_end" / "slow.py")

NAMES = ("SIGTERM", "SIGHUP", "SIGINT")


def slow(what: str, mark: Path, seconds: str = PART_SECONDS) -> dict[str, Any]:
    """Settings that start the program with a part slowed down."""
    return {"program": [sys.executable, SLOW, what, seconds, str(mark)]}


def marks(mark: Path) -> int:
    """How often the part began."""
    return mark.stat().st_size if mark.exists() else 0


def end(program: Any, name: str, seconds: float = LEAVE_SECONDS) -> None:
    """Send a signal and see the program go in time, with the right status."""
    number = getattr(signal, name)
    started = monotonic()
    program.process.send_signal(number)
    assert program.status() == 128 + number
    assert monotonic() - started <= seconds
    program.assert_restored()


def assert_saved(folder: Path, at: int | None = None) -> int:
    """The run can be gone on with, and knows that it was interrupted; the step it stands at."""
    saved = SavedRun.read(folder)
    assert saved.state() == "interrupted"
    assert saved.record["state"] == "interrupted"  # it was told, not found out
    saved_at = saved.checkpoint().state.step
    assert not saved.damaged
    assert saved.record["results"]["steps"] == saved_at > 0
    assert at is None or saved_at == at
    assert not [file for file in os.listdir(folder) if file.startswith(".")]
    return saved_at


def signals(short: str) -> pytest.MarkDecorator:
    """All signals, those but the one named in the long variant."""
    others = rarely(*(name for name in NAMES if name != short))
    return pytest.mark.parametrize("name", [short, *others])
