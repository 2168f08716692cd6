"""A sweep's plan in a small TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from digit_tui.data import printable, reason_of
from digit_tui.sweep.space import FIELDS, Space, SpaceError, near
from digit_tui.sweep.space_text import read_dimension

TABLES = ("space", "run", "sweep")
SWEEP_KEYS = ("sampler", "pruner", "seeds", "trials", "minutes", "workers", "target", "storage")
RUN_KEYS = (*FIELDS, "data", "preset", "validation", "seed", "threads")
LARGEST = 1 << 20
"""Bytes of such a file at most."""


@dataclass(frozen=True)
class PlanFile:
    """What a file says; options on the command line win over it."""

    space: Space = ()
    run: Mapping[str, Any] = field(default_factory=dict)
    """Options of the runs, by their names on the command line."""
    sweep: Mapping[str, Any] = field(default_factory=dict)
    """Options of the sweep, by theirs."""


def read_plan_file(path: Path) -> PlanFile:
    """Read a file.

    Raises:
        SpaceError: if it cannot be read, or says what is not known.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise SpaceError(f"{path} is larger than {LARGEST:,} bytes: no space of a sweep")
        tables = tomllib.loads(content.decode())
    except OSError as error:
        raise SpaceError(f"cannot read {path}: {reason_of(error)}") from error
    except ValueError as error:  # TOML, or UTF-8
        raise SpaceError(printable(f"{path} cannot be read as TOML: {error}")) from error
    for name, table in tables.items():
        if name in TABLES and not isinstance(table, dict):
            raise SpaceError(f"{path}: {name} is a table: write [{name}] on a line of its own")
        if name not in TABLES:
            raise SpaceError(f"{path}: there is no table [{printable(name)}]{near(name, TABLES)}")
    for table_name, keys in (("run", RUN_KEYS), ("sweep", SWEEP_KEYS)):
        for key in tables.get(table_name, {}):
            if key not in keys:
                raise SpaceError(
                    f"{path}: [{table_name}] has no {printable(repr(key))}{near(key, keys)}"
                )
    try:
        space = tuple(
            read_dimension(name, value) for name, value in tables.get("space", {}).items()
        )
    except SpaceError as error:
        raise SpaceError(printable(f"{path}: {error}")) from error
    return PlanFile(space, tables.get("run", {}), tables.get("sweep", {}))
