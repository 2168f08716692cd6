"""What a run's journal and its table of epochs tell."""

from __future__ import annotations

import csv
import errno
import json
import os
import re
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digit_tui.run.commands import (
    AddEpochs,
    AppliedCommand,
    GoBack,
    Lineage,
    Save,
    ScaleLearningRate,
    SetAugmentation,
    SetBatchSize,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    Setting,
    Stop,
    Undo,
)
from digit_tui.run.events import EpochEnded, RunEnded, SaveFailed, WentBack
from digit_tui.run.lineage import lineage_from_json, lineage_to_json
from digit_tui.storage import metrics_file as metrics_file_module
from digit_tui.storage.errors import RunError
from digit_tui.storage.history import History
from digit_tui.storage.journal import (
    JournalFile,
    Line,
    command_line,
    go_back_line,
    read_journal,
)
from digit_tui.storage.metrics_file import COLUMNS, MetricsFile
from digit_tui.storage.run_writer import ForkedFrom, RunWriter
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training import undo
from digit_tui.training.command_source import CommandScript
from digit_tui.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("saved_when_asked")

SETTINGS: list[Setting] = [
    SetOptimizer("sgd"),
    SetOptimizer("adam", 0.1),
    SetLearningRate(1 / 3),
    ScaleLearningRate(0.5),
    SetClipping(),
    SetClipping(norm=1.5),
    SetClipping(value=1e-30),
    SetAugmentation("elastic"),
    SetBatchSize(17),
    AddEpochs(3),
]


def refuse(*_: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


# The file


def test_lines_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    lines: list[Line] = [{"step": 3, "name": "é\n"}, {}, {"value": 1 / 3, "none": None}]
    with closing(JournalFile(path)) as journal:
        for number, line in enumerate(lines, start=1):
            journal.append(line)
            assert read_journal(path) == lines[:number]  # at once, for who looks meanwhile
    with closing(JournalFile(path)) as journal:
        journal.append({"step": 4})
    assert read_journal(path) == [*lines, {"step": 4}]


def test_a_journal_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "journal.jsonl") == []


WHOLE = b'{"step": 1}\n{"step": 2}\n'


@pytest.mark.parametrize("cut", range(1, len('{"step": 3}\n')))
def test_a_last_line_that_was_torn_is_dropped(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(WHOLE + b'{"step": 3}\n'[:cut])
    assert read_journal(path) == [{"step": 1}, {"step": 2}]
    with closing(JournalFile(path)) as journal:
        journal.append({"step": 4})
    assert path.read_bytes() == WHOLE + b'{"step": 4}\n'


def test_a_file_that_is_nothing_but_torn_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b'{"st')
    assert read_journal(path) == []
    with closing(JournalFile(path)) as journal:
        journal.sync()
    assert path.read_bytes() == b""


@pytest.mark.parametrize(
    "middle", [b"", b"{", b"{]", b"[]", b"7", b"null", b'"x"', b"\xff", b"{} {}", b"\0" * 20]
)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_damaged_line_is_named_by_its_number(number: int, middle: bytes, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(WHOLE.splitlines(True)[0] * (number - 1) + middle + b"\n" + WHOLE)
    with pytest.raises(RunError, match=rf"journal\.jsonl is damaged: line {number} "):
        read_journal(path)


def test_what_only_looks_like_the_end_of_a_line_is_part_of_it(tmp_path: Path) -> None:
    # Python takes these for ends of lines in a text.
    path = tmp_path / "journal.jsonl"
    path.write_bytes('{"name": "\u2028\x85\u2029"}\n'.encode())
    assert read_journal(path) == [{"name": "\u2028\x85\u2029"}]


def test_a_journal_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=re.escape(f"{tmp_path} cannot be read")):
        read_journal(tmp_path)


