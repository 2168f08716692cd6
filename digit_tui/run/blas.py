"""The BLAS that NumPy has loaded."""

from __future__ import annotations

from functools import cache

from threadpoolctl import ThreadpoolController


@cache
def loaded_blas() -> ThreadpoolController:
    """What tells about it and limits its threads; to find it all loaded libraries are looked at."""
    return ThreadpoolController().select(user_api="blas")
