"""run.json: what a run is (configuration, dataset, versions), and how it ended."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from digit_tui.config import RunConfig
from digit_tui.run.versions import versions
from digit_tui.storage.atomic import write_whole
from digit_tui.storage.errors import RunError
from digit_tui.storage.reading import read_file
from digit_tui.storage.run_files import RECORD
from digit_tui.storage.summary_check import SCHEMA, SUMMARY
from digit_tui.storage.teacher_file import RECORD as TEACHER
from digit_tui.storage.validation import (
    Invalid,
    config_of,
    fields,
    number,
    optional,
    parse_json,
    same_as,
    table,
    text,
    time,
    whole,
    within,
    writable,
)

Record = dict[str, Any]
"""The content of run.json."""

LARGEST = 1 << 20
"""Bytes of run.json at most."""

_COUNT, _FRACTION = optional(whole()), optional(number(0, 1))
RESULTS = {
    "epochs": whole(),
    "steps": whole(),
    "weights_sha256": text(),
    "seconds": number(0),
    "test_opened": _COUNT,
    **{
        f"{split}_{name}": check
        for split in ("test", "validation")
        for name, check in {
            "accuracy": _FRACTION,
            "correct": _COUNT,
            "total": optional(whole(1)),
        }.items()
    },
}
"""The final results; those of a split that was not evaluated are null."""

_EACH_RESULT = fields(RESULTS)


def _results(value: Any) -> None:
    _EACH_RESULT(value)
    for split in ("test", "validation"):
        correct, total = value[f"{split}_correct"], value[f"{split}_total"]
        with within(f"{split}_correct"):
            (same_as(None) if total is None else whole(0, total))(correct)


_FIELDS = fields(
    {
        "schema": same_as(SCHEMA),
        "state": text(),
        "started": time,
        "config": writable,  # see `config_of`
        "data": SUMMARY,
        "versions": table(text(), 32),
        "results": optional(_results),
    },
    also={
        "forked_from": optional(fields({"run": text(), "step": whole()})),
        "replay_of": optional(text()),
        "resumed": optional(time),
        "initial_weights": optional(fields({"source": text(), "sha256": text(64)})),
        "teacher": optional(TEACHER),
    },
)


def new_record(config: RunConfig, data: dict[str, Any], started: str) -> Record:
    """The record of a run that begins.

    Args:
        config: the run's.
        data: Dataset.summary()
        started: the time, in ISO format with the time zone.
    """
    return {
        "schema": SCHEMA,
        "state": "running",
        "started": started,
        "config": config.to_json(),
        "data": data,
        "versions": versions(),
        "results": None,
    }


def resumed_record(record: Record, now: str) -> Record:
    """The record of a run that is resumed, from the one that it had.

    Then it is no mere repetition of another one any more.

    Args:
        record: that.
        now: the time, in ISO format with the time zone.
    """
    kept = {name: value for name, value in record.items() if name != "replay_of"}
    return kept | {"state": "running", "resumed": now, "results": None, "versions": versions()}


def write_record(folder: Path, record: Record) -> None:
    """Write run.json atomically.

    Raises:
        OSError: if the disk refuses; run.json is as before.
    """
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    # A file name that is not UTF-8 is written with JSON escapes.
    content = text.encode(errors="backslashreplace")
    write_whole(folder / RECORD, lambda file: file.write(content))


def read_record(folder: Path) -> tuple[Record, RunConfig]:
    """Read run.json, and check all that is read from it.

    Raises:
        RunError: if the folder is not a run, or the file is damaged.
    """
    file = folder / RECORD
    try:
        record: Record = parse_json(read_file(file, LARGEST))
        _FIELDS(record)
        with within("config"):
            config = config_of(record["config"])
    except FileNotFoundError:
        raise RunError(f"{folder} is no run of digit-tui: it has no {RECORD}") from None
    except Invalid as error:
        if error.place == "schema":
            raise RunError(
                f"{file} is of another version, or no record of a run: {error}"
            ) from None
        raise RunError(f"{file} is damaged, or no record of a run: {error}") from None
    return record, config
