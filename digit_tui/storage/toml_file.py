"""A file of settings in TOML, written by a person: what is wrong with it is told with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

MOST_BYTES = 1_000_000


class TomlError(ValueError):
    """What is wrong with a file, and where, in a line."""


def read_toml_text(path: Path) -> str | None:
    """The text of a file of settings; None if it is not there.

    Raises:
        TomlError: if it cannot be read.
    """
    try:
        if path.exists() and not path.is_file():
            raise TomlError(f"{path} is not a file")
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise TomlError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > MOST_BYTES:
        raise TomlError(f"{path} is larger than {MOST_BYTES // 1_000_000} MB")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TomlError(f"{path}, line {line}: not in UTF-8") from None


def parse_toml(path: Path, text: str) -> dict[str, Any]:
    """The names and values of a file of settings.

    Raises:
        TomlError: if it is not in TOML.
    """
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = re.search(r" \(at line (\d+), column (\d+)\)", message)
        where = f"line {place[1]}, column {place[2]}" if place else "at its end"
        what = re.sub(r" \(at .*\)$", "", message)
        raise TomlError(f"{path}, {where}: no TOML: {what[:1].lower()}{what[1:]}") from None
    except RecursionError:
        raise TomlError(f"{path}: too deeply nested") from None


def line_of(text: str, name: str) -> int:
    """Where a name is given its value, or is the title of a table; 1 if that cannot be seen."""
    key = rf"[\"']?{re.escape(name)}[\"']?"
    found = re.search(rf"^[ \t]*(\[+[ \t]*{key}|{key}[ \t]*[=.])", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def near(name: str, known: Iterable[str]) -> str:
    """A question whether another name was meant; "" if none is like it."""
    names = list(known)
    close = get_close_matches(name.replace("_", "-").lower(), names, 1)
    if not close:
        close = get_close_matches(name.replace("-", "_").lower(), names, 1)
    return f"; did you mean {close[0]}?" if close else ""
