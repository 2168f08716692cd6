"""The program's own themes."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from numpy.typing import NDArray
from rich.color import Color as RichColor
from rich.color import ColorSystem
from textual.color import Color
from textual.theme import Theme

from digit_tui.cli.main import cli
from digit_tui.storage import run_files
from digit_tui.tui.drawing.scatter import COLORS
from digit_tui.tui.themes import THEMES
from digit_tui.tui.widgets.hardest_digits import HardestDigits
from digit_tui.tui.widgets.status_line import StatusLine
from digit_tui.tui.widgets.tab_bar import TabBar

TEXTS = ["foreground", "accent", "primary", "text-success", "text-error", "text-warning"]
CURVES = ["training", "held-out", "fork-training", "fork-held-out"]
FULL_SIGHT = np.eye(3)
PROTANOPIA = np.array(
    [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ]
)
DEUTERANOPIA = np.array(
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
)
TRITANOPIA = np.array(
    [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ]
)
"""What is seen of linear RGB: Machado, Oliveira and Fernandes, "A Physiologically-based Model for
Simulation of Color Vision Deficiency" (2009), at severity 1."""
XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)  # of linear sRGB, IEC 61966-2-1
APART, BRIGHTER = 28.0, 5.0
"""Distance of two curves' colours in CIE Lab, and in its lightness, at least: well above the 2.3
that are just noticeable side by side (Mahy and others, 1994), as curves are thin and apart."""

CLASSES_APART = 24.0
"""Likewise of the colours of two classes; there are ten, and on a map they have names too."""


def lab(color: Color, sight: NDArray[Any]) -> NDArray[Any]:
    """Lightness and the two opponent colours (3,) of CIE 1976, as somebody sees them."""
    srgb = np.array(color.rgb) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    x, y, z = XYZ @ (sight @ linear).clip(0, 1) / XYZ.sum(axis=1)
    roots = [
        np.cbrt(t) if t > (6 / 29) ** 3 else t / (3 * (6 / 29) ** 2) + 4 / 29 for t in (x, y, z)
    ]
    return np.array([116 * roots[1] - 16, 500 * (roots[0] - roots[1]), 200 * (roots[1] - roots[2])])


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
    enough = 7.0 if theme.name.startswith("digit-contrast") else 4.5  # AAA and AA
    for background in ("background", "surface", "panel"):
        ratio = contrast(Color.parse(colors[name]), Color.parse(colors[background]))
        assert ratio >= enough, f"{name} on {background}: {ratio:.1f}"


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize(
    "sight", [FULL_SIGHT, PROTANOPIA, DEUTERANOPIA], ids=["full", "protanopia", "deuteranopia"]
)
def test_colour_blind_people_tell_curves_and_evidence_apart(
    theme: Theme, sight: NDArray[Any]
) -> None:
    colors = {name: Color.parse(theme.variables[name]) for name in theme.variables}
    pairs = [*combinations(CURVES, 2), ("evidence-for", "evidence-against")]
    for one, other in pairs:
        distance = np.linalg.norm(lab(colors[one], sight) - lab(colors[other], sight))
        assert distance >= APART, f"{one} and {other}: {distance:.0f}"
        lightness = abs(lab(colors[one], FULL_SIGHT)[0] - lab(colors[other], FULL_SIGHT)[0])
        assert lightness >= BRIGHTER, f"{one} and {other}: {lightness:.0f} in lightness"


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize(
    "sight",
    [FULL_SIGHT, PROTANOPIA, DEUTERANOPIA, TRITANOPIA],
    ids=["full", "protanopia", "deuteranopia", "tritanopia"],
)
def test_colour_blind_people_tell_ten_classes_apart(theme: Theme, sight: NDArray[Any]) -> None:
    colors = [Color.parse(theme.variables[f"class-{each}"]) for each in range(COLORS)]
    for one, other in combinations(colors, 2):
        assert np.linalg.norm(lab(one, sight) - lab(other, sight)) >= CLASSES_APART, (one, other)
    enough = 4.5 if theme.name.startswith("digit-contrast") else 3.0  # AA, of text and of graphics
    parts = theme.to_color_system().generate()
    for background in ("background", "surface", "panel"):
        assert min(contrast(each, Color.parse(parts[background])) for each in colors) >= enough


def test_lightness_and_sight() -> None:
    assert lab(Color(255, 255, 255), FULL_SIGHT) == pytest.approx([100, 0, 0], abs=0.02)
    assert lab(Color(0, 0, 255), FULL_SIGHT) == pytest.approx([32.3, 79.2, -107.9], abs=0.1)
    # The colours that a person could not tell apart before: two olives, to a deuteranope.
    olives = [lab(Color.parse(each), DEUTERANOPIA) for each in ("#955200", "#6b6300")]
    assert np.linalg.norm(olives[0] - olives[1]) < 10


def test_backgrounds_have_no_tint_where_there_are_256_colours() -> None:
    """A tint that is hardly seen would become a strong one: beige turns pink, slate turns navy."""
    for theme in THEMES:
        for color in (theme.background, theme.surface, theme.panel):
            assert color is not None
            shown = RichColor.parse(color).downgrade(ColorSystem.EIGHT_BIT).get_truecolor()
            assert len(set(shown)) == 1, (theme.name, color, shown.hex)


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


@pytest.mark.parametrize(
    ("kept", "begins", "asked"),
    [
        ("digit-contrast\n", "digit-contrast", None),
        ("nord", "nord", None),
        ("ansi-dark", "digit-dark", None),
        (b"\xff" * 1_000, "digit-dark", None),
        (None, "digit-dark", None),
        ("nord", "digit-light", "light"),
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


async def test_a_view_that_was_hidden_takes_the_new_colours(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        app = opened.app
        await opened.press("tab")
        bar = app.screen.query_one(TabBar)
        before = bar.styles.background
        await opened.press("shift+tab", "T", "tab")
        assert app.screen.query_one(TabBar) is bar
        assert bar.styles.background == Color.parse(app.theme_variables["panel"]) != before
