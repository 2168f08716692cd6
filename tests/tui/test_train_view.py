"""The charts, the log and the status, as characters."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from textual.geometry import Region

from digit_tui.data import Dataset
from digit_tui.run import events as happened
from digit_tui.tui.app import DigitApp
from digit_tui.tui.draw_rate import ANY_SHARE, DrawRate
from digit_tui.tui.draw_schedule import DrawSchedule
from digit_tui.tui.widgets.chart import Chart, Curve, Drawing

BRAILLE = re.compile("[\u2801-\u28ff]")
ODD_VALUES = [
    [np.nan] * 5,
    [np.inf, -np.inf, np.nan, np.inf, -np.inf],
    [1, np.nan, 3, np.inf, 5],
    [1e308, -1e308, 1, 2, 3],
    [1e-320, 1e-45, 0, -1, 1],
    [0.0] * 5,
    [7.0] * 5,
]


def chart(opened: Any, name: str = "loss") -> Chart:
    return opened.app.screen.query_one(f"#{name}", Chart)


def counts(app: DigitApp) -> list[int]:
    model = app.model
    return [
        len(each)
        for each in (
            model.curves.train_loss,
            model.curves.gradient_norm,
            model.curves.monitored_loss,
        )
    ]


class TestStatus:
    async def test_before_the_digits_are_read(self, window: Any) -> None:
        async with window() as opened:
            assert opened.rows[0] == " sample · adam · rate 0.001"
            assert opened.rows[1].startswith(" … loading")
            assert opened.text.count("No points yet.") == 3

    async def test_the_name_of_the_data_can_not_drive_the_terminal(
        self, window: Any, config: Any
    ) -> None:
        async with window(data="a\x1b[2Jb\u202e") as opened:
            assert opened.rows[0].startswith(" a?[2Jb? · ")
            assert all(row.isprintable() for row in opened.rows)

    @pytest.mark.parametrize("size", [(80, 24), (120, 40)])
    async def test_the_two_lines(self, window: Any, story: Any, size: tuple[int, int]) -> None:
        async with window(*size) as opened:
            await opened.tell(*story.opening(), *story.epochs(2, {4: (7, 0.8)}), story.steps(34))
            assert opened.rows[:2] == [
                " sample · 784-128-10 · adam · rate 0.001",
                " ▶ training  epoch 2.34/25  step 234  test 99.90%  3,120 images/s",
            ]

    @pytest.mark.parametrize(
        ("reason", "words"),
        [
            ("asked", "⏸ paused"),
            ("batch", "⏸ paused"),
            ("finished", "✓ finished"),
            ("diverged", "✗ diverged"),
        ],
    )
    async def test_what_the_run_does(
        self, window: Any, story: Any, reason: str, words: str
    ) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), story.steps(10), story.paused(reason))
            assert opened.rows[1].startswith(f" {words}  epoch 0.10/25")

    async def test_settings_are_shown_when_they_are_confirmed(
        self, window: Any, story: Any
    ) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), story.steps(10))
            before = opened.rows
            await opened.press("2", "c", "a", "e", "right_square_bracket", "space")
            assert opened.rows == before
            await opened.tell(
                story.changed("optimizer", "momentum"),
                story.changed("learning_rate", 0.02),
                story.changed("clip_norm", 1.0),
                story.changed("augment", "shift"),
                story.changed("epochs", 35),
                story.paused(),
            )
            assert opened.rows[:2] == [
                " sample · 784-128-10 · momentum · rate 0.02 · clip norm 1 · shift",
                " ⏸ paused  epoch 0.10/35  step 10  test 100.00%  400 images/s",
            ]
            await opened.tell(story.changed("clip_norm", None), story.changed("clip_value", 0.1))
            assert "· clip value 0.1 ·" in opened.rows[0]

    async def test_the_rate_of_the_last_step_beside_the_base_rate(
        self, window: Any, story: Any
    ) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), story.steps(10, rate=0.00075))
            assert opened.rows[0].endswith("· adam · rate 0.00075 of 0.001")
            await opened.tell(story.steps(10, rate=0.00099999))  # as good as the same
            assert opened.rows[0].endswith("· adam · rate 0.001")


class TestProgress:
    async def test_the_time_left(self, window: Any, story: Any, clock: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening())
            assert opened.rows[21].endswith("  0%  …")
            clock.pass_(10)
            await opened.tell(story.steps(100))
            assert re.fullmatch(r" █+[▏▎▍▌▋▊▉]? +4%  4:00 left", opened.rows[21])
            clock.pass_(7)
            await opened.tell()
            assert opened.rows[21].endswith("4%  3:53 left")
            await opened.tell(story.paused())
            assert opened.rows[21].endswith("4%  paused")

    async def test_hours(self, window: Any, story: Any, clock: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening())
            clock.pass_(10)
            await opened.tell(story.steps(1))
            assert opened.rows[21].endswith("6:56:30 left")

    async def test_the_end(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(25), story.paused("finished"))
            assert re.fullmatch(r" █{50,} +100%  done", opened.rows[21])


class TestLog:
    async def test_the_latest_lines_last(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(3), story.changed("augment", "shift"))
            assert [row[41:].strip() for row in opened.rows[14:20]] == [
                "sample: 4,000 training and 1,000 test",
                "images",
                "training 1,234 parameters",
                "epoch 3: test 91.00%, loss 0.3000",
                "epoch 3.00: augmentation none → shift",
                "",
            ]

    async def test_what_does_not_fit_goes_out_at_the_top(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*(happened.Refused(1, f"number {each}") for each in range(30)))
            rows = [row[41:].strip() for row in opened.rows[14:21]]
            assert rows == [f"number {each}" for each in range(23, 30)]

    async def test_markup_is_text(self, window: Any) -> None:
        async with window() as opened:
            await opened.tell(happened.Refused(1, "[red]no[/] [@click=app.quit]x[/"))
            opened.find(re.escape("[red]no[/] [@click=app.quit]x[/"))


class TestKeyBar:
    async def test_it_takes_few_lines_and_names_every_key(self, window: Any) -> None:
        async with window() as opened:
            groups = dict(DigitApp.key_groups())
            for view, lines in (("Training", 2), ("Mistakes", 3), ("Confusion", 3)):
                bar = opened.app.screen.query_one("KeyBar")
                await opened.until(lambda bar=bar, lines=lines: bar.size.height == lines)
                active = opened.app.screen.active_bindings.values()
                works = {each.binding.id for each in active if each.enabled}
                text = "  ".join(opened.rows[24 - lines :])
                for binding in [*groups["Everywhere"], *groups[view]]:
                    key = opened.app.get_key_display(binding)
                    if not binding.show or binding.id not in works:
                        assert f" {binding.description} " not in f" {text} "
                    elif binding.group is None:
                        assert f"{key} {binding.description}" in text
                    else:
                        assert re.search(rf"{re.escape(key)} .*{binding.description}", text)
                assert "q Quit" in text
                await opened.press("tab")

    async def test_one_line_where_there_is_room(self, window: Any) -> None:
        async with window(200, 24) as opened:
            assert opened.app.screen.query_one("KeyBar").size.height == 1
            assert opened.rows[-1].endswith("? Help  q Quit")

    async def test_a_click_presses_the_key(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), story.steps(10))
            column = opened.rows[23].index("s Save")
            await opened.pilot.click("KeyBar", offset=(column, 1))
            await opened.settle()
            assert [type(each).__name__ for each in opened.sent] == ["Save"]


class TestCharts:
    async def test_titles_and_axes(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(4))
            assert "Loss" in opened.rows[2]
            assert "Accuracy" in opened.rows[2]
            assert opened.rows[2].count("━ training ━ test") == 2
            assert "Gradient norm" in opened.rows[13]
            assert re.fullmatch("(0 .*4 *){2}", opened.rows[12].strip())
            opened.find("100%┤")
            assert BRAILLE.search(opened.text)

    async def test_a_setting_that_changed_is_marked(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(1))
            plain = [row[10:38].count("│") for row in opened.rows[3:11]]
            await opened.tell(story.changed("optimizer", "sgd"), *story.epochs(1))
            marked = [row[10:38].count("│") for row in opened.rows[3:11]]
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
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(3, {4: (7, 0.8), 17: (3, 0.6)}))
            opened.find("Gradient norm.* smoothed")
            await opened.press("z", "l")
            opened.find("Loss.* log")
            opened.find("Error")
            opened.find("Gradient norm.* log, raw")
            opened.find("0.5%┤|0.2%┤|1%┤")
            await opened.press("z", "l")
            opened.find("Gradient norm.* smoothed")
            assert " log" not in opened.text

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
                chart(opened).draw(Drawing([curve], (0.0, 4.0), [1.0], log=log))
                await opened.settle()
                text = "\n".join(row[:40] for row in opened.rows[3:13])
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
            opened.find("Accuracy")

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

    async def test_charts_are_drawn_twice_a_second_at_most(
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
            assert "epoch 0.20/25" in opened.rows[1]  # the status does not wait
            clock.pass_(0.2)
            await opened.tell()
            assert drawn_to() == 0.2
            clock.pass_(0.1)
            await opened.tell(story.steps(10), story.paused())  # a pause is seen at once
            assert drawn_to() == 0.3

    async def test_words_and_lists_of_a_look_change_together(
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
            opened.app.schedule = DrawSchedule(DrawRate(0.0, 0.1), clock)
            view, draw = opened.app.screen, type(opened.app.screen).draw
            monkeypatch.setattr(view, "draw", lambda model: (draw(view, model), clock.pass_(0.2)))
            seen = []
            for _ in range(50):
                clock.pass_(0.1)
                await opened.tell(story.steps(10))
                seen.append(chart(opened)._drawing.span[1])
            assert len(set(seen)) == 3  # each is of 0.2 s, and 2 s apart


class TestDrawingAddsNothing:
    async def test_resizing(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(2))
            before, rows = counts(opened.app), opened.rows
            for size in ((120, 40), (60, 20), (200, 50), (80, 24)):
                await opened.resize(*size)
            assert counts(opened.app) == before
            assert opened.rows == rows

    async def test_looking_elsewhere_and_back(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(2))
            before, rows = counts(opened.app), opened.rows
            await opened.press("tab", "tab", "tab", "w", "w", "z", "z", "l", "l", "m", "m", "m")
            await opened.tell()
            await opened.tell()
            assert counts(opened.app) == before
            assert opened.rows == rows

    async def test_pausing_and_resuming(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(1))
            before = counts(opened.app)
            for _ in range(3):
                await opened.tell(story.paused(), story.evaluated(), story.resumed())
            assert counts(opened.app) == before


async def test_events_are_taken_in_behind_a_dialog(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), story.steps(10))
        await opened.press("question_mark")
        await opened.tell(story.steps(20), story.paused())
        await opened.press("escape")
        assert opened.rows[1].startswith(" ⏸ paused  epoch 0.30/25  step 30")


async def test_another_data_set(window: Any, story: Any, sample: Dataset) -> None:
    arrays = sample.train_images, sample.train_labels, sample.test_images, sample.test_labels
    story.dataset = Dataset("x" * 200, "", *arrays, sample.side, sample.classes)
    async with window() as opened:
        await opened.tell(*story.opening())
        assert opened.rows[0] == " " + "x" * 77 + "…"
        assert opened.rows[1].startswith(" ▶ training")
