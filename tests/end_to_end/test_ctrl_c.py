"""Ctrl+C: once it pauses, twice it saves and leaves."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

import pytest
from support.terminal import step

from digit_tui.storage.saved_run import SavedRun

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals"),
    pytest.mark.timeout(60),
]

Start = Callable[..., Any]


class TestCtrlC:
    def test_once_pauses_and_twice_leaves(self, training: Start) -> None:
        program, folder = training()
        program.send("\x03")
        program.until(r"ctrl\+c once more saves and")  # for a few seconds
        program.until("⏸ paused")
        program.finish_frame()
        at = step(program)
        program.send("\x03")
        assert program.status() == 0
        program.assert_restored()
        assert SavedRun.read(folder).checkpoint().state.step == at
        assert f"Saved step {at:,} in" in re.sub(r"\s+", " ", program.text)

    @pytest.mark.long
    def test_twice_in_a_row(self, training: Start) -> None:
        program, folder = training()
        program.send("\x03\x03")
        assert program.status() == 0
        program.assert_restored()
        assert SavedRun.read(folder).checkpoint().state.step > 0
