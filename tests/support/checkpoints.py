"""Files that are damaged, or made by another program."""

from __future__ import annotations

import hashlib
import io
import struct
from pathlib import Path
from typing import Any

import numpy as np


def replace_file(path: Path, content: bytes | memoryview) -> None:
    """Write a file of its own: best.npz may be another name of checkpoint.npz."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    replace_file(path, content)


def archive(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def signed(content: bytes) -> bytes:
    """An archive with the mark of a checkpoint, as somebody else might make it."""
    mark = b"digit-tui sha256 "
    without = content[:-2] + struct.pack("<H", len(mark) + 64)
    return without + mark + hashlib.sha256(without).hexdigest().encode()


def break_file(path: Path, how: str) -> None:
    """Have a file missing, cut, flipped (a bit) or longer."""
    content = bytearray(path.read_bytes())
    match how:
        case "missing":
            path.unlink()
        case "cut":
            path.write_bytes(content[:-1])
        case "flipped":
            content[len(content) // 2] ^= 1
            path.write_bytes(content)
        case "longer":
            path.write_bytes(content + bytes(100_000))
