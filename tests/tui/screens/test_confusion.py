"""Which digits are taken for which, as characters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support
from support.confusion_view import FIRST, SECOND, chosen, shown
from support.rarely import rarely

from digit_tui.data import Dataset
from digit_tui.nn import Evaluation
from digit_tui.run.settings import Settings
from digit_tui.tui.widgets.confusion_matrix import Cell, ConfusionMatrix


class TestMatrix:
    async def test_the_smallest_usual_terminal_shows_all_of_it(self, confuse: Any) -> None:
        async with confuse() as opened:
            assert [row.rstrip() for row in opened.rows[2:22]] == [
                "─Counts, epoch 1, 1,000 test digits, columns: predicted─────────────────────────",
                " true    0    1    2    3    4    5    6    7    8    9  recall precision    F1",
                "    0  ▸99    .    .    1    .    .    .    .    .    .    99.0      98.0  98.5",
                "    1    .   99    .    .    .    .    .    1    .    .    99.0     100.0  99.5",
                "    2    .    .  100    .    .    .    .    .    .    .   100.0     100.0 100.0",
                "    3    .    .    .  100    .    .    .    .    .    .   100.0      99.0  99.5",
                "    4    .    .    .    .  100    .    .    .    .    .   100.0     100.0 100.0",
                "    5    .    .    .    .    .  100    .    .    .    .   100.0     100.0 100.0",
                "    6    .    .    .    .    .    .  100    .    .    .   100.0     100.0 100.0",
                "    7    .    .    .    .    .    .    .  100    .    .   100.0      99.0  99.5",
                "    8    1    .    .    .    .    .    .    .   99    .    99.0     100.0  99.5",
                "    9    1    .    .    .    .    .    .    .    .   99    99.0     100.0  99.5",
                *("", "", ""),
                " 0 recognized: 99 of 100 (99.0%)",
                " accuracy 99.60% (95% interval 99.0 to 99.8)",
                "",
                "",
                "",
            ]

    @pytest.mark.parametrize("size", [(80, 24), *rarely((120, 40))])
    @pytest.mark.parametrize("classes", [10, 47, *rarely(2)])
    async def test_numbers_are_those_of_scikit_learn(
        self, window: Any, story: Any, size: tuple[int, int], classes: int
    ) -> None:
        labels, predictions = many(story, classes)
        async with window(*size) as opened:
            await opened.tell(*story.opening(), story.steps(), *evaluated(story, predictions))
            opened.app.switch_mode("confusion")
            await opened.settle()
            matrix = confusion_matrix(labels, predictions, labels=np.arange(classes))
            precision, recall, f1, _ = precision_recall_fscore_support(
                labels, predictions, labels=np.arange(classes), zero_division=np.nan
            )
            scores = {"recall": recall, "precision": precision, "F1": f1}
            columns, names, rows = shown(opened)
            assert names == list(scores)
            assert len(rows) == min(classes, len(rows)) >= min(classes, 10)
            for true, (cells, values) in rows.items():
                wanted = [matrix[true, int(column)] for column in columns]
                assert [0 if cell == "." else int(cell) for cell in cells] == wanted
                for name, value in zip(names, values, strict=True):
                    expected = 100 * scores[name][true]
                    assert float(value.replace("-", "nan")) == pytest.approx(
                        expected, abs=0.051, nan_ok=True
                    )
            await opened.press("percent_sign")
            totals = matrix.sum(axis=1)
            for true, (cells, _) in shown(opened)[2].items():
                for column, cell in zip(columns, cells, strict=True):
                    share = 100 * matrix[true, int(column)] / max(totals[true], 1)
                    assert (0 if cell == "." else float(cell)) == pytest.approx(share, abs=0.051)

    async def test_a_small_terminal_says_the_scores_in_words(self, confuse: Any) -> None:
        async with confuse(60, 20) as opened:
            columns, names, _ = shown(opened)
            assert columns == [str(each) for each in range(10)]
            assert names == []
            words = "^ 0: recall 99.0, precision 98.0, F1 98.5$"
            await opened.until(lambda: len(shown(opened)[2]) == 10)
            opened.find(words)
            opened.find("q Quit")

    async def test_there_is_no_evaluation_yet(self, window: Any, story: Any) -> None:
        async with window() as opened:
            opened.app.switch_mode("confusion")
            await opened.settle()
            keys = ("down", "home", "enter", "percent_sign", "d", "x", "d")
            await opened.press(*keys)
            assert opened.app.current_mode == "confusion"
            opened.find("The test digits have not been evaluated yet")
            await opened.tell(*story.opening())
            opened.find("─% of the true digit, epoch 0, 1,000 test digits, columns: predicted─")

    async def test_a_network_that_diverged(self, confuse: Any, story: Any) -> None:
        async with confuse() as opened:
            labels = story.dataset.test_labels
            holes = np.full((len(labels), 10), np.nan, np.float32)
            nothing = Evaluation(labels, holes, np.full(len(labels), np.nan, np.float32))
            await opened.tell(story.evaluated_at(200, 2.0, nothing))
            opened.find(r"1,000 digits without probabilities \(NaN\), counted as class 0")
            opened.find(r"^    0 ▸100 .* 100.0      10.0  18.2$")
            opened.find(r"^    3  100 .*   0.0         -   0.0$")
            await opened.press("d", "percent_sign")
            opened.find(r"since epoch 1: fixed 1, broke 897: hardly chance \(p < 0.001\)")

    async def test_held_out_digits_are_called_so(self, confuse: Any, story: Any) -> None:
        async with confuse() as opened:
            own = story.dataset
            story.dataset = replace(
                own, validation_images=own.test_images, validation_labels=own.test_labels
            )
            other = replace(story.evaluated(SECOND), split="validation")
            await opened.press("x")
            await opened.tell(story.loaded(), other)
            opened.find("1,000 validation digits")
            await opened.press("d")
            opened.find(r"mark at epoch 1: of other digits \(test\), not compared")

    @pytest.mark.parametrize("name", ["NO_COLOR", "TERM"])
    async def test_it_needs_no_colours(
        self, confuse: Any, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        monkeypatch.setenv(name, "linux")
        async with confuse(80, 24, FIRST, SECOND) as opened:
            await opened.press("d", "down", "right")
            assert chosen(opened) == "."
            assert opened.rows[13].startswith(
                "    9   +2    .    .    .    .   +1    .    .    .   -3 "
            )


class TestCell:
    async def test_arrows_move_and_stop_at_the_edges(self, confuse: Any) -> None:
        async with confuse() as opened:
            moves = ("up", "left", "right", "right", "right", "down", "up", *["right"] * 9, "down")
            seen = []
            for key in moves:
                await opened.press(key)
                seen.append(opened.find("^ . (taken for .|recognized)"))
            places = [(0, 0), (0, 0), (0, 1), (0, 2), (0, 3), (1, 3), (0, 3)]
            places += [(0, min(3 + step, 9)) for step in range(1, 10)] + [(1, 9)]
            assert seen == [
                f" {true} recognized" if true == predicted else f" {true} taken for {predicted}"
                for true, predicted in places
            ]

    async def test_it_stays_while_the_run_trains(self, confuse: Any, story: Any) -> None:
        async with confuse() as opened:
            await opened.press(*["down"] * 9)
            assert chosen(opened) == "1"
            opened.find(r"^ 9 taken for 0: 1 of 100 \(1.0%\)$")
            await opened.tell(*story.epochs(1, {**SECOND, 27: (0, 0.8)}))
            assert chosen(opened) == "4"
            opened.find(r"^ 9 taken for 0: 4 of 100 \(4.0%\)$")
            opened.find("─Counts, epoch 2, ")

    async def test_until_one_is_chosen_it_is_the_most_frequent_mistake(
        self, confuse: Any, story: Any
    ) -> None:
        async with confuse(80, 24, FIRST, choose=False) as opened:
            opened.find("^ 0 taken for 3: 1 of 100")
            await opened.tell(*story.epochs(1, SECOND))
            opened.find("^ 9 taken for 0: 3 of 100")
            await opened.press("up")
            await opened.tell(*story.epochs(1, FIRST))
            opened.find("^ 8 taken for 0: 1 of 100")
            await opened.press("home")
            opened.find("^ 0 taken for 3: 1 of 100")
            await opened.tell(*story.epochs(1, SECOND))
            opened.find("^ 9 taken for 0: 3 of 100")

    async def test_the_most_frequent_mistake(self, confuse: Any) -> None:
        async with confuse(80, 24, FIRST, SECOND) as opened:
            await opened.press("home")
            opened.find("^ 9 taken for 0: 3 of 100")
            await opened.press("d", "home")
            opened.find("^ 9 taken for 0: 3 of 100 .3.0%. now, 1 at epoch 1$")

    async def test_enter_shows_its_digits(
        self, confuse: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from digit_tui.tui.screens.mistakes import MistakesView

        asked = []
        monkeypatch.setattr(
            MistakesView, "choose", lambda view, text, origin: asked.append((view.ready, text))
        )
        async with confuse() as opened:
            await opened.press("down", *["right"] * 7, "enter")
            assert opened.app.current_mode == "mistakes"
            opened.app.switch_mode("confusion")
            await opened.press(*["left"] * 6, "enter")
            assert asked == [(True, "true=1 pred=7"), (True, "true=1 pred=1")]

    @pytest.mark.parametrize("visited", [False, True])
    async def test_the_mistakes_view_lists_them(self, confuse: Any, visited: bool) -> None:
        async with confuse() as opened:
            if visited:
                await opened.press(*["tab"] * 5)
                assert opened.app.current_mode == "confusion"
            await opened.press("enter")
            opened.find("99 of 1,000 digits, true=0 pred=0")
            await opened.press("tab", "home", "enter")
            opened.find("1 of .* true=0 pred=3")
            opened.find("#17 +0 → 3")

    async def test_escape_goes_back_from_them(self, confuse: Any) -> None:
        async with confuse() as opened:
            await opened.press("home", "enter")
            opened.find("true=0 pred=3")
            await opened.press("escape")
            assert opened.app.current_mode == "confusion"
            await opened.press("enter", "slash", "end", "space", *"loss>0", "enter")
            opened.find("true=0 pred=3 loss>0")
            await opened.press("escape")
            assert opened.app.current_mode == "mistakes"  # it is another list by now
            await opened.press("escape")
            assert opened.app.current_mode == "mistakes"

    @pytest.mark.parametrize(
        ("counts", "shades"), [((8, 5, 3, 1), 4), ((20, 19, 18, 17), 1), ((1, 1, 2, 1), 2)]
    )
    async def test_the_most_frequent_mistakes_are_shaded_most(
        self, confuse: Any, story: Any, counts: tuple[int, ...], shades: int
    ) -> None:
        labels, mistakes = story.dataset.test_labels, {}
        for true, count in enumerate(counts):
            digits = np.flatnonzero(labels == true)[:count]
            mistakes |= {int(each): (9, 0.9) for each in digits}
        async with confuse(80, 24, mistakes) as opened:
            await opened.press("down", "down", "down", "down")
            matrix = opened.app.screen.query_one(ConfusionMatrix)
            colors = []
            for true in range(len(counts)):
                texts = [(each.text.strip(), each.style) for each in matrix.render_line(true + 1)]
                # Behind the label of the row.
                styles = [style for text, style in texts[1:] if text == str(counts[true])]
                colors.append(styles[-1].bgcolor)
            assert len({*colors}) == shades

    @pytest.mark.long
    async def test_of_many_classes_it_is_in_sight(self, window: Any, story: Any) -> None:
        _, predictions = many(story, 47)
        async with window(60, 20) as opened:
            await opened.tell(*story.opening(), story.steps(), *evaluated(story, predictions))
            opened.app.switch_mode("confusion")
            await opened.settle()
            opened.app.screen.choose(Cell(0, 0))
            await opened.settle()
            assert shown(opened)[0] == [str(each) for each in range(6)]
            await opened.until(lambda: [*shown(opened)[2]] == [*range(12)])
            opened.find("^ ▾ 11 ")
            opened.find("^ true .* 5 ▸recall")
            for key, times in {"down": 46, "right": 46, "up": 20, "left": 45}.items():
                for _ in range(times):
                    await opened.press(key)
                    assert "▸" in "".join(row[6:] for row in opened.rows[4:16]), opened.text
            assert shown(opened)[0] == [str(each) for each in range(1, 7)]
            assert [*shown(opened)[2]] == [*range(26, 38)]
            opened.find("^ true◂   1 ")
            opened.find("^ ▴ 26 ")
            opened.find("^ 26 taken for 1: 0 of ")


def many(story: Any, classes: int) -> tuple[Any, Any]:
    """Give a story other digits, the last class without any; their labels and predictions."""
    generator = np.random.default_rng(classes)
    labels = generator.integers(0, max(classes - 1, 2), 900).astype(np.uint8)
    wrong = generator.random(900) < 0.3
    predictions = np.where(wrong, generator.integers(0, classes, 900), labels)
    images = np.zeros((900, 64), np.uint8)
    story.dataset = Dataset("letters", "", images, labels, images, labels, 8, classes)
    story.settings = Settings.of(story.config)
    return labels, predictions


def evaluated(story: Any, predictions: Any) -> list[Any]:
    labels = story.dataset.test_labels
    wrong = np.flatnonzero(predictions != labels)
    return [story.evaluated({int(index): (int(predictions[index]), 0.9) for index in wrong})]
