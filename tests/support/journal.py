"""The table of epochs, and a disk that refuses."""

from __future__ import annotations

import csv
import errno
import os
from pathlib import Path
from typing import Any

from digit_tui.storage.metrics_file import COLUMNS


def refuse(*_: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def rows_of(folder: Path) -> list[dict[str, str]]:
    text = (folder / "metrics.csv").read_text(encoding="utf-8")
    assert text.endswith("\n")
    assert text.splitlines()[0] == ",".join(COLUMNS)
    return list(csv.DictReader(text.splitlines()))
