"""metrics.csv: a row for each epoch in force."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from support.command_script import CommandScript
from support.journal import refuse, rows_of

from digit_tui.run.commands import (
    GoBack,
    Save,
    SetLearningRate,
    Stop,
)
from digit_tui.run.events import EpochEnded, WentBack
from digit_tui.storage import metrics_file as metrics_file_module
from digit_tui.storage.history import History
from digit_tui.storage.journal import Line, iter_journal
from digit_tui.storage.metrics_file import COLUMNS, MetricsFile
from digit_tui.storage.run_writer import RunWriter
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training import undo
from digit_tui.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("saved_when_asked")


def assert_in_force(folder: Path) -> None:
    """The table has a row for each epoch on the way that the run took, and no other."""
    epochs = SavedRun.read(folder).history().epochs
    assert rows_of(folder) == [
        {name: str(line.get(name, "")) for name in COLUMNS} for line in epochs
    ]


def test_the_table_has_a_row_for_each_epoch(train: Any, tmp_path: Path) -> None:
    ran = train(folder=tmp_path)
    rows = rows_of(tmp_path)
    assert [row["epoch"] for row in rows] == ["1", "2"]
    for row, event in zip(rows, ran.all(EpochEnded), strict=True):
        assert list(row) == [each.name for each in fields(event)]
        for name, text in row.items():
            value = getattr(event, name)
            assert (type(value)(text) if text else None) == value  # to the last bit


def test_a_run_without_epochs_has_a_header(train: Any, tmp_path: Path) -> None:
    train(folder=tmp_path, epochs=0)
    assert rows_of(tmp_path) == []


def test_rows_that_were_undone_are_removed(train: Any, tmp_path: Path) -> None:
    script = [(17, GoBack(9, ())), (9, SetLearningRate(0.5)), (20, Stop())]
    train(script, folder=tmp_path, epochs=3, interactive=True)
    assert [row["step"] for row in rows_of(tmp_path)] == ["8", "16"]
    assert_in_force(tmp_path)


def test_rows_that_are_made_again_on_the_way_back_are_there_once(
    digits: Any, config: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No moment is in memory but the beginning: all is learned again up to step 20.
    monkeypatch.setattr(undo, "SNAPSHOT_SHARE", -1.0)
    script = CommandScript([(26, GoBack(20, ())), (30, Stop())])
    trainer = Trainer(config.with_(epochs=4), digits, script, RunWriter(tmp_path), interactive=True)
    went_back = False
    for event in trainer.run():
        numbers = [int(row["epoch"]) for row in rows_of(tmp_path)]
        assert numbers == list(range(1, len(numbers) + 1))
        went_back |= isinstance(event, WentBack)
    assert went_back
    assert numbers == [1, 2, 3]
    assert_in_force(tmp_path)


@pytest.mark.parametrize("step", [3, 8, 9, 15])
def test_the_table_of_a_run_that_goes_on_is_whole(
    step: int, kill: Any, go_on: Any, tmp_path: Path
) -> None:
    # Saved at one step, killed at a later one: the epochs between them are learned again.
    script = [(step, Save()), (17, Save())]
    kill(lambda event: isinstance(event, EpochEnded) and event.epoch == 2, script, folder=tmp_path)
    with open(tmp_path / "metrics.csv", "a") as file:
        file.write("2,16,0.0")  # and a torn row
    go_on(tmp_path)
    assert [row["epoch"] for row in rows_of(tmp_path)] == ["1", "2"]
    assert_in_force(tmp_path)


def test_a_row_that_the_disk_refused_comes_with_the_next(
    train: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "metrics.csv"
    told: list[Line] = []
    table = MetricsFile(path, lambda: told)

    def add(epoch: int) -> None:
        told.append(dict.fromkeys(COLUMNS, epoch))
        table.add(told[-1])

    table.write()
    add(1)
    with monkeypatch.context() as patch:
        patch.setattr(metrics_file_module, "open", refuse, raising=False)
        with pytest.raises(OSError, match="space"):
            add(2)
    with open(path, "a") as file:
        file.write("2,2")  # half of it was written
    add(3)
    assert [row["epoch"] for row in rows_of(tmp_path)] == ["1", "2", "3"]
    add(4)
    assert [row["epoch"] for row in rows_of(tmp_path)] == ["1", "2", "3", "4"]


def test_a_run_keeps_no_results_of_epochs_in_memory(
    config: Any, digits: Any, tmp_path: Path
) -> None:
    folder = RunWriter(tmp_path)
    trainer = Trainer(config, digits, CommandScript([]), folder)
    for event in trainer.run():
        if isinstance(event, EpochEnded):
            assert folder.history.epochs == []
            assert [line["epoch"] for line in folder.past().epochs][-1] == event.epoch


def test_the_table_is_written_without_all_lines_in_memory(train: Any, tmp_path: Path) -> None:
    """Of a run that went to another way and back, whose epochs are read from the journal."""
    script = [(17, GoBack(9, ())), (9, SetLearningRate(0.5)), (20, GoBack(17, ()))]
    train([*script, (24, Stop())], folder=tmp_path, epochs=3, interactive=True)
    assert_in_force(tmp_path)
    saved = SavedRun.read(tmp_path).history()
    counted = enumerate(iter_journal(tmp_path / "journal.jsonl"), 1)
    read = [0]
    lines = (read.append(count) or line for count, line in counted)
    found = History.epochs_of(lines, saved.step, saved.lineage)
    first = next(found)
    assert first["epoch"] == 1
    assert read[-1] < 6  # the lines after it are not read yet
    of_epochs = {line["epoch"]: line for line in (first, *found)}
    assert read[-1] > 10
    assert of_epochs == {line["epoch"]: line for line in saved.epochs}
