"""Grey pictures as PNG files."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY_8_BIT = bytes((8, 0, 0, 0, 0))
"""Bits per sample, colour type, and the only compression, filtering and order of rows."""


def grey_png(image: NDArray[Any]) -> bytes:
    """An image (height, width) uint8, 0 black to 255 white, as a PNG file (ISO/IEC 15948)."""
    height, width = image.shape
    rows = np.zeros((height, 1 + width), np.uint8)  # each row begins with its filter: 0, none
    rows[:, 1:] = image
    return SIGNATURE + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">II", width, height) + GREY_8_BIT),
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(name: bytes, content: bytes) -> bytes:
    body = name + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))
