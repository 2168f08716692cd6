"""Errors in the interface, which a test brings about."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import wraps
from time import monotonic
from typing import Any


class Failing:
    """Stands in for a method; raises as often as it is told to."""

    def __init__(self, original: Callable[..., Any] | None = None) -> None:
        self._original = original
        self.calls = self.times = 0

    def method(self) -> Callable[..., Any]:
        def fail(*values: Any, **named: Any) -> Any:
            self.calls += 1
            if self.calls <= self.times:
                raise RuntimeError("by\x1b design\nand more")
            return None if self._original is None else self._original(*values, **named)

        # Textual looks at how many parameters a handler takes.
        return fail if self._original is None else wraps(self._original)(fail)


async def comes(condition: Callable[[], object]) -> None:
    """Wait for it; unlike `Window.until` draws nothing itself, which would raise here."""
    end = monotonic() + 20
    while not condition():
        assert monotonic() < end
        await asyncio.sleep(0.005)


def errors(app: Any) -> list[str]:
    """The lines of the log that tell of errors."""
    return [line.text for line in app.model.log if "interface" in line.text]
