"""Arrays that begin on a cache line: the last bits of a product can depend on where it lies."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

LINE_BYTES = 64


def aligned_zeros(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Zeros that begin on a cache line."""
    size = prod(shape) * np.dtype(dtype).itemsize
    room: NDArray[Any] = np.zeros(size + LINE_BYTES, np.uint8)
    start = -room.ctypes.data % LINE_BYTES
    zeros: NDArray[Any] = room[start : start + size].view(dtype).reshape(shape)
    return zeros
