"""What ails a run is said on the training view, and in full on a page of Network."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from digit_tui.insight.health.finding import HARMED, Finding
from digit_tui.session.health_check import Health
from digit_tui.session.health_check import check_health as check
from digit_tui.tui import health_watch
from digit_tui.tui.screens.network.health import HealthPage
from digit_tui.tui.screens.network.view import NetworkView

DEAD = Finding(
    *("dead units", HARMED, 0.5, 50, "41% of layer 1 is dead", "26 of 64 units are 0"),
    *("learning rate 0.002 → 0.004 at step 40", ("undo", "halve_rate")),
)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """What is found in a run, instead of what is there: a told story fits no network."""
    findings: list[Finding] = []
    monkeypatch.setattr(
        health_watch,
        "check_health",
        lambda *known: replace(check(*known), findings=[*findings]),
    )
    return findings


async def watched(opened: Any, story: Any, seed: int = 0) -> Health:
    """An epoch, after which the health is checked."""
    before = opened.app.model.health
    await opened.tell(*story.epochs(1))
    await opened.tell(story.inspected(seed))
    await opened.until(lambda: opened.app.model.health is not before)
    await opened.settle()
    health: Health = opened.app.model.health
    return health


async def test_nothing_is_said_where_nothing_is_wrong(
    window: Any, story: Any, found: list[Finding]
) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        health = await watched(opened, story)
        assert [each.step for each in health.record.inspections] == [100]
        assert health.record.training_check is not None
        assert not opened.app.screen.query_one("HealthLine").display
        opened.app.show_health()
        await opened.until(lambda: "Nothing is wrong." in opened.text)
        opened.find("Looked at: 1 epoch, the layers at step 100")


async def test_the_worst_is_said_with_the_keys_that_mend_it(
    window: Any, story: Any, found: list[Finding]
) -> None:
    found.append(DEAD)
    async with window() as opened:
        await opened.tell(*story.opening())
        await watched(opened, story)
        row = next(at for at, text in enumerate(opened.rows) if "layer 1 is dead" in text)
        assert "u goes back, [ halves the learning rate" in opened.rows[row]
        await opened.pilot.click(offset=(3, row))
        await opened.until(lambda: isinstance(opened.app.screen, NetworkView))
        assert isinstance(opened.app.screen.page, HealthPage)
        await opened.until(lambda: "1  41% of layer 1 is dead since epoch 0.50" in opened.text)
        opened.find("likely cause: learning rate 0.002 → 0.004 at step 40")


async def test_it_is_gone_when_it_is_mended(window: Any, story: Any, found: list[Finding]) -> None:
    found.append(DEAD)
    async with window() as opened:
        await opened.tell(*story.opening(), story.paused())
        await watched(opened, story)
        assert "is dead" in opened.text
        found.clear()
        await opened.tell(story.paused())
        await watched(opened, story, seed=3)
        assert "is dead" not in opened.text
        assert len(opened.app.model.history.inspections) == 2


async def test_it_is_not_checked_where_it_is_not_seen(
    window: Any, story: Any, found: list[Finding]
) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        await opened.press("tab")
        looks = opened.app.runner.looks
        await opened.tell(*story.epochs(1), story.paused(), *story.epochs(1))
        assert opened.app.runner.looks == looks
        assert opened.app.model.health is None
