"""The versions of software that the last bits of a result depend on."""

from __future__ import annotations

import platform
from functools import cache
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

import digit_tui


def versions() -> dict[str, str]:
    """Versions of this program, NumPy, Python and the BLAS, and the machine type."""
    return {
        "digit_tui": digit_tui.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "blas": _blas(),
        "machine": platform.machine(),
    }


@cache
def _blas() -> str:
    """The one that NumPy has loaded, which stays: to find it all loaded libraries are looked at."""
    found: dict[str, Any] = next(
        (info for info in threadpool_info() if info["user_api"] == "blas"), {}
    )
    words = (found.get(key) for key in ("internal_api", "version", "architecture"))
    return " ".join(str(word) for word in words if word) or "unknown"
