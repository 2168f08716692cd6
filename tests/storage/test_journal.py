"""The journal: lines that survive torn writes, and commands as lines."""

from __future__ import annotations

import json
import os
import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.command_script import CommandScript
from support.journal import refuse

from digit_tui.run.commands import (
    AddEpochs,
    AppliedCommand,
    GoBack,
    Prune,
    ScaleLearningRate,
    SetAugmentation,
    SetBatchSize,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    Setting,
    Stop,
    SwitchOff,
    SwitchOn,
)
from digit_tui.run.events import EpochEnded, RunEnded, SaveFailed, WentBack
from digit_tui.run.lineage import lineage_from_json, lineage_to_json
from digit_tui.storage.errors import RunError
from digit_tui.storage.journal import (
    JournalFile,
    Line,
    command_line,
    go_back_line,
    read_journal,
)
from digit_tui.storage.run_writer import RunWriter
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
    SwitchOff(1, (2, 5)),
    SwitchOn(1, (5,)),
    Prune(0.3),
    Prune(0),
]


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
    with pytest.raises(RunError, match=rf"journal\.jsonl is damaged: line {number}: "):
        read_journal(path)


def test_what_only_looks_like_the_end_of_a_line_is_part_of_it(tmp_path: Path) -> None:
    # Python takes these for ends of lines in a text.
    path = tmp_path / "journal.jsonl"
    path.write_bytes('{"name": "\u2028\x85\u2029"}\n'.encode())
    assert read_journal(path) == [{"name": "\u2028\x85\u2029"}]


def test_a_journal_that_cannot_be_read_is_named(tmp_path: Path) -> None:
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


def test_a_journal_that_somebody_damaged_meanwhile_is_no_crash(
    train: Any, config: Any, digits: Any, tmp_path: Path
) -> None:
    """The metrics cannot be written anew then; that is told, and the run goes on.

    Going back cuts them: only for going forward again, to epochs that are not in them, is the
    journal read.
    """
    script = CommandScript([(10, GoBack(4, ())), (6, GoBack(10, ())), (12, Stop())])
    folder = RunWriter(tmp_path)
    told = []
    for event in Trainer(config, digits, script, folder, interactive=True).run():
        told.append(event)
        if isinstance(event, EpochEnded) and event.epoch == 1:
            with open(tmp_path / "journal.jsonl", "a") as file:
                file.write("no line\n")
    failed = [event for event in told if isinstance(event, SaveFailed)]
    assert failed
    back = next(event for event in told if isinstance(event, WentBack))
    assert told.index(failed[0]) > told.index(back)
    assert "the journal is damaged" in failed[0].message
    assert isinstance(told[-1], RunEnded)
