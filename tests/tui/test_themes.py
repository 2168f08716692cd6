"""The program's own themes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from textual.color import Color
from textual.theme import Theme

from digit_tui.cli.main import cli
from digit_tui.storage import run_files
from digit_tui.tui.themes import THEMES
from digit_tui.tui.widgets.hardest_digits import HardestDigits
from digit_tui.tui.widgets.status_line import StatusLine
from digit_tui.tui.widgets.tab_bar import TabBar

TEXTS = ["foreground", "accent", "primary", "text-success", "text-error", "text-warning"]
CURVES = ["training", "held-out", "fork-training", "fork-held-out"]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory that is not there yet."""
    folder = tmp_path / "state"
    monkeypatch.setattr(run_files, "user_state_path", lambda *_: folder)
    return folder


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


@pytest.mark.parametrize("asked", [None, "light"])
@pytest.mark.parametrize(
    ("kept", "begins"),
    [
        ("digit-contrast\n", "digit-contrast"),
        ("nord", "nord"),
        ("no-such-theme", "digit-dark"),
        ("ansi-dark", "digit-dark"),
        (b"\xff" * 1_000, "digit-dark"),
        (None, "digit-dark"),
    ],
)
async def test_the_last_choice_is_remembered(
    replay_app: Any, state: Path, kept: str | bytes | None, begins: str, asked: str | None
) -> None:
    if kept is not None:
        state.mkdir()
        (state / "theme").write_bytes(kept if isinstance(kept, bytes) else kept.encode())
    app = replay_app()
    app.begin_theme(asked)
    begins = begins if asked is None else "digit-light"
    async with app.run_test(size=(80, 24)) as pilot:
        assert app.theme == begins
        if kept is None:
            assert not state.exists()  # only a choice is written
        await pilot.press("T")
        assert app.theme != begins
    assert (state / "theme").read_text() == f"{app.theme}\n"
    assert [path.name for path in state.iterdir()] == ["theme"]


async def test_where_nothing_can_be_written_it_is_not(replay_app: Any, state: Path) -> None:
    state.write_text("a file where the folder should be")
    app = replay_app()
    app.begin_theme(None)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("T")
        assert app.theme == "digit-light"


def test_the_option_names_the_themes() -> None:
    (option,) = [each for each in cli.params if each.name == "theme"]
    assert isinstance(option.type, click.Choice)
    assert [f"digit-{name}" for name in option.type.choices] == [theme.name for theme in THEMES]


async def test_all_of_a_paused_view_takes_the_new_colours(window: Any, story: Any) -> None:
    async with window(80, 24) as opened:
        await opened.tell(*story.opening(), *story.epochs(1, {4: (7, 0.8)}), story.paused())
        kinds = (TabBar, StatusLine, HardestDigits)
        before = {kind: str(opened.app.screen.query_one(kind)._strips) for kind in kinds}
        await opened.press("T")
        for kind, strips in before.items():
            assert str(opened.app.screen.query_one(kind)._strips) != strips, kind.__name__
