"""A timer that ticks once does so, however late it is; see textual_patches.py."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

import pytest
from textual import timer
from textual.notifications import Notification
from textual.widgets._toast import Toast

pytestmark = pytest.mark.timeout(60)  # without the patch the first ones never end


@pytest.mark.parametrize("delay", [-1.0, -0.001, 0.0, 1e-9])
async def test_a_delay_may_be_over_before_it_begins(window: Any, delay: float) -> None:
    async with window() as opened:
        ticks: list[str] = []
        opened.app.set_timer(delay, lambda: ticks.append("tick"))
        await opened.until(lambda: ticks)
        await asyncio.sleep(0.01)
        assert ticks == ["tick"]


async def test_a_machine_may_be_busy_meanwhile(
    window: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with window() as opened:
        seconds = count(1_000.0)  # one passes from each look at the clock to the next
        monkeypatch.setattr(timer._time, "get_time", lambda: next(seconds))
        ticks: list[str] = []
        opened.app.set_timer(0.01, lambda: ticks.append("tick"))
        await opened.until(lambda: ticks)


async def test_a_toast_may_expire_while_it_is_made(
    window: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with window(toasts=True) as opened:
        expired: list[Toast] = []
        monkeypatch.setattr(Notification, "has_expired", False)
        monkeypatch.setattr(Toast, "_expire", lambda self: expired.append(self))
        opened.app.notify("just over", timeout=-0.001)
        await opened.until(lambda: expired)
        await opened.press("tab")
        assert opened.app.current_mode == "mistakes"
