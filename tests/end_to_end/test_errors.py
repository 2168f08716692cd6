"""Faults of the interface, in the real program: it goes on, or saves and tells of a report."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from digit_tui.storage.run_files import error_report
from digit_tui.storage.saved_run import SavedRun

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")

FAILING = [sys.executable, str(Path(__file__).with_name("failing.py"))]


def test_one_error_is_logged_and_two_leave(training: Callable[..., Any]) -> None:
    error_report().unlink(missing_ok=True)
    program, folder = training(program=FAILING, size=(120, 40))
    program.send("l")
    program.until("error in the interface, drawn anew: KeyError: 'log'")
    program.send(" ")  # it takes keys, and trains on
    program.until("⏸ paused")
    program.send(" ")
    program.until("▶ training")
    program.send("ll")
    assert program.status() == 1
    program.assert_restored()
    for words in (
        "Saved step ",
        "digit-tui: KeyError: 'log'",
        "digit-tui: a fault of digit-tui itself:",
        "digit-tui: the report is in ",
    ):
        assert words in program.text
    assert "in fail" in error_report().read_text()
    saved = SavedRun.read(folder)
    assert saved.state() == "interrupted"
    assert saved.checkpoint().state.step > 0


def test_errors_while_it_loads(training: Callable[..., Any]) -> None:
    program, _ = training(wait=False, program=FAILING)
    program.until("Loss by epoch")
    program.send("ll")
    assert program.status() == 1
    program.assert_restored()
    assert "digit-tui: the report is in " in program.text
