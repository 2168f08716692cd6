"""Arrays in memory that several processes share."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.workers import needs_workers

from digit_tui.engine import shared_memory as shared_memory_module
from digit_tui.engine.shared_memory import Arena, shared_arena
from digit_tui.engine.worker_pool import WorkerPoolError
from digit_tui.run.state import Vectors


@pytest.mark.parametrize("shared", [False, pytest.param(True, marks=needs_workers)])
def test_memory_hands_out_zeros_on_lines_of_their_own(shared: bool) -> None:
    memory = shared_arena(lambda memory: memory.allocate((999,), np.uint8)) if shared else Arena()
    arrays = [memory.allocate(shape, np.float32) for shape in ((3, 5), (1,), (0,), (17,))]
    assert arrays[0].shape == (3, 5)
    assert memory.size == 64 + 64 + 128
    for array in arrays:
        assert not array.any()
        assert not array.size or array.ctypes.data % 64 == 0


def test_each_slot_begins_with_a_line() -> None:
    slots = Vectors.make((9, 5, 3), False, Arena().allocate).slots
    assert len(slots) > 1
    assert all(slot.ctypes.data % 64 == 0 for slot in slots)


@needs_workers
def test_no_memory_to_share(train: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(size: int) -> int:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(shared_memory_module, "memory_file", refuse)
    with pytest.raises(
        WorkerPoolError, match="cannot share memory with worker processes: Cannot allocate"
    ):
        train(threads=2)


@needs_workers
def test_closed_standard_streams_are_not_taken_for_memory(tmp_path: Path) -> None:
    command = f"{sys.executable} -m digit_tui --batch --data sample --preset classic --epochs 2"
    command += f" --threads 2 --run {tmp_path / 'run'} <&- >&- 2>&-"
    assert subprocess.run(["/bin/sh", "-c", command], timeout=60).returncode == 0
    assert '"state": "finished"' in (tmp_path / "run" / "run.json").read_text()
