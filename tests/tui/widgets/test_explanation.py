"""What explains a mistake: probabilities, evidence, biography."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.explanation import EXPLAINED, SIZES
from support.rarely import endurance
from textual.geometry import Size

from digit_tui.data import Dataset
from digit_tui.nn import Evaluation, Network
from digit_tui.run.settings import Settings
from digit_tui.tui.widgets.neighbours import NeighbourRow
from digit_tui.tui.widgets.pictures import DigitPicture


class TestRoom:
    """What there is no room for is left out, also where nothing changes its size when it opens."""

    @staticmethod
    def shown(opened: Any) -> dict[str, bool]:
        return {
            "neighbours": opened.app.screen.query_one(NeighbourRow).display,
            "what-if": "what if it were" in opened.text,
        }

    @pytest.mark.parametrize(
        ("size", "neighbours", "what_if"),
        [
            ((60, 20), False, False),
            ((80, 24), True, True),
            ((110, 20), False, True),
            ((120, 40), True, True),
        ],
    )
    async def test_at_once(
        self, explain: Any, size: tuple[int, int], neighbours: bool, what_if: bool
    ) -> None:
        async with explain(*size) as opened:
            assert self.shown(opened) == {"neighbours": neighbours, "what-if": what_if}

    @pytest.mark.long
    async def test_after_a_resize_while_it_was_closed(self, explain: Any) -> None:
        async with explain(60, 20) as opened:
            await opened.press("escape")
            await opened.resize(120, 30)
            await opened.press("enter")
            assert self.shown(opened) == {"neighbours": True, "what-if": True}


OTHERS = [
    pytest.param(2, 2, marks=pytest.mark.soak),
    pytest.param(128, 47, marks=pytest.mark.long),
]


class TestScreen:
    @pytest.mark.parametrize("size", SIZES)
    async def test_what_matters_most_is_there_at_any_size(self, explain: Any, size: Any) -> None:
        async with explain(*size) as opened:
            opened.find("#31  9 → 0  loss 4.61")
            opened.find("rank 2, margin -0.98(  +what if|$)")
            opened.find(" 0 ███.* 99.0% pred")
            opened.find(" 9 .* 1.0% true")
            opened.find("never learned")
            opened.find("1 000 3")
            opened.find("▀")
            opened.find("esc Back")
            opened.find("q Quit")

    @pytest.mark.parametrize("size", SIZES[:2])
    async def test_all_of_it_where_there_is_room(self, explain: Any, size: Any) -> None:
        async with explain(*size) as opened:
            await opened.until(lambda: "as of epoch" in opened.text)
            await opened.settle()
            opened.find("nearest .*as of epoch 3")
            for name in ("moved 1 px left", "turned 10° right", "thicker", "thinner"):
                opened.find(rf"{name} +\d +\d+%")
            assert len(re.findall(r" \d 0\.\d\d", opened.text)) == 5

    async def test_the_list_stays_beside_it_on_a_wide_screen_only(self, explain: Any) -> None:
        async with explain(120, 40) as opened:
            assert opened.rows[2].startswith("╭─ 2 mistakes by loss, at epoch 3 ─")
            assert opened.rows[3].startswith("│▸    31  9 → 0    4.61 ✗")
            await opened.resize(80, 24)
            assert opened.rows[2].startswith("─#31  9 → 0  loss 4.61─")
            assert "4.61 ✗" not in opened.text
            await opened.press("escape")
            assert opened.rows[2].startswith("─2 mistakes by loss, at epoch 3─")
            assert opened.rows[3].startswith("▸    31 ")
            assert "never learned" not in opened.text

    @pytest.mark.parametrize("size", SIZES)
    async def test_arrows_go_on_to_other_digits(self, explain: Any, size: Any) -> None:
        async with explain(*size) as opened:
            await opened.press("down")
            opened.find("#4  1 → 7  loss 1.61")
            opened.find("rank 2, margin -0.60")
            await opened.press("up")
            opened.find("#31  9 → 0")

    @pytest.mark.long
    async def test_neighbours_may_be_found_while_the_terminal_has_no_room(
        self, explain: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with explain(120, 40) as opened:
            row = opened.app.screen.query_one(NeighbourRow)
            await opened.until(lambda: row._found)
            for width in range(1, 60):
                monkeypatch.setattr(NeighbourRow, "size", Size(width, 5))
                row._take(row._found)
            monkeypatch.undo()
            await opened.settle()
            opened.find("nearest .*as of epoch 3")

    async def test_there_may_be_nothing_to_explain(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.press("tab", "enter", "p", "m", "down", "escape")
            await opened.tell(*story.opening(), *story.epochs(1, {}))
            await opened.press("enter", "p", "down")
            opened.find("Not one mistake")
            await opened.press("v")
            opened.find("#0  7 → 7")
            opened.find("rank 1, margin \\+0.89")

    @pytest.mark.parametrize("size", SIZES)
    async def test_a_network_that_diverged(self, explain: Any, story: Any, size: Any) -> None:
        async with explain(*size) as opened:
            labels = story.dataset.test_labels
            holes = np.full((len(labels), 10), np.nan, np.float32)
            evaluation = Evaluation(labels, holes, np.full(len(labels), np.nan, np.float32))
            broken = Network((784, 128, 10), np.full(101_770, np.nan, np.float32))
            await opened.tell(
                replace(story.evaluated_at(300, 3.0, evaluation), network=broken), story.diverged()
            )
            opened.find("loss nan")
            await opened.press("p", "m", "p", "m", "down", "up")
            opened.find(r"0 +- pred")

    @pytest.mark.parametrize(("side", "classes"), [(25, 10), *OTHERS])
    @pytest.mark.parametrize("size", [SIZES[0], *endurance((120, 40), (60, 20))])
    async def test_other_sides_and_classes(
        self, window: Any, story: Any, size: Any, side: int, classes: int
    ) -> None:
        labels = (np.arange(2 * classes) % classes).astype(np.uint8)
        images = np.zeros((2 * classes, side * side), np.uint8)
        images[:, side // 2 :: side] = 255
        story.dataset = Dataset("bars", "", images, labels, images, labels, side, classes)
        story.settings = Settings.of(story.config)
        last = classes - 1
        async with window(*size) as opened:
            await opened.tell(*story.opening(), *story.epochs(3, {last: (0, 0.75)}))
            await opened.press("tab", "enter", "p", "m", "p", "m", "m")
            opened.find(f"#{last}  {last} → 0  loss 1.39")
            strip = "000" if classes <= 10 else "  0  0  0"
            opened.find(f"1 {strip} 3")

    async def test_digits_that_were_held_out(self, window: Any, story: Any) -> None:
        data = story.dataset
        story.dataset = replace(
            data, validation_images=data.train_images[:50], validation_labels=data.train_labels[:50]
        )
        labels = data.train_labels[:50]
        probabilities = np.full((50, 10), 0.1, np.float32)
        evaluation = Evaluation(labels, probabilities, np.full(50, 2.3, np.float32))
        async with window(validation=50) as opened:
            await opened.tell(
                story.loaded(),
                story.started(),
                replace(story.evaluated_at(0, 0.0, evaluation), split="validation"),
            )
            await opened.press("tab")
            opened.find(r"─\d+ validation mistakes by loss, at epoch 0─")
            await opened.press("enter", "p")
            opened.find(r"#\d+  \d → 0")


class TestBiography:
    async def test_words_and_strip(self, explain: Any) -> None:
        lineage = [{}, {31: (0, 0.99)}, {}, {31: (4, 0.7)}, {31: (0, 0.99)}]
        async with explain(mistakes=lineage) as opened:
            opened.find("first learned at epoch 1,")
            opened.find("forgotten twice, wrong since 4")
            opened.find("1 ·0·40 5")

    async def test_a_long_life_is_thinned_and_ends_with_the_latest(self, explain: Any) -> None:
        lineage = [{} if epoch < 99 else {31: (0, 0.99)} for epoch in range(100)]
        async with explain(mistakes=lineage) as opened:
            opened.find("^ 5 ·{19}0 100 ×5$")


class TestPixels:
    async def test_they_are_marked_and_the_marks_are_explained(self, explain: Any) -> None:
        async with explain() as opened:
            picture = opened.app.screen.query_one(DigitPicture)
            before = [picture.render_line(y) for y in range(14)]
            await opened.press("p")
            opened.find("■ speaks for 0, □ for 9")
            opened.find("never learned")
            assert [picture.render_line(y) for y in range(14)] != before
            await opened.press("p")
            assert "speaks for" not in opened.text
            assert [picture.render_line(y) for y in range(14)] == before

    async def test_without_shades_by_characters(
        self, explain: Any, story: Any, network: Network
    ) -> None:
        async with explain() as opened:
            await opened.press("m", "m", "p")
            opened.find(r"\+ speaks for 0, - for 9")
            opened.find(r"[+.-]{6}")

    async def test_a_right_one_is_held_against_the_next_best(
        self, explain: Any, story: Any
    ) -> None:
        async with explain(mistakes=[{0: (3, 0.4)}], keys="v") as opened:
            await opened.press("home", "p")
            opened.find(r"speaks for 7, □ for 3")


class TestSuspects:
    async def test_after_five_epochs_it_is_said(self, explain: Any, story: Any) -> None:
        async with explain(120, 40, mistakes=[EXPLAINED] * 4) as opened:
            assert "suspect" not in opened.text
            await opened.tell(*story.epochs(1, EXPLAINED))
            opened.find("#31  9 → 0  loss 4.61  label suspect: contradicted for 5 epochs, now 99%")
            opened.find("^│?▸    31  9 → 0    4.61 ✗\\?")
            opened.find("^│?      4  1 → 7    1.61 ✗ ")
            await opened.resize(80, 24)
            opened.find("label suspect: contradicted for 5 epochs, now 99%─")
            await opened.resize(60, 20)
            opened.find("loss 4.61  label suspect─")

    async def test_those_that_annotators_did_not_back(
        self, window: Any, story: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("digit_tui.insight.suspects.is_mnist_test", lambda labels: True)
        monkeypatch.setattr("digit_tui.insight.suspects.UNBACKED", (4, 17))
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(1, EXPLAINED))
            await opened.press("tab", "down")
            opened.find(
                r"^─2 mistakes by loss · 99.80% \(99.3 to 99.9\), backed 99.90% \(99.4 to 100.0\)─"
            )
            await opened.resize(120, 40)
            opened.find(r"99.80% \(99.3 to 99.9\), without 2 unbacked labels 99.90% \(99.4 to ")
            await opened.resize(80, 24)
            opened.find("^│?▸     4  1 → 7    1.61 ✗\\?")
            await opened.press("enter")
            opened.find("#4  1 → 7  loss 1.61  annotators did not back this label─")
