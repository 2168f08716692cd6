"""Which digits are taken for which, as characters."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support
from support.rarely import rarely

from digit_tui.data import Dataset
from digit_tui.nn import Evaluation
from digit_tui.run import events as happened
from digit_tui.run.settings import Settings
from digit_tui.tui.widgets.confusion_matrix import first_visible, number

# Index to (predicted, its probability); 4 is a 1, 17 a 0, 250 an 8, the others are nines.
FIRST = {4: (7, 0.8), 17: (3, 0.6), 250: (0, 0.51), 31: (0, 0.99)}
SECOND = {4: (7, 0.8), 31: (0, 0.99), 13: (5, 0.7), 18: (0, 0.9), 23: (0, 0.6)}


@pytest.fixture
def confuse(window: Any, story: Any) -> Any:
    """Opens the view after some epochs, each with mistakes of its own."""

    @asynccontextmanager
    async def open_view(width: int = 80, height: int = 24, *epochs: Any) -> Any:
        async with window(width, height) as opened:
            await opened.tell(*story.opening())
            for mistakes in epochs or (FIRST,):
                await opened.tell(*story.epochs(1, mistakes))
            opened.app.switch_mode("confusion")
            await opened.settle()
            yield opened

    return open_view


def shown(opened: Any) -> tuple[list[str], list[str], dict[int, tuple[list[str], list[str]]]]:
    """Headings of the columns, names of the scores, and cells and scores of each row."""
    (first,) = [at for at, row in enumerate(opened.rows) if row.startswith(" true")]
    head = opened.rows[first][6:].replace("▸", " ").split()
    columns = [each for each in head if each.isdigit()]
    rows = {}
    for row in opened.rows[first + 1 :]:
        words = row.replace("▸", " ").replace("▴", " ").replace("▾", " ").split()
        if len(words) != len(head) + 1:
            if words:
                break
            continue
        rows[int(words[0])] = words[1 : len(columns) + 1], words[len(columns) + 1 :]
    return columns, head[len(columns) :], rows


def chosen(opened: Any) -> str:
    """The number in the cell that is marked."""
    return str(opened.find(r"(?<=▸)[+\-]?[\d.]+"))


class TestMatrix:
    async def test_the_smallest_usual_terminal_shows_all_of_it(self, confuse: Any) -> None:
        async with confuse() as opened:
            assert [row.rstrip() for row in opened.rows[2:20]] == [
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
                "",
                " 0 recognized: 99 of 100 (99.0 %)",
                " accuracy 99.60 % (95 % interval 99.0 to 99.8)",
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
            await opened.tell(*story.opening(), story.steps(), *look(story, predictions))
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
            await opened.until(lambda: len(shown(opened)[2]) == 9)
            opened.find(words)
            opened.find("q Quit")

    async def test_there_is_no_look_yet(self, window: Any, story: Any) -> None:
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
            await opened.tell(story.look(200, 2.0, nothing))
            opened.find(r"1,000 digits have no probabilities \(NaN\): they count as class 0")
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
            opened.find(r"^ 9 taken for 0: 1 of 100 \(1.0 %\)$")
            await opened.tell(*story.epochs(1, {**SECOND, 27: (0, 0.8)}))
            assert chosen(opened) == "4"
            opened.find(r"^ 9 taken for 0: 4 of 100 \(4.0 %\)$")
            opened.find("─Counts, epoch 2, ")

    async def test_the_most_frequent_mistake(self, confuse: Any) -> None:
        async with confuse(80, 24, FIRST, SECOND) as opened:
            await opened.press("home")
            opened.find("^ 9 taken for 0: 3 of 100")
            await opened.press("d", "home")
            opened.find("^ 9 taken for 0: 3 of 100 .3.0 %. now, 1 at epoch 1$")

    async def test_enter_shows_its_digits(
        self, confuse: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from digit_tui.tui.screens.mistakes import MistakesView

        asked = []
        monkeypatch.setattr(
            MistakesView, "choose", lambda view, text: asked.append((view.ready, text))
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
                await opened.press("tab", "tab", "tab")
                assert opened.app.current_mode == "confusion"
            await opened.press("enter")
            opened.find("99 of 1,000 digits, true=0 pred=0")
            await opened.press("tab", "home", "enter")
            opened.find("1 of .* true=0 pred=3")
            opened.find("#17 +0 → 3")

    @pytest.mark.long
    async def test_of_many_classes_it_is_in_sight(self, window: Any, story: Any) -> None:
        _, predictions = many(story, 47)
        async with window(60, 20) as opened:
            await opened.tell(*story.opening(), story.steps(), *look(story, predictions))
            opened.app.switch_mode("confusion")
            await opened.settle()
            assert shown(opened)[0] == [str(each) for each in range(6)]
            await opened.until(lambda: [*shown(opened)[2]] == [*range(10)])
            opened.find("^ ▾  9 ")
            opened.find("^ true .* 5 ▸recall")
            for key, times in {"down": 46, "right": 46, "up": 20, "left": 45}.items():
                for _ in range(times):
                    await opened.press(key)
                    assert "▸" in "".join(row[6:] for row in opened.rows[4:14]), opened.text
            assert shown(opened)[0] == [str(each) for each in range(1, 7)]
            assert [*shown(opened)[2]] == [*range(26, 36)]
            opened.find("^ true◂   1 ")
            opened.find("^ ▴ 26 ")
            opened.find("^ 26 taken for 1: 0 of ")


class TestChange:
    async def test_since_the_last_epoch(self, confuse: Any) -> None:
        async with confuse(80, 24, FIRST, SECOND) as opened:
            await opened.press("d")
            assert opened.rows[2].startswith(
                "─Change since epoch 1 (epoch 2 now), columns: predicted, 1,000 test digits"
            )
            assert [row[:55].rstrip() for row in (opened.rows[4], opened.rows[13])] == [
                "    0  ▸+1    .    .   -1    .    .    .    .    .    .",
                "    9   +2    .    .    .    .   +1    .    .    .   -3",
            ]
            assert [row.rstrip() for row in opened.rows[15:19]] == [
                " 0 recognized: 100 of 100 (100.0 %) now, 99 at epoch 1",
                " epoch 1  99.60 % (95 % interval 99.0 to 99.8)",
                " now      99.50 % (95 % interval 98.8 to 99.8)",
                " since epoch 1: fixed 2, broke 3: may well be chance (p = 1.00)",
            ]
            await opened.press("d")
            assert opened.rows[2].startswith("─Counts, ")

    async def test_in_points(self, confuse: Any) -> None:
        async with confuse(80, 24, FIRST, SECOND) as opened:
            await opened.press("d", "percent_sign")
            assert opened.rows[2].startswith("─Percentage points since epoch 1 (epoch 2 now), ")
            assert chosen(opened) == "+1.0"

    async def test_between_epochs_it_is_since_the_last_end(self, confuse: Any, story: Any) -> None:
        async with confuse(80, 24, FIRST) as opened:
            await opened.press("d")
            opened.find("^ no earlier epoch to compare with yet")
            opened.find("^ accuracy 99.60 %")
            await opened.tell(story.steps(50), story.evaluated(SECOND))
            opened.find(r"─Change since epoch 1 \(epoch 1.50 now\), ")
            opened.find("fixed 2, broke 3")

    async def test_since_a_mark(self, confuse: Any, story: Any) -> None:
        async with confuse(80, 24, FIRST) as opened:
            await opened.press("x")
            opened.find("^ mark at epoch 1: d shows the change")
            await opened.press("d")
            opened.find("^ mark at epoch 1: nothing has changed since")
            await opened.tell(*story.epochs(1, {}), *story.epochs(1, SECOND))
            opened.find(r"─Change since the mark at epoch 1 \(epoch 3 now\), ")
            opened.find("^ since the mark at epoch 1: fixed 2, broke 3: may well")
            opened.find("^ mark  99.60 %")
            opened.find("^ 0 recognized: 100 of 100 .100.0 %. now, 99 at the mark$")
            await opened.press("x")
            opened.find("^ mark at epoch 3: nothing has changed since")
            await opened.press("d")
            assert opened.rows[2].startswith("─Change since epoch 2 ")
            await opened.press("d")
            assert opened.rows[2].startswith("─Counts, ")

    async def test_it_is_said_whether_the_next_change_is_since_the_mark(
        self, confuse: Any, story: Any
    ) -> None:
        async with confuse(80, 24, FIRST) as opened:
            await opened.press("d", "x")
            await opened.tell(*story.epochs(1, SECOND))
            opened.find("^ mark at epoch 1 *$")
            await opened.press("d")
            opened.find("^ mark at epoch 1: d shows the change")
            await opened.press("d")
            assert opened.rows[2].startswith("─Change since the mark at epoch 1 ")

    async def test_a_mark_may_be_of_another_run_or_ahead(self, confuse: Any, story: Any) -> None:
        async with confuse(80, 24, FIRST) as opened:
            await opened.press("x", "d")
            await opened.tell(story.look(50, 0.5, story.evaluation(SECOND)))  # it was undone
            opened.find("^ against the mark at epoch 1: fixed 2, broke 3")
            await opened.tell(story.started(run="/runs/two"), story.evaluated(SECOND))
            opened.find("^ against the mark at epoch 1 of another run: fixed 2, broke 3")

    async def test_the_fork_against_the_run(self, confuse: Any, story: Any) -> None:
        async with confuse(80, 24, FIRST) as opened:
            await opened.press("d", "d")
            assert opened.rows[2].startswith("─Counts, ")  # there is none
            forked = happened.Forked(100, 1.0, ["optimizer sgd"], "/runs/fork", story.settings)
            copy = story.look(100, 1.0, story.evaluation(SECOND))
            await opened.tell(forked, happened.BranchEvent(copy))
            await opened.press("d", "d")
            assert opened.rows[2].startswith("─Change fork against run ")
            opened.find("^ run   99.60 %")
            opened.find("^ fork  99.50 %")
            opened.find("^ fork against run: fixed 2, broke 3")
            opened.find("^ 0 recognized: 100 of 100 .100.0 %. in the fork, 99 in the run$")
            model = opened.app.model
            model.test_evaluated, model.shows_test = replace(copy, split="validation"), True
            opened.app.screen.redraw()
            await opened.settle()
            opened.find("the fork was evaluated on test digits: not compared")
            model.shows_test = False
            await opened.tell(happened.ForkEnded(100, "run", None, "asked"))
            assert opened.rows[2].startswith("─Counts, ")


async def test_what_has_not_changed_is_not_sent(
    confuse: Any, story: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with confuse(80, 24, FIRST, FIRST) as opened:
        sent = []
        matrix = opened.app.screen.query_one("ConfusionMatrix")
        monkeypatch.setattr(matrix, "refresh", lambda *regions, **_: sent.append(regions))
        opened.app.screen.redraw()
        assert sent == []
        await opened.press("down")
        ((*regions,),) = sent
        assert [region.y for region in regions] == [1, 2]


class TestNumbers:
    @pytest.mark.parametrize(
        ("value", "total", "share", "signed", "text"),
        [
            (0, 100, False, False, "."),
            (0, 0, True, True, "."),
            (1_135, 1_135, False, False, "1135"),
            (-7, 980, False, True, "-7"),
            (980, 980, True, False, "100"),
            (979, 980, True, False, "99.9"),
            (1, 980, True, False, "0.1"),
            (4, 980, True, True, "+0.4"),
            (-980, 980, True, True, "-100"),
            (-99, 980, True, True, "-10"),
        ],
    )
    def test_they_are_short(
        self, value: int, total: int, share: bool, signed: bool, text: str
    ) -> None:
        assert number(value, total, share, signed) == text

    def test_the_chosen_one_is_in_sight_and_nothing_moves_without_need(self) -> None:
        first, seen = 0, []
        for row in (0, 9, 10, 46, 40, 37, 36, 0):
            first = first_visible(first, row, 10, 47)
            seen.append(first)
        assert seen == [0, 0, 1, 37, 37, 37, 36, 0]
        assert first_visible(30, 2, 10, 10) == 0  # there is room for all


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


def look(story: Any, predictions: Any) -> list[Any]:
    labels = story.dataset.test_labels
    wrong = np.flatnonzero(predictions != labels)
    return [story.evaluated({int(index): (int(predictions[index]), 0.9) for index in wrong})]
