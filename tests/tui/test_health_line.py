"""What ails a run is said on the training view, and in full on a page of Network."""

from __future__ import annotations

from typing import Any

from digit_tui.tui.screens.network.health import HealthPage
from digit_tui.tui.screens.network.view import NetworkView


def with_dead_layer(story: Any) -> Any:
    """A state whose first layer puts out nothing."""
    inspected = story.inspected()
    inspected.network.layers[0].biases[...] = -1e6
    return inspected


async def test_nothing_is_said_where_nothing_is_wrong(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        await opened.tell(story.inspected())
        await opened.until(lambda: opened.app.model.health is not None)
        assert opened.app.model.health.findings == []
        assert not opened.app.screen.query_one("HealthLine").display
        opened.app.show_health()
        await opened.until(lambda: "Nothing is wrong." in opened.text)
        opened.find("Looked at: 1 epoch, the layers at step ")


async def test_the_worst_is_said_with_the_key_that_mends_it(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        await opened.tell(with_dead_layer(story))
        await opened.until(lambda: "all of layer 1 is dead" in opened.text)
        row = next(at for at, text in enumerate(opened.rows) if "layer 1 is dead" in text)
        assert "r begins again" in opened.rows[row]
        await opened.pilot.click(offset=(3, row))
        await opened.until(lambda: isinstance(opened.app.screen, NetworkView))
        assert isinstance(opened.app.screen.page, HealthPage)
        await opened.until(lambda: "1  all of layer 1 is dead" in opened.text)
        opened.find(r"\d+ of \d+ units are 0 on every test digit")


async def test_what_was_found_is_gone_with_the_run_that_it_was_found_in(
    window: Any, story: Any
) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        await opened.tell(with_dead_layer(story))
        await opened.until(lambda: "all of layer 1 is dead" in opened.text)
        await opened.tell(*story.epochs(1), story.paused())
        await opened.tell(story.inspected(seed=3))
        await opened.until(lambda: "is dead" not in opened.text)
        assert len(opened.app.model.history.inspections) == 2
