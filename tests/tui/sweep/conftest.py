"""What the tests of a sweep's screen share: they replay snapshots, with no thread."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from support.sweep import BEGAN, FakeControl, board
from support.tui import Window

from digit_tui.tui.sweep.app import SweepApp
from digit_tui.tui.sweep.model import SweepModel
from digit_tui.tui.sweep.poller import Looked, Poller


class SweepWindow(Window):
    """The screen of a sweep, and the control that stands in for it."""

    def __init__(self, app: Any, pilot: Any, control: FakeControl, poller: Poller) -> None:
        super().__init__(app, pilot)
        self.control = control
        self._poller = poller

    async def take(self, shown: Any = None, ended: bool = False, *troubles: str) -> None:
        """Have a look find something."""
        self.app.take(Looked(shown, ended, troubles))  # type: ignore[attr-defined]
        await self.settle()

    @property
    def asked(self) -> list[str]:
        """What the sweep was asked for, now that the thread would have carried it out."""
        self._poller._carry_out()
        return self.control.asked


@pytest.fixture
def sweep_app(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes the app, with a clock that stands still five minutes after the beginning."""
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("COLORTERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def make(control: FakeControl) -> tuple[SweepApp, Poller]:
        poller = Poller(control, 1.0)
        return SweepApp(control, poller, model=SweepModel(lambda: BEGAN + 300)), poller

    return make


@pytest.fixture
def sweep(sweep_app: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Opens the screen of a sweep with some trials."""

    @asynccontextmanager
    async def open_sweep(
        width: int = 80,
        height: int = 24,
        shown: Any = None,
        environment: dict[str, str] | None = None,
        toasts: bool = False,
    ) -> AsyncIterator[SweepWindow]:
        for name, value in (environment or {}).items():
            monkeypatch.setenv(name, value)
        control = FakeControl()
        app, poller = sweep_app(control)
        async with app.run_test(size=(width, height), notifications=toasts) as pilot:
            opened = SweepWindow(app, pilot, control, poller)
            await opened.settle()
            await opened.take(board() if shown is None else shown)
            yield opened

    return open_sweep
