"""run.json: what a run is (configuration, dataset, versions), and how it ended."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from digit_tui.config import ConfigError, RunConfig
from digit_tui.run.versions import versions
from digit_tui.storage.atomic import write_whole
from digit_tui.storage.checkpoint import SCHEMA
from digit_tui.storage.errors import RunError
from digit_tui.storage.run_files import RECORD

Record = dict[str, Any]
"""The content of run.json."""


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


def resumed_record(record: Record) -> Record:
    """The record of a run that is resumed, from the one that it had."""
    return record | {"state": "running", "results": None, "versions": versions()}


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
    """Read run.json, and check the values that other code relies on.

    Raises:
        RunError: if the folder is not a run, or the file is damaged.
    """
    file = folder / RECORD
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        if record["schema"] != SCHEMA:
            raise RunError(f"{file} has schema {record['schema']}, not {SCHEMA}")
        config = RunConfig.from_json(record["config"])
        str(record["data"]["name"]), str(record["data"]["sha256"]), str(record["state"])
        record["versions"].items(), (record["results"] or {}).items()
        datetime.fromisoformat(record["started"])
    except FileNotFoundError:
        raise RunError(f"{folder} is no run of digit-tui: it has no {RECORD}") from None
    except OSError as error:
        raise RunError(f"{file} cannot be read: {error.strerror}") from error
    except ConfigError as error:
        raise RunError(f"{file} is damaged: {error.option}: {error}") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RunError(f"{file} is damaged, or no record of a run") from error
    return record, config