@pytest.mark.parametrize("part", [0, 1, 7])
def test_a_line_that_the_disk_refused_comes_before_the_next(
    part: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.jsonl"
    write = os.write

    def write_part(descriptor: int, content: memoryview) -> None:
        write(descriptor, content[:part])
        refuse()

    with closing(JournalFile(path)) as journal:
        journal.append({"step": 1})
        for step in (2, 3):
            with monkeypatch.context() as patch:
                patch.setattr(os, "write", write_part)
                with pytest.raises(OSError, match="space"):
                    journal.append({"step": step})
            assert read_journal(path) == [{"step": 1}]
        journal.append({"step": 4})
    expected = [{"step": step} for step in range(1, 5)]
    assert read_journal(path) == expected
    assert path.read_bytes() == b"".join(json.dumps(line).encode() + b"\n" for line in expected)


def test_a_disk_that_takes_little_at_a_time_gets_it_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, content: write(file, content[:3]))
    with closing(JournalFile(tmp_path / "journal.jsonl")) as journal:
        journal.append({"step": 12_345})
    assert read_journal(tmp_path / "journal.jsonl") == [{"step": 12_345}]


# Commands, as lines


@pytest.mark.parametrize("command", SETTINGS, ids=str)
def test_commands_become_lines_and_come_back(command: Setting) -> None:
    lineage = (AppliedCommand(0, SetLearningRate(0.5)), AppliedCommand(7, command))
    text = json.dumps(command_line(lineage), allow_nan=False)
    assert lineage_from_json([json.loads(text)]) == lineage[1:]
    line = json.loads(json.dumps(go_back_line(9, 7, lineage), allow_nan=False))
    assert (line["step"], line["command"], line["to"]) == (9, "go_back", 7)
    assert lineage_from_json(line["course"]) == lineage
    assert lineage_from_json(lineage_to_json(lineage)) == lineage


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"command": "set_learning_rate", "value": 1},
        {"step": 1, "command": "set_learning_rate"},
        {"step": "1", "command": "set_learning_rate", "value": 1},
        {"step": None, "command": "set_learning_rate", "value": 1},
        {"step": 1, "command": "pause"},
        {"step": 1, "command": ["set_learning_rate"], "value": 1},
        None,
    ],
    ids=str,
)
def test_what_is_no_command_is_an_error(value: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        lineage_from_json([value])


# The history


def test_the_history_of_a_run(train: Any, tmp_path: Path) -> None:
    script = [(3, SetLearningRate(0.02)), (3, SetAugmentation("shift")), (9, SetClipping(norm=1))]
    ran = train(script, folder=tmp_path)
    history = SavedRun.read(tmp_path).history()
    # What changed nothing has not steered it.
    assert (
        [tuple(applied) for applied in history.lineage]
        == [script[0], script[2]]
        == [tuple(applied) for applied in ran.trainer.state.lineage]
    )
    assert history.end == history.step == 16
    assert [(line["epoch"], line["step"]) for line in history.epochs] == [(1, 8), (2, 16)]
    assert [line["test_accuracy"] for line in history.epochs] == [
        event.test_accuracy for event in ran.all(EpochEnded)
    ]
    names = [line.get("event") or line["command"] for line in SavedRun.read(tmp_path).lines()]
    assert names == [
        *["set_learning_rate", "epoch_ended", "set_clipping", "epoch_ended"],
        *["checkpoint_saved", "ended"],
    ]


def test_what_was_undone_is_not_in_force_but_stays_in_the_journal(
    train: Any, tmp_path: Path
) -> None:
    script = [(3, SetLearningRate(0.5)), (9, SetLearningRate(0.1)), (12, Undo()), (14, Undo())]
    ran = train([*script, (20, Stop())], folder=tmp_path, epochs=3, interactive=True)
    saved = SavedRun.read(tmp_path)
    assert saved.history().lineage == ran.trainer.state.lineage == ()
    assert [line["command"] for line in saved.lines() if "command" in line] == [
        *["set_learning_rate", "set_learning_rate", "go_back", "go_back"],
    ]
    told = [line for line in saved.lines() if line.get("event") == "epoch_ended"]
    assert [line["step"] for line in told] == [8, 8, 16]
    assert saved.history().epochs == told[1:]  # the first of them was learned anew, otherwise


def test_a_history_that_is_no_history_is_damage(train: Any, tmp_path: Path) -> None:
    train(folder=tmp_path)
    for line in (
        {"command": "dance", "step": 3},
        {"command": "go_back", "step": 3},
        {"command": "go_back", "step": 3, "to": 1, "course": [{}]},
        {"event": "epoch_ended", "epoch": 1},
        {"event": "epoch_ended", "step": 8},
        {"event": "resumed"},
        {"event": "resumed", "step": "8"},
        {"event": "checkpoint_saved", "step": None},
        {"command": "go_back", "step": 3, "to": "1", "course": []},
    ):
        (tmp_path / "journal.jsonl").write_text(json.dumps(line) + "\n")
        with pytest.raises(RunError, match=r"journal\.jsonl is damaged"):
            SavedRun.read(tmp_path).history()


class SnapshotInfo(NamedTuple):
    """A moment of the model below."""

    step: int = 0
    lineage: Lineage = ()
    epochs: tuple[str, ...] = ()
    """The results of the epochs on the way to it, by a name."""


class Model:
    """A run with epochs of four steps, simply: the way to every moment that ever was."""

    def __init__(self) -> None:
        self.way = [SnapshotInfo()]
        """All moments on the way to where it stands, this one last."""
        self.ways = [self.way]
        self.left: list[SnapshotInfo] = []
        """Where it went back."""
        self.ahead: list[SnapshotInfo] = []
        """What the journal knows of, but is made again after a crash."""
        self.lines: list[Line] = []

    @property
    def here(self) -> SnapshotInfo:
        return self.way[-1]

    def train(self, steps: int) -> None:
        for _ in range(steps):
            step, lineage, epochs = self.here
            if self.ahead:
                self._arrive(self.ahead.pop(0))
            else:
                # The same way leads to the same results.
                ended = (f"{step + 1} by {lineage}",) if step % 4 == 3 else ()
                self._arrive(SnapshotInfo(step + 1, lineage, epochs + ended))

    def _arrive(self, there: SnapshotInfo) -> None:
        if len(there.epochs) > len(self.here.epochs):
            number, name = len(there.epochs), there.epochs[-1]
            line = {"event": "epoch_ended", "epoch": number, "step": there.step, "name": name}
            self.lines.append(line)
        self.way = [*self.way, there]
        self.ways.append(self.way)

    def steer(self, value: int) -> None:
        self.train(len(self.ahead))  # until then it is held back
        step, lineage, epochs = self.here
        lineage = (*lineage, AppliedCommand(step, SetLearningRate(value)))
        self.lines.append(command_line(lineage))
        self._arrive(SnapshotInfo(step, lineage, epochs))

    def go_back(self, choice: int) -> None:
        self.train(len(self.ahead))
        self.left.append(self.here)
        self.way = self.ways[choice % len(self.ways)]
        there = self.here
        self.lines.append(go_back_line(self.left[-1].step, there.step, there.lineage))

    def save(self, _: int) -> None:
        self.lines.append({"event": "checkpoint_saved", "step": self.here.step})

    def crash(self, choice: int) -> None:
        """It is killed, and goes on from a checkpoint on the way; the rest comes again."""
        place = 1 + choice % len(self.way)
        self.ahead = [*self.way[place:], *self.ahead]
        self.way = self.way[:place]
        self.lines.append({"event": "resumed", "step": self.here.step})


DOES = st.lists(
    st.one_of(
        st.tuples(st.just(Model.train), st.integers(1, 9)),
        st.tuples(st.just(Model.steer), st.integers(1, 3)),
        st.tuples(st.just(Model.go_back), st.integers(0, 1_000)),
        st.tuples(st.just(Model.crash), st.integers(0, 1_000)),
        st.tuples(st.just(Model.save), st.just(0)),
    ),
    max_size=30,
)


@given(DOES)
def test_the_history_is_that_of_a_simple_model(does: list[tuple[Any, int]]) -> None:
    model = Model()
    for do, value in does:
        do(model, value)
        history = History.of(json.loads(json.dumps(model.lines)))
        known = (model.ahead or model.way)[-1].lineage
        assert history.lineage == known
        assert [line["name"] for line in history.epochs] == list(model.here.epochs)
        assert history.step <= model.here.step  # not every step is told of ...
        assert history.end >= max([0, *(applied.step for applied in known)])
    model.save(0)
    assert History.of(model.lines).step == model.here.step  # ... but saves are


@given(DOES)
def test_a_run_goes_on_from_no_moment_that_was_undone(does: list[tuple[Any, int]]) -> None:
    model = Model()
    for do, value in does:
        do(model, value)
    history = History.of(model.lines)
    way = {(moment.step, moment.lineage) for moment in (*model.way, *model.ahead)}
    for step, lineage, _ in {moment for each in model.ways for moment in each}:
        if history.on_lineage(
            step, lineage, history.go_back_count - 1
        ):  # saved before it went back
            assert (step, lineage) in way
    for moment in model.way:  # saved since it went back last
        assert history.on_lineage(moment.step, moment.lineage, history.go_back_count)


def test_a_fork_knows_its_past(config: Any, digits: Any, tmp_path: Path) -> None:
    lines: list[Line] = [
        {"event": "epoch_ended", "epoch": 1, "step": 8},
        {"step": 8, "command": "set_learning_rate", "value": 0.5},  # at the end of the epoch
        {"event": "epoch_ended", "epoch": 2, "step": 16},
        {"event": "test_opened", "step": 16},
    ]
    past = History.of(lines)
    parent = RunWriter(tmp_path / "parent")
    parent.path.mkdir()
    with closing(JournalFile(parent.path / "journal.jsonl")) as journal:
        for line in lines:
            journal.append(line)
    folder = RunWriter(tmp_path)
    folder.begin(config, digits.summary(), ForkedFrom(parent, 16))
    folder.close()
    history = SavedRun.read(tmp_path).history()
    assert (history.step, history.lineage, history.epochs) == (16, past.lineage, past.epochs)
    assert history.test_opened == 16
    assert SavedRun.read(tmp_path).record["forked_from"] == {"run": str(parent.path), "step": 16}
    assert [row["epoch"] for row in rows_of(tmp_path)] == ["1", "2"]
    history.go_back(8, ())
    assert history.epochs == past.epochs[:1]


# The table of epochs


def rows_of(folder: Path) -> list[dict[str, str]]:
    text = (folder / "metrics.csv").read_text(encoding="utf-8")
    assert text.endswith("\n")
    assert text.splitlines()[0] == ",".join(COLUMNS)
    return list(csv.DictReader(text.splitlines()))


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


def test_a_journal_that_somebody_damaged_meanwhile_is_no_crash(
    train: Any, config: Any, digits: Any, tmp_path: Path
) -> None:
    """The metrics can not be written anew then; that is told, and the run goes on."""
    script = CommandScript([(10, GoBack(4, ())), (12, Stop())])
    folder = RunWriter(tmp_path)
    told = []
    for event in Trainer(config, digits, script, folder, interactive=True).run():
        told.append(event)
        if isinstance(event, EpochEnded) and event.epoch == 1:
            with open(tmp_path / "journal.jsonl", "a") as file:
                file.write("no line\n")
    failed = [event for event in told if isinstance(event, SaveFailed)]
    assert failed
    assert "the journal is damaged" in failed[0].message
    assert isinstance(told[-1], RunEnded)
