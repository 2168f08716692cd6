"""The charts of the training view."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.charts import BRAILLE, chart
from support.steering import back, forked
from textual.geometry import Region

from digit_tui.tui.draw_rate import ANY_SHARE, DrawRate
from digit_tui.tui.draw_schedule import DrawSchedule
from digit_tui.tui.widgets.chart import Curve, Drawing

ODD_VALUES = [
    [np.nan] * 5,
    [np.inf, -np.inf, np.nan, np.inf, -np.inf],
    [1, np.nan, 3, np.inf, 5],
    [1e308, -1e308, 1, 2, 3],
    [1e-320, 1e-45, 0, -1, 1],
    [0.0] * 5,
    [7.0] * 5,
]


class TestCharts:
    async def test_titles_and_axes(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(4))
            assert "Loss" in opened.rows[4]
            assert "Error" in opened.rows[4]
            assert opened.rows[4].count("━ training ━ test") == 2
            assert re.fullmatch("(0 .*4 *){2}", opened.rows[12].strip())
            opened.find(r"\d%┤")
            assert BRAILLE.search(opened.text)

    async def test_a_setting_that_changed_is_marked(self, window: Any, story: Any) -> None:
        async with window(80, 30) as opened:
            await opened.tell(*story.opening(), *story.epochs(1))
            plain = [row[10:38].count("│") for row in opened.rows[5:13]]
            await opened.tell(story.changed("optimizer", "sgd"), *story.epochs(1))
            marked = [row[10:38].count("│") for row in opened.rows[5:13]]
            assert plain == [0] * 8
            assert sum(marked) >= 4  # the curves are in front

    async def test_the_recent_part(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(8))
            await opened.press("w")
            labels = [float(label) for label in opened.rows[12].split()]
            assert min(labels) >= 6
            assert max(labels) == 8
            await opened.press("w")
            assert opened.rows[12].split()[0] == "0"

    async def test_logarithmic_and_raw(self, window: Any, story: Any) -> None:
        async with window(120, 40) as opened:
            await opened.tell(*story.opening(), *story.epochs(3, {4: (7, 0.8), 17: (3, 0.6)}))
            opened.find("Loss.* log")
            opened.find("Error")
            opened.find("Gradient norm.* log, smoothed")
            opened.find("0.5%┤|0.2%┤|1%┤")
            await opened.press("z", "l")
            opened.find("Accuracy")
            opened.find("Gradient norm.* raw")
            assert " log" not in opened.text
            await opened.press("z", "l")
            opened.find("Gradient norm.* log, smoothed")

    async def test_raw_curves_keep_the_peak_that_smoothing_hides(
        self, window: Any, story: Any
    ) -> None:
        async with window() as opened:
            losses = np.ones(100)
            losses[50] = 40
            await opened.tell(*story.opening(), story.steps(losses=losses))
            assert not re.search(r"^ *\d0┤", opened.text, re.MULTILINE)
            await opened.press("z")
            opened.find(r"^ *\d0┤")

    async def test_markers(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(3))
            await opened.press("m")
            assert not BRAILLE.search(opened.text)
            opened.find("[▀▄▌▐▖▗▘▝▚▞▛▜▟▙]")
            await opened.press("m")
            assert not BRAILLE.search(opened.text)
            opened.find(r"\*\*\*")
            await opened.press("m")
            assert BRAILLE.search(opened.text)

    @pytest.mark.parametrize("log", [False, True])
    async def test_no_value_is_too_odd(self, window: Any, log: bool) -> None:
        async with window() as opened:
            for values in ODD_VALUES:
                curve = Curve(np.arange(5.0), np.array(values), "primary")
                chart(opened).draw(Drawing([curve], (0.0, 4.0), [(1.0, "A")], log=log))
                await opened.settle()
                text = "\n".join(row[:40] for row in opened.rows[5:12])
                assert "cannot be drawn" not in text
                if any(np.isfinite(value) and (value > 0 or not log) for value in values):
                    assert BRAILLE.search(text), values
                else:
                    assert "No points yet." in text, values

    async def test_a_chart_that_fails_says_so(
        self, window: Any, story: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> str:
            raise ValueError("by design")

        async with window() as opened:
            monkeypatch.setattr(chart(opened), "_build", fail)
            await opened.tell(*story.opening(), *story.epochs(1))
            opened.find("This chart cannot be drawn: by design")
            opened.find("Error")

    async def test_only_rows_that_changed_are_sent(
        self, window: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with window() as opened:
            drawn = chart(opened)
            x = np.arange(50.0)
            low, high = np.zeros(50), np.linspace(0, 1, 50)
            bent = high.copy()
            bent[45:49] = 0.7

            def drawing(y: Any) -> Drawing:
                return Drawing([Curve(x, low, "primary"), Curve(x, y, "primary")], (0, 49), [])

            drawn.draw(drawing(high))
            regions: list[Region] = []
            monkeypatch.setattr(drawn, "refresh", lambda *each: regions.extend(each or ["all"]))
            drawn.draw(drawing(high.copy()))
            assert regions == []

            before = drawn._strips
            drawn.draw(drawing(bent))
            after = drawn._strips
            changed = [y for y in range(len(after)) if before[y] != after[y]]
            assert [region.y for region in regions] == changed
            assert 0 < len(changed) < len(after) / 2
            assert all(region.height == 1 for region in regions)

    async def test_nothing_is_sent_where_nothing_happens(
        self, window: Any, story: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(1), story.paused())
            refreshed: list[Any] = []
            for widget in opened.app.screen.query("*"):
                monkeypatch.setattr(
                    widget, "refresh", lambda *_, w=widget, **__: refreshed.append(w)
                )
            await opened.tell()
            assert refreshed == []
            await opened.tell(story.resumed())
            assert {type(each).__name__ for each in refreshed} >= {"StatusLine", "EventLog"}

    async def test_words_and_charts_are_drawn_twice_a_second_at_most(
        self, window: Any, story: Any, clock: Any
    ) -> None:
        async with window() as opened:
            opened.app.schedule = DrawSchedule(DrawRate(0.5, ANY_SHARE), clock)

            def drawn_to() -> float:
                return chart(opened)._drawing.span[1]

            clock.pass_(1)
            await opened.tell(*story.opening(), story.steps(10))
            assert drawn_to() == 0.1
            clock.pass_(0.4)
            await opened.tell(story.steps(10))
            assert drawn_to() == 0.1
            assert "epoch 0.10/25" in opened.rows[1]
            clock.pass_(0.2)
            await opened.tell()
            assert drawn_to() == 0.2
            assert "epoch 0.20/25" in opened.rows[1]
            clock.pass_(0.1)
            await opened.tell(story.steps(10), story.paused())  # a pause is seen at once
            assert drawn_to() == 0.3

    async def test_words_and_lists_of_an_evaluation_change_together(
        self, window: Any, story: Any, clock: Any
    ) -> None:
        async with window() as opened:
            opened.app.schedule = DrawSchedule(DrawRate(0.5, ANY_SHARE), clock)
            await opened.press("tab")
            clock.pass_(1)
            await opened.tell(*story.opening(), *story.epochs(1, {4: (7, 0.8)}))
            assert "test 99.90%" in opened.rows[1]
            opened.find("1 mistake by loss")
            clock.pass_(0.3)  # long enough for words, but not for a drawing
            await opened.tell(*story.epochs(1, {4: (7, 0.8), 31: (0, 0.9)}))
            assert "test 99.90%" in opened.rows[1]
            opened.find("1 mistake by loss")
            clock.pass_(0.2)
            await opened.tell(story.steps(1))
            assert "test 99.80%" in opened.rows[1]
            opened.find("2 mistakes by loss")

    async def test_an_evaluation_after_a_pause_is_drawn_at_once(
        self, window: Any, story: Any, clock: Any
    ) -> None:
        async with window() as opened:
            opened.app.schedule = DrawSchedule(DrawRate(0.5, ANY_SHARE), clock)
            clock.pass_(1)
            await opened.tell(*story.opening(), *story.epochs(1, {4: (7, 0.8)}))
            await opened.tell(story.steps(50), story.paused("spike"))
            opened.find("Hardest of 1 test mistake at epoch 1,")
            await opened.tell(story.evaluated({4: (7, 0.8), 31: (0, 0.9)}))
            opened.find("Hardest of 2 test mistakes at epoch 1.50,")

    @pytest.mark.parametrize("asked", [None, 0.5, 10.0])
    def test_how_often_it_draws_may_be_asked_for(self, asked: float | None) -> None:
        rate = DrawRate.of(asked)
        if asked is None:
            assert rate == DrawRate()
            assert rate.seconds == 0.5
            assert rate.share < 0.1
        else:
            assert rate.seconds == 1 / asked
            assert rate.share == ANY_SHARE
            assert rate.poll_seconds <= 1 / asked

    async def test_drawing_takes_a_small_part_of_the_time(
        self, window: Any, story: Any, monkeypatch: pytest.MonkeyPatch, clock: Any
    ) -> None:
        async with window() as opened:
            opened.app.schedule = DrawSchedule(DrawRate(0.0, 0.0125), clock)
            view, draw = opened.app.screen, type(opened.app.screen).draw
            monkeypatch.setattr(view, "draw", lambda model: (draw(view, model), clock.pass_(0.03)))

            async def drawings(seconds: int) -> int:
                seen = set()
                for _ in range(2 * seconds):
                    clock.pass_(0.5)
                    await opened.tell(story.steps(10))
                    seen.add(chart(opened)._drawing.span[1])
                return len(seen)

            await opened.tell(*story.opening())
            assert await drawings(9) in (5, 6, 7)  # a person looks on: 1.5 s apart
            await drawings(2)
            assert await drawings(9) in (3, 4)  # 2.5 s apart


class TestMarks:
    async def test_a_letter_that_the_log_explains(self, window: Any, story: Any) -> None:
        async with window(120, 40) as opened:
            await opened.tell(*story.opening(), *story.epochs(1), story.changed("optimizer", "sgd"))
            await opened.tell(*story.epochs(1), story.changed("learning_rate", 0.1))
            await opened.tell(*story.epochs(1))
            opened.find("A epoch 1.00: set optimizer adam → sgd")
            opened.find("B epoch 2.00: set learning rate 0.001 → 0.1")
            top = opened.rows[5]
            assert len(re.findall("A.*B.*A.*B", top)) == 1, opened.text

    async def test_quick_presses_have_one(self, window: Any, story: Any) -> None:
        async with window(120, 40) as opened:
            await opened.tell(*story.opening(), *story.epochs(1))
            await opened.tell(story.changed("optimizer", "sgd"), story.changed("optimizer", "adam"))
            assert opened.app.model.marks == []
            await opened.tell(*story.epochs(1), story.changed("augment", "shift"))
            await opened.tell(story.changed("augment", "affine"))
            opened.find("A epoch 2.00: set augmentation none → affine")
            assert [each.letter for each in opened.app.model.marks] == ["A"]


class TestCrosshair:
    async def test_values_by_keys(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(4, {4: (7, 0.8)}))
            await opened.press("left")
            opened.find(r"Loss at 4.00  train 0.\d+ test 0.107─")
            opened.find(r"Error at 4.00  ━ train 25% ━ test 0.1%─")
            for _ in range(9):
                await opened.press("left")
            opened.find(r"Loss at 2.9\d  train 0.\d+ test 0.107─")
            await opened.press("right")
            opened.find("Loss at 3.0")
            await opened.press("escape")
            opened.find("Loss by epoch")

    async def test_no_error_at_all_reads_zero(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(4, {}))
            await opened.press("left")
            opened.find(r"Error at 4.00  ━ train 25% ━ test 0%─")

    async def test_values_under_the_mouse(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(4, {4: (7, 0.8)}))
            await opened.pilot.hover("#loss", offset=(22, 4))
            await opened.settle()
            opened.find(r"Loss at [12].\d\d .*Error at [12].\d\d ")
            await opened.pilot.hover("KeyBar")
            await opened.settle()
            opened.find("Loss by epoch")

    async def test_words_for_run_and_fork(self, window: Any, story: Any) -> None:
        async with window(120, 40) as opened:
            await opened.tell(*story.opening(), *story.epochs(2, {4: (7, 0.8)}))
            await opened.tell(forked(story, "rate 0.1"))
            await opened.tell(*story.epochs(1, {4: (7, 0.8)}))
            await opened.press("left")
            opened.find(r"Loss at 3.00  run ━ 0.\d+ ━ 0.107  fork ━ - ━ -")
            opened.find(r"Gradient norm at 3.00  ━ run [\d.]+ ━ fork -")
            await opened.resize(80, 24)
            opened.find(r"Loss 3.00  run 0.\d+ 0.107  fork - -")

    async def test_no_value_beyond_the_present(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(4))
            await opened.press("left", "left")
            opened.find(r"Loss at 3.8\d  train 0")
            await opened.tell(back(story, 200))
            opened.find(r"Loss at 3.8\d  ━ training - ━ test -─")  # what is drawn there is undone

    async def test_a_window_leaves_it_behind(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(4))
            await opened.press(*["left"] * 20, "w")
            opened.find("Loss by epoch")

    async def test_it_stays_where_it_is_while_the_run_goes_on(
        self, window: Any, story: Any
    ) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(4))
            await opened.press("left")
            await opened.tell(*story.epochs(4))
            opened.find("Loss at 4.00 ")


async def test_rates_that_are_far_apart_are_told_apart(window: Any, story: Any) -> None:
    async with window(200, 60) as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        opened.find("Learning rate by epoch(?!, log)")
        await opened.tell(story.changed("learning_rate", 1.0), *story.epochs(1))
        opened.find("Learning rate by epoch, log")


async def test_an_error_of_nothing_does_not_flatten_the_rest(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), *story.epochs(2, {4: (7, 0.8)}))
        steps = story.steps(2_000)  # all right: the average comes ever nearer to no error at all
        await opened.tell(replace(steps, accuracies=np.ones(2_000, np.float32)))
        await opened.tell(story.evaluated({4: (7, 0.8)}))
        assert "e-" not in opened.text
        opened.find(r"0\.1%┤")
