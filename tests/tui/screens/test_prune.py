"""The dialog that prunes the run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from digit_tui.run import commands
from digit_tui.tui.screens.network.units import UnitsPage
from digit_tui.tui.screens.prune import PruneDialog

Open = Callable[..., AbstractAsyncContextManager[Any]]


@pytest.fixture
def dialog(window: Any, story: Any) -> Open:
    """Opens it in a run that is pruned by a share."""

    @asynccontextmanager
    async def open_dialog(pruned: float = 0.0) -> AsyncIterator[Any]:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(1))
            if pruned:
                await opened.tell(story.changed("pruned", pruned))
            opened.app.show_view("network")
            await opened.settle()
            opened.app.screen.show_page(UnitsPage)
            await opened.settle()
            await opened.press("w")
            assert isinstance(opened.app.screen, PruneDialog)
            yield opened

    return open_dialog


@pytest.mark.parametrize(
    ("keys", "share", "told"),
    [
        (["right"], 0.3, "30% of the weights pruned; b shows"),
        (["down", *"65%"], 0.65, "65% of the weights pruned; b shows"),
        ([*"65%"], 0.65, "65% of the weights pruned; b shows"),
        (["down", "9", "up", "right"], 0.3, "30% of the weights pruned; b shows"),
    ],
)
async def test_a_share_is_chosen_or_typed(
    dialog: Open, keys: list[str], share: float, told: str
) -> None:
    async with dialog() as opened:
        await opened.press(*keys)
        opened.find(told)
        await opened.press("enter")
        assert opened.sent == [commands.Prune(share)]


async def test_what_was_pruned_is_put_back(dialog: Open) -> None:
    async with dialog(0.5) as opened:
        opened.find(r"share +none  30% \[50%\] 80% ")
        opened.find("As it is now")
        await opened.press("left")
        opened.find("30% of the weights pruned: the others are put back")
        await opened.press("left")
        opened.find("No pruning: the others are put back")
        await opened.press("enter")
        assert opened.sent == [commands.Prune(0.0)]


async def test_the_share_in_force_asks_for_nothing(dialog: Open) -> None:
    async with dialog(0.5) as opened:
        await opened.press("enter")
        assert not isinstance(opened.app.screen, PruneDialog)
        assert opened.sent == []


async def test_a_share_that_is_none_is_told(dialog: Open) -> None:
    async with dialog() as opened:
        await opened.press("down")
        for typed, told in (
            ("95PpuP", "share: write 95% or 0.95"),
            ("100", "100.0 is not a share from 0 to 0.99"),
            (".", "share: '.' is not a number"),
        ):
            await opened.press(*typed, "enter")
            opened.find(told)
            assert opened.sent == []
            await opened.press(*["backspace"] * len(typed))
        await opened.press("escape")
        assert opened.sent == []
