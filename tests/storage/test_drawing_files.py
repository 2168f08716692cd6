"""Drawings in a run's folder: written once, whole, and known as the program's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from support.teaching import drawings_of

from digit_tui.run.commands import AppliedCommand, Teach
from digit_tui.storage.drawing_files import (
    all_drawings,
    read_drawings,
    write_drawings,
)
from digit_tui.storage.drawing_files import (
    drawings_of as taught_by,
)
from digit_tui.storage.errors import RunError
from digit_tui.storage.own_files import looks_own, own_name, sweep
from digit_tui.storage.run_files import DRAWINGS, drawings_name
from digit_tui.storage.run_index import our_files, remove_run


def test_they_are_written_once(tmp_path: Path) -> None:
    drawings = drawings_of()
    path = write_drawings(tmp_path, drawings)
    assert path.name == drawings_name(drawings.sha256)
    first = path.stat().st_ino
    assert write_drawings(tmp_path, drawings) == path
    assert path.stat().st_ino == first
    assert read_drawings(tmp_path, drawings.sha256).to_bytes() == drawings.to_bytes()
    path.write_bytes(b"")  # as after a power cut
    with pytest.raises(RunError, match="its checksum is wrong"):
        read_drawings(tmp_path, drawings.sha256)
    write_drawings(tmp_path, drawings)
    assert path.read_bytes() == drawings.to_bytes()
    assert os.listdir(tmp_path) == [path.name]


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    drawings = drawings_of()
    path = tmp_path / drawings_name(drawings.sha256)
    path.write_bytes(b"what somebody wrote")
    with pytest.raises(RunError, match="was not made by digit-tui"):
        write_drawings(tmp_path, drawings)
    assert path.read_bytes() == b"what somebody wrote"
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="was not made by digit-tui"):
        write_drawings(tmp_path, drawings)
    assert not (tmp_path / "elsewhere").exists()
    assert our_files(tmp_path) == []


def test_their_names_are_known(tmp_path: Path) -> None:
    name = drawings_name("0123456789abcdef" * 4)
    assert own_name(name) == DRAWINGS
    assert own_name(f".{name}.0123456789ab") == DRAWINGS
    for other in (DRAWINGS, name[:-1], f"{name}0", name.upper(), "drawings-", f"{name}.idx"):
        assert own_name(other) is None
    (tmp_path / name).write_bytes(drawings_of().to_bytes())
    assert looks_own(tmp_path / name)
    left = tmp_path / f".{name}.0123456789ab"
    left.write_bytes(b"half of it")
    sweep(tmp_path)
    assert os.listdir(tmp_path) == [name]


def test_a_run_is_removed_with_them(train: Any, teach_8: Teach, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    train([(5, teach_8)], folder=folder)
    assert drawings_name(teach_8.drawings) in os.listdir(folder)
    assert remove_run(folder) == []
    assert not folder.exists()


def test_all_that_can_be_read_and_all_that_are_needed(tmp_path: Path) -> None:
    first, second = drawings_of(), drawings_of(seed=8)
    for each in (first, second):
        write_drawings(tmp_path, each)
    assert {each.sha256 for each in all_drawings(tmp_path)} == {first.sha256, second.sha256}
    lineage = (AppliedCommand(5, Teach(first.sha256, 8)), AppliedCommand(9, Teach(first.sha256, 8)))
    assert [each.sha256 for each in taught_by(tmp_path, lineage)] == [first.sha256]
    with pytest.raises(RunError, match="has 8 drawings, not 9"):
        taught_by(tmp_path, (AppliedCommand(5, Teach(first.sha256, 9)),))
    (tmp_path / drawings_name(first.sha256)).write_bytes(b"")
    assert [each.sha256 for each in all_drawings(tmp_path)] == [second.sha256]
    with pytest.raises(RunError, match="is damaged"):
        taught_by(tmp_path, lineage)
