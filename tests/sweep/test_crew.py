"""Workers of a sweep that come and go, with processes that only wait for their end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from digit_tui.sweep import crew as crew_module
from digit_tui.sweep.crew import Crew
from digit_tui.sweep.storages import Place

WAIT = "import sys; sys.stdin.readlines()"


@pytest.fixture
def crew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Crew:
    start = subprocess.Popen

    def waiting(command: list[str], **options: Any) -> subprocess.Popen[str]:
        process: subprocess.Popen[str] = start([sys.executable, "-c", WAIT], **options)
        return process

    monkeypatch.setattr(crew_module.subprocess, "Popen", waiting)
    return Crew(Place("one", None, tmp_path), 1, 15.0)


def test_the_last_worker_stays_until_all_are_to_end(crew: Crew) -> None:
    for _ in range(3):
        crew.add()
    sizes = []
    for _ in range(4):
        crew.remove()
        sizes.append(crew.size)
    crew.kill()
    assert sizes == [2, 1, 1, 1]
    assert crew.size == 0
