"""A digit as characters, in any size of terminal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.mistakes_view import MISTAKES, listed

from digit_tui.data import Dataset, draw_braille, draw_digit
from digit_tui.nn import Evaluation
from digit_tui.tui.widgets.pictures import DigitPicture


class TestDrawing:
    async def test_the_ways(self, browse: Any, sample: Dataset) -> None:
        async with browse() as opened:
            picture = sample.test_images[31].reshape(28, 28)
            assert "▀" in opened.text
            await opened.press("m")
            wanted = [line for line in draw_braille(picture, 28, 14) if line.strip()]
            assert all(line.strip() in opened.text for line in wanted)
            assert "▀" not in opened.text
            await opened.press("m")
            wanted = [line for line in draw_digit(picture, 28, 14) if line.strip()]
            assert all(line.strip() in opened.text for line in wanted)
            await opened.press("m")
            assert "▀" in opened.text

    @pytest.mark.parametrize("light", [False, True])
    async def test_two_pixels_a_cell_in_shades_of_the_theme(
        self, browse: Any, sample: Dataset, light: bool
    ) -> None:
        async with browse() as opened:
            if light:
                await opened.press("T")
            picture = opened.app.screen.query_one(DigitPicture)
            drawn = [
                [
                    (segment.style.color.triplet[0], segment.style.bgcolor.triplet[0])
                    for segment in picture.render_line(y)
                    for _ in segment.text
                ][:28]
                for y in range(14)
            ]
            shades = np.array(drawn).transpose(0, 2, 1).reshape(28, 28)
            pixels = sample.test_images[31].reshape(28, 28)
            paper, ink = shades[pixels == 0], shades[pixels > 247]
            assert len(set(paper.tolist())) == 1
            assert np.abs(np.diff(ink)).max() == 0
            assert (int(paper[0]) > int(ink[0])) == light
            assert np.corrcoef(shades.ravel(), pixels.ravel())[0, 1] * (-1 if light else 1) > 0.99

    @pytest.mark.parametrize(
        "environment", [{"NO_COLOR": "1"}, {"TERM": "xterm"}, {"PYTHONIOENCODING": "ascii"}]
    )
    async def test_poor_terminals_get_ascii(
        self, window: Any, story: Any, monkeypatch: pytest.MonkeyPatch, environment: Any
    ) -> None:
        replaced = environment.pop("PYTHONIOENCODING", None)
        if replaced:
            monkeypatch.setattr("digit_tui.tui.terminal.charset.charset", lambda: replaced)
        async with window(environment=environment) as opened:
            await opened.tell(*story.opening(), *story.epochs(1, MISTAKES))
            await opened.press("tab")
            assert "▀" not in opened.text
            opened.find("[@#*]{3}")


class TestDigit:
    async def test_the_probabilities(self, browse: Any) -> None:
        async with browse() as opened:
            await opened.press("down")
            column = opened.rows[4].index("rank 2")
            shown = [row[column:].rstrip() for row in opened.rows[4:15]]
            assert shown == [
                "rank 2, margin -0.60",
                " 0           0.0%",
                " 1 █▍       20.0% true",
                *(f"{digit:>2}           0.0%" for digit in range(2, 7)),
                " 7 █████▋   80.0% pred",
                " 8           0.0%",
                " 9           0.0%",
            ]

    @pytest.mark.parametrize(
        ("size", "rows"),
        [
            ((60, 20), 14),
            *(pytest.param(size, 14, marks=pytest.mark.long) for size in ((80, 24), (120, 40))),
        ],
    )
    async def test_the_picture_is_as_large_as_fits(
        self, browse: Any, sample: Dataset, size: tuple[int, int], rows: int
    ) -> None:
        async with browse(*size) as opened:
            await opened.press("down", "m", "m")  # ASCII
            wanted = draw_digit(sample.test_images[4].reshape(28, 28), 2 * rows, rows)
            ink = [line.strip() for line in wanted if line.strip()]
            at = [number for number, row in enumerate(opened.rows) if ink[0] in row]
            assert any(
                all(line in row for line, row in zip(ink, opened.rows[start:], strict=False))
                for start in at
            ), opened.text

    async def test_the_gallery_shows_the_page_of_the_chosen_one(self, browse: Any) -> None:
        async with browse(120, 40) as opened:
            opened.find("▸#31 9 → 0 +#4 1 → 7 +#17 0 → 3 +#250 8 → 0")
            await opened.press("v", "end")
            opened.find("▸#999 ")
            assert "#4 1 → 7" not in opened.text

    async def test_a_new_size_is_used_at_once(self, browse: Any) -> None:
        async with browse() as opened:
            await opened.resize(120, 40)
            opened.find("#31 9 → 0 +#4 1 → 7 +#17 0 → 3")
            await opened.press("tab")
            await opened.resize(80, 24)
            await opened.press(*["tab"] * 4)
            opened.find("4 mistakes by loss")
            assert "#4 1 → 7" not in opened.text
            assert "-narrow" in opened.app.screen.classes

    async def test_a_network_that_diverged(self, browse: Any, story: Any) -> None:
        async with browse() as opened:
            labels = story.dataset.test_labels
            holes = np.full((len(labels), 10), np.nan, np.float32)
            evaluation = Evaluation(labels, holes, np.full(len(labels), np.nan, np.float32))
            await opened.tell(story.evaluated_at(200, 2.0, evaluation))
            opened.find(r"^─\d+ mistakes by loss, at epoch 2─")
            opened.find(r"#\d+  \d → 0  loss nan")
            assert listed(opened)[0].endswith("nan ✗")
