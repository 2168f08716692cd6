"""Each title has a hint, for the mouse; and the help names it, for the keyboard."""

from __future__ import annotations

from typing import Any

import pytest
from support.explanation import EXPLAINED
from support.rarely import rarely
from support.tui import Window
from textual.geometry import Offset
from textual.widgets._tooltip import Tooltip

from digit_tui.tui.screens.hints import LINES, TITLES, hint_at
from digit_tui.tui.screens.meanings import MEANINGS
from digit_tui.tui.screens.view import View
from digit_tui.tui.sweep.meanings import MEANINGS as OF_SWEEPS
from digit_tui.tui.widgets.tips import Tips


def hints_of_titles(view: View) -> dict[str, str | None]:
    """The hint of each title that is seen, found as with the mouse."""
    found: dict[str, str | None] = {}
    for widget in view.walk_children():
        if not widget.region or not widget.display or isinstance(widget, Tips):
            continue
        name = type(widget).__name__
        if widget.border_title:
            x, y = widget.region.offset
            found[f"{widget.border_title}"] = hint_at(view, Offset(x + 2, y))
        for row in range(min(len(LINES.get(name, ())), widget.content_region.height)):
            x, y = widget.content_region.offset
            found[f"{name} {row}"] = hint_at(view, Offset(x, y + row))
    return found


@pytest.mark.parametrize("size", [(80, 24), *rarely((120, 40))])
async def test_each_title_has_a_hint(explain: Any, story: Any, size: tuple[int, int]) -> None:
    async with explain(*size) as opened:
        found = hints_of_titles(opened.app.screen)
        assert {"Probabilities 0", "LifeLine 0", "WhatIf 0", "ProgressLine 0"} <= set(found)
        await opened.press("escape")
        found |= hints_of_titles(opened.app.screen)
        for keys in (
            ["tab"],
            ["d"],
            ["percent_sign"],
            ["d"],
            ["tab", "tab", "tab"],
            ["l"],
            ["left"],
        ):
            await opened.press(*keys)
            found |= hints_of_titles(opened.app.screen)
        assert [title for title, hint in found.items() if not hint] == []
        for beginning in ("Loss", "Error", "Accuracy", "Hardest of", "Counts"):
            assert any(title.startswith(beginning) for title in found)
        assert any("mistakes" in title or title.startswith("#") for title in found)
        # One sentence each, which fits into a few lines.
        assert all(hint and hint.endswith(".") and len(hint) <= 90 for hint in found.values())
        assert hint_at(opened.app.screen, Offset(size[0], size[1])) is None


@pytest.mark.parametrize(
    ("page", "shows", "titles"),
    [
        ("Digit", "#31", {"Heading 0", "LayerOutputs 0", "DecidingUnits 0", "LogitDifference 0"}),
        ("Map", "by PCA", {"Map of", "MapLegend 0"}),
    ],
)
async def test_pages_of_the_network_have_hints(
    inside: Any, page: str, shows: str, titles: set[str]
) -> None:
    async with inside(page, shows) as opened:
        found = hints_of_titles(opened.app.screen)
        for title in titles:
            (hint,) = [hint for name, hint in found.items() if name.startswith(title)]
            assert hint
            assert hint.endswith(".")
            assert len(hint) <= 90


def test_the_help_names_each_title() -> None:
    signs = [
        each.sign for table in (MEANINGS, OF_SWEEPS) for group in table.values() for each in group
    ]
    for title in TITLES:
        if title not in ("#", "Confusion of"):
            assert any(sign.startswith(title) for sign in signs), title


async def test_a_hint_comes_where_the_mouse_rests(
    replay_app: Any, story: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = replay_app()
    app.TOOLTIP_DELAY = 0.001
    async with app.run_test(size=(80, 24), tooltips=True) as pilot:
        opened = Window(app, pilot)
        await opened.until(lambda: app.runner is not None)
        await opened.tell(*story.opening(), *story.epochs(2, EXPLAINED))
        tooltip = app.screen.query_one(Tooltip)
        await pilot.hover("#loss", offset=(5, 0))
        await opened.until(lambda: tooltip.display)
        opened.find("How wrong the network is")
        await pilot.hover("#loss", offset=(5, 3))  # not on the title
        await opened.until(lambda: not tooltip.display)
