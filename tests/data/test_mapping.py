from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from digit_tui.data.mapping import array_at, file_array, memory_file, new_array, place_of

needs_memory_files = pytest.mark.skipif(
    not hasattr(os, "memfd_create"), reason="no files in memory here"
)
NUMBERS = np.arange(6_000, dtype=np.uint8).reshape(100, 60)

READ = """
import sys
from digit_tui.data.mapping import Place, array_at
sys.stdout.buffer.write(array_at(Place(int(sys.argv[1]), int(sys.argv[2])), (97, 60)).tobytes())
"""


def in_memory() -> np.ndarray:
    with memory_file() as file:
        file.write(b"header" + NUMBERS.tobytes())
        return file_array(file, NUMBERS.shape, offset=6)


def on_disk(folder: Path) -> np.ndarray:
    path = folder / "numbers"
    path.write_bytes(b"header" + NUMBERS.tobytes())
    with path.open("rb") as file:
        return file_array(file, NUMBERS.shape, offset=6)


def filled() -> np.ndarray:
    array = new_array(NUMBERS.shape)
    assert not array.any()
    array[:] = NUMBERS
    return array


@needs_memory_files
@pytest.mark.parametrize("kind", ["memory", "disk", "new"])
def test_another_process_finds_an_array(kind: str, tmp_path: Path) -> None:
    array = {"memory": in_memory, "new": filled}[kind]() if kind != "disk" else on_disk(tmp_path)
    place = place_of(array.reshape(-1, 60)[3:])
    assert place is not None
    found = subprocess.run(
        [sys.executable, "-c", READ, *map(str, place)],
        pass_fds=[place.descriptor],
        capture_output=True,
        check=True,
    )
    assert found.stdout == NUMBERS[3:].tobytes()


def test_what_is_read_cannot_be_written(tmp_path: Path) -> None:
    for array in (in_memory(), on_disk(tmp_path)):
        np.testing.assert_array_equal(array, NUMBERS)
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@needs_memory_files
def test_a_place_is_of_bytes_in_a_row() -> None:
    array = filled()
    assert place_of(array[:, :30]) is None
    assert place_of(array.copy()) is None
    assert place_of(NUMBERS) is None


@needs_memory_files
def test_files_are_closed_with_the_last_array() -> None:
    gc.collect()  # what earlier tests left behind
    before = len(os.listdir("/proc/self/fd"))
    whole = filled()
    part = whole[50:]
    del whole
    place = place_of(part)
    assert place is not None
    np.testing.assert_array_equal(array_at(place, part.shape), NUMBERS[50:])
    del part
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(place.descriptor)


@needs_memory_files
def test_where_files_in_memory_are_forbidden_arrays_are_private(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(name: str) -> int:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "memfd_create", refuse)
    for array in (in_memory(), filled()):
        np.testing.assert_array_equal(array, NUMBERS)
        assert place_of(array) is None


@needs_memory_files
def test_no_room_in_a_file_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, offset: int, size: int) -> None:
        raise OSError(28, "No space left on device")

    before = len(os.listdir("/proc/self/fd"))
    monkeypatch.setattr(os, "posix_fallocate", refuse)
    assert place_of(filled()) is None
    assert len(os.listdir("/proc/self/fd")) == before


def test_without_files_in_memory_arrays_are_private(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    for array in (in_memory(), filled()):
        np.testing.assert_array_equal(array, NUMBERS)
        assert place_of(array) is None
    assert not in_memory().flags.writeable
    assert filled().flags.writeable
