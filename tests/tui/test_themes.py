"""The program's own themes."""

from __future__ import annotations

from typing import Any

import pytest
from textual.color import Color
from textual.theme import Theme

from digit_tui.tui.themes import THEMES
from digit_tui.tui.widgets.hardest_digits import HardestDigits
from digit_tui.tui.widgets.status_line import StatusLine
from digit_tui.tui.widgets.tab_bar import TabBar

TEXTS = ["foreground", "accent", "primary", "text-success", "text-error", "text-warning"]
CURVES = ["training", "held-out", "fork-training", "fork-held-out"]


def contrast(one: Color, other: Color) -> float:
    """The ratio of WCAG 2.1, from 1 to 21."""

    def luminance(color: Color) -> float:
        parts = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
            for part in (each / 255 for each in color.rgb)
        ]
        return sum(
            weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True)
        )

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize("name", [*TEXTS, *CURVES])
def test_all_can_be_read(theme: Theme, name: str) -> None:
    colors = theme.to_color_system().generate() | theme.variables
    enough = 7.0 if theme.name == "digit-contrast" else 4.5  # AAA and AA
    for background in ("background", "surface", "panel"):
        ratio = contrast(Color.parse(colors[name]), Color.parse(colors[background]))
        assert ratio >= enough, f"{name} on {background}: {ratio:.1f}"


async def test_only_those_that_have_shades_are_offered(window: Any) -> None:
    async with window() as opened:
        for name, theme in opened.app.available_themes.items():
            colors = theme.to_color_system().generate()
            assert {Color.parse(colors[part]).a for part in ("foreground", "background")} == {1.0}
            assert not Color.parse(colors["background"]).ansi, name


async def test_a_key_shows_each_in_turn(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(2))
        seen = [opened.app.theme]
        for _ in THEMES:
            await opened.press("T")
            seen.append(opened.app.theme)
        assert seen == [*(theme.name for theme in THEMES), THEMES[0].name]
        opened.app.theme = "nord"  # one of Textual's own has the curves' colours too
        await opened.settle()
        opened.find("━ training ━ test")
        await opened.press("T")
        assert opened.app.theme == THEMES[0].name


async def test_all_of_a_paused_view_takes_the_new_colours(window: Any, story: Any) -> None:
    async with window(80, 24) as opened:
        await opened.tell(*story.opening(), *story.epochs(1, {4: (7, 0.8)}), story.paused())
        kinds = (TabBar, StatusLine, HardestDigits)
        before = {kind: str(opened.app.screen.query_one(kind)._strips) for kind in kinds}
        await opened.press("T")
        for kind, strips in before.items():
            assert str(opened.app.screen.query_one(kind)._strips) != strips, kind.__name__
