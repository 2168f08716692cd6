"""The record of a run, run.json: what other programs find in it, and damage to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from digit_tui.config import RunConfig
from digit_tui.storage.errors import RunError
from digit_tui.storage.saved_run import SavedRun

pytestmark = pytest.mark.usefixtures("saved_when_asked")


def test_the_record_is_json_for_other_programs_too(saved: Path) -> None:
    text = (saved / "run.json").read_text(encoding="utf-8")
    record = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert record["schema"] == 3
    assert RunConfig.from_json(record["config"]).hidden == (8,)


BAD_RECORDS = {
    "empty": "",
    "no json": "{",
    "a list": "[]",
    "a number": "7",
    "null": "null",
    "nothing in it": "{}",
    "another schema": '{"schema": 99}',
    "the schema before": '{"schema": 2}',
    "no config": '{"schema": 3}',
    "config is a list": '{"schema": 3, "config": []}',
    "config is null": '{"schema": 3, "config": null}',
    "config is empty": '{"schema": 3, "config": {}}',
}


@pytest.mark.parametrize("text", BAD_RECORDS.values(), ids=BAD_RECORDS)
def test_a_damaged_record_is_refused(text: str, saved: Path) -> None:
    (saved / "run.json").write_text(text)
    with pytest.raises(RunError, match=r"run\.json"):
        SavedRun.read(saved)


def test_a_record_in_another_encoding_is_refused(saved: Path) -> None:
    (saved / "run.json").write_bytes('{"schema": "é"}'.encode("latin-1"))
    with pytest.raises(RunError, match=r"run\.json"):
        SavedRun.read(saved)


WRONG_KINDS: dict[str, list[Any]] = {
    "schema": [None, {}, "2", []],
    "state": [],
    "started": [None, {}, 7, "yesterday", []],
    "config": [None, {}, 7, "x", []],
    "data": [None, {}, {"name": 7}, 7, "x", []],
    "versions": [None, 7, "x", []],
    "results": [7, "x", [1]],
}


@pytest.mark.parametrize("key", WRONG_KINDS)
def test_what_a_run_needs_to_go_on_is_in_its_record(key: str, saved: Path) -> None:
    record = json.loads((saved / "run.json").read_text())
    without = {name: value for name, value in record.items() if name != key}
    for damaged in (without, *({**record, key: value} for value in WRONG_KINDS[key])):
        (saved / "run.json").write_text(json.dumps(damaged))
        with pytest.raises(RunError, match=r"run\.json"):
            SavedRun.read(saved)


def test_auto_means_what_it_meant_when_the_run_was_made(train: Any, tmp_path: Path) -> None:
    train(folder=tmp_path / "run", data="auto")
    assert SavedRun.read(tmp_path / "run").data == "patterns"


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no run of digit-tui"):
        SavedRun.read(tmp_path)
    with pytest.raises(RunError, match=r"no run of digit-tui"):
        SavedRun.read(tmp_path / "missing")
