"""A new run may be of a dataset with fewer digits: no view looks for those of the one before."""

from __future__ import annotations

from typing import Any

import pytest
from support.rarely import endurance, rarely
from support.tui import Story, of_first_digits

LAST = {995: (7, 0.9), 999: (3, 0.8)}


@pytest.mark.parametrize("size", [(80, 24), *endurance((200, 60))])
@pytest.mark.parametrize(
    "keys", [["tab", "end", "enter"], *rarely([], ["tab", "end"], ["tab"] * 2)]
)
async def test_views_of_a_run_with_fewer_digits(
    window: Any, story: Any, size: tuple[int, int], keys: list[str]
) -> None:
    async with window(*size) as opened:
        await opened.tell(*story.opening(), *story.epochs(1, LAST))
        await opened.press(*keys)
        other = Story(story.config, of_first_digits(story.dataset, 100))
        opened.app.model = type(opened.app.model)(story.config)  # as a restart makes one
        await opened.tell(*other.opening(), *other.epochs(1, {4: (7, 0.9)}))
        assert "error in the interface" not in opened.text
        await opened.press(*["tab"] * 5)
        assert "error in the interface" not in opened.text
        assert opened.app.fault is None
