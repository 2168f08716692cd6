"""The versions of software that the last bits of a result depend on."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np

import digit_tui
from digit_tui.run.blas import loaded_blas


def versions() -> dict[str, str]:
    """Versions of this program, NumPy, Python and the BLAS, and the machine type."""
    blas: dict[str, Any] = next(iter(loaded_blas().info()), {})
    words = (blas.get(key) for key in ("internal_api", "version", "architecture"))
    return {
        "digit_tui": digit_tui.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "blas": " ".join(str(word) for word in words if word) or "unknown",
        "machine": platform.machine(),
    }
