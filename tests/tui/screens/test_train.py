"""The training view."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from support.charts import counts
from support.rarely import rarely
from support.steering import back

from digit_tui.data import Dataset
from digit_tui.run import events as happened


class TestStatus:
    async def test_before_the_digits_are_read(self, window: Any) -> None:
        async with window() as opened:
            assert opened.rows[0].endswith("  sample")
            assert opened.rows[1].startswith(" … loading")
            assert opened.rows[2].startswith(" test accuracy: not measured yet ")
            assert opened.rows[3].startswith(" adam · learning rate 0.001")
            assert opened.text.count("No points yet.") == 2

    async def test_the_name_of_the_data_cannot_drive_the_terminal(
        self, window: Any, config: Any
    ) -> None:
        async with window(data="a\x1b[2Jb\u202e") as opened:
            assert opened.rows[0].endswith("  a?[2Jb?")
            assert all(row.isprintable() for row in opened.rows)

    async def test_a_figure_that_cannot_be_drawn_large_is_in_the_line(
        self, window: Any, story: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for module in ("widgets.status_line", "drawing.figure"):
            monkeypatch.setattr(f"digit_tui.tui.{module}.shows", lambda _: False)
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(2, {4: (7, 0.8)}))
            words = "test accuracy 99.90% (95% interval 99.4 to 100.0)  best 99.90% at epoch 1"
            assert opened.rows[2].strip() == words

    async def test_the_headline(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(2, {4: (7, 0.8)}), story.steps(34))
            assert [row[:60].rstrip() for row in opened.rows[:4]] == [
                "  Training  Mistakes  Confusion  Network  Draw             s",
                " ▶ training  epoch 2.34/25  step 234  3,120 images/s",
                " test accuracy (95%: 99.4 to 100.0)  best 99.90% at epoch 1",
                " adam · learning rate 0.001",
            ]
            assert opened.rows[0].endswith("   sample · 784-128-10")
            assert [row[64:].strip() for row in opened.rows[1:4]] == [
                "╭─╮╭─╮ ╭─╮╭─╮",
                "╰─┤╰─┤ ╰─┤│ │",
                "╶─╯╶─╯•╶─╯╰─╯%",
            ]

    async def test_after_going_back_it_is_that_of_then(self, window: Any, story: Any) -> None:
        async with window() as opened:
            four = {4: (7, 0.8)}
            await opened.tell(*story.opening(), *story.epochs(2, four), *story.epochs(1))
            opened.find("Not one of the test digits is wrong.")
            await opened.tell(back(story, 200))
            opened.find(r"test accuracy \(95%: 99.4 to 100.0\)")
            opened.find("The run went back: the next evaluation finds its mistakes.")
            await opened.tell(story.evaluated(four))
            opened.find("Hardest of 1 test mistake at epoch 2")

    @pytest.mark.parametrize("size", [(60, 20), (60, 40), (69, 24)])
    async def test_one_line_where_there_is_no_room(
        self, window: Any, story: Any, size: tuple[int, int]
    ) -> None:
        async with window(*size) as opened:
            await opened.tell(*story.opening(), *story.epochs(2, {4: (7, 0.8)}))
            assert opened.rows[1].startswith(" ▶ training  epoch 2.00/25  ")
            assert opened.rows[1].endswith("  test 99.90%  adam · rate 0.001")

    async def test_the_trend_is_that_of_the_last_evaluations(self, window: Any, story: Any) -> None:
        async with window(120, 40) as opened:
            await opened.tell(*story.opening())
            for correct in (0, 1, 2, 3, 4, 5, 6, 7, 7, 5):
                wrong = dict.fromkeys(range(8 - correct), (8, 0.9))  # one of these is an 8
                await opened.tell(*story.epochs(1, wrong))
            opened.find(
                r"test accuracy \(95% interval \S+ to \S+\)  best 99.90% at epoch 8  ▁▁▃▅▆██▅ "
            )

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
            # What diverged would do so again.
            assert ("space Go on" in opened.text) == (words == "⏸ paused")

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
            assert opened.rows[1].startswith(" ⏸ paused  epoch 0.10/35  step 10  ")
            settings = " momentum · learning rate 0.02 · clip norm 1 · shift "
            assert opened.rows[3].startswith(settings)
            await opened.tell(story.changed("clip_norm", None), story.changed("clip_value", 0.1))
            assert "· clip value 0.1 ·" in opened.rows[3]

    async def test_a_rate_that_is_set_at_the_end_is_for_further_epochs(
        self, window: Any, story: Any
    ) -> None:
        story.settings = replace(story.settings, epochs=1)
        async with window(schedule="cosine") as opened:
            await opened.tell(*story.opening(), *story.epochs(1), story.paused("finished"))
            opened.find("100%  done")
            await opened.tell(story.changed("learning_rate", 0.5))
            assert " · learning rate 0, further epochs begin at 0.49 of 0.5 " in opened.rows[3]

    async def test_a_run_of_no_epochs_is_done(self, window: Any, story: Any) -> None:
        story.settings = replace(story.settings, epochs=0)
        async with window() as opened:
            await opened.tell(*story.opening(), story.paused("finished"))
            opened.find("100%  done")

    async def test_the_rate_of_the_last_step_beside_the_base_rate(
        self, window: Any, story: Any
    ) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), story.steps(10, rate=0.0005))
            await opened.tell(story.steps(10, rate=0.00075))
            assert opened.rows[3].startswith(" adam · learning rate 0.00075, rising to 0.001  ")
            await opened.resize(120, 40)
            await opened.tell(story.steps(10, rate=0.0007))
            words = " adam · learning rate 0.0007, falling from 0.001 by the schedule "
            assert opened.rows[3].startswith(words)
            await opened.resize(80, 24)
            await opened.tell(story.changed("clip_norm", 1.0))
            words = " adam · rate 0.0007, falling from 0.001 · clip norm 1 "
            assert opened.rows[3].startswith(words)
            await opened.tell(story.steps(10, rate=0.00099999))  # as good as the same
            assert opened.rows[3].startswith(" adam · learning rate 0.001 · ")


class TestProgress:
    async def test_the_time_left(self, window: Any, story: Any, clock: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening())
            assert opened.rows[22].endswith("  0%  …")
            clock.pass_(10)
            await opened.tell(story.steps(100))
            assert re.fullmatch(r" █+[▏▎▍▌▋▊▉]? +4%  4:00 left", opened.rows[22])
            clock.pass_(7)
            await opened.tell()
            assert opened.rows[22].endswith("4%  3:53 left")
            await opened.tell(story.paused())
            assert opened.rows[22].endswith("4%  paused")

    @pytest.mark.long
    async def test_hours(self, window: Any, story: Any, clock: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening())
            clock.pass_(10)
            await opened.tell(story.steps(1))
            assert opened.rows[22].endswith("6:56:30 left")

    async def test_the_end(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(25), story.paused("finished"))
            assert re.fullmatch(r" █{50,} +100%  done", opened.rows[22])


class TestLog:
    async def test_the_latest_lines_last(self, window: Any, story: Any) -> None:
        async with window(120, 40) as opened:
            await opened.tell(*story.opening(), *story.epochs(3), story.changed("augment", "shift"))
            (first,) = [at for at, row in enumerate(opened.rows) if "─ Log ─" in row]
            assert [row[61:].strip(" │") for row in opened.rows[first + 1 : first + 6]] == [
                "sample: 4,000 training and 1,000 test images",
                "training 1,234 parameters",
                "epoch 3: test 91.00%, loss 0.3000",
                "A epoch 3.00: set augmentation none → shift",
                "",
            ]

    async def test_little_room_is_for_what_is_not_routine(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), story.changed("augment", "shift"), *story.epochs(3))
            assert [row.strip() for row in opened.rows[13:15]] == [
                "training 1,234 parameters",
                "A epoch 0.00: set augmentation none → shift",
            ]

    async def test_what_does_not_fit_goes_out_at_the_top(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*(happened.Refused(1, f"number {each}") for each in range(30)))
            assert [row.strip() for row in opened.rows[13:15]] == ["number 28", "number 29"]
            await opened.tell(happened.Refused(1, "begin " + "word " * 99 + "end"))
            assert opened.rows[13].startswith(" begin word")
            assert opened.rows[14].endswith("…")  # there is more of it

    async def test_markup_is_text(self, window: Any) -> None:
        async with window() as opened:
            await opened.tell(happened.Refused(1, "[red]no[/] [@click=app.quit]x[/"))
            opened.find(re.escape("[red]no[/] [@click=app.quit]x[/"))


class TestDrawingAddsNothing:
    async def test_resizing(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(2))
            before, rows = counts(opened.app), opened.rows
            for size in ((200, 50), (80, 24)):
                await opened.resize(*size)
            assert counts(opened.app) == before
            assert opened.rows == rows

    async def test_looking_elsewhere_and_back(self, window: Any, story: Any) -> None:
        async with window() as opened:
            await opened.tell(*story.opening(), *story.epochs(2))
            before, rows = counts(opened.app), opened.rows
            await opened.press(*["tab"] * 5, "w", "w", "z", "z", "l", "l", "m", "m", "m")
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
        assert opened.rows[0] == "  Training  Mistakes  Confusion  Network  Draw  " + "x" * 29 + "…"
        assert opened.rows[1].startswith(" ▶ training")


@pytest.mark.parametrize("size", [(60, 20), (80, 24), *rarely((120, 40))])
@pytest.mark.parametrize("validation", [0, 500])
async def test_no_title_is_cut_off(
    window: Any, story: Any, size: tuple[int, int], validation: int
) -> None:
    async with window(*size, validation=validation) as opened:
        story.settings = replace(story.settings, augment="shift")
        await opened.tell(story.loaded(), story.started(), *story.epochs(2))
        split = "validation" if validation else "test"
        titles = next(row for row in opened.rows if row.lstrip("╭─ ").startswith("Loss"))
        assert "…" not in titles
        if size[0] >= 80:
            assert len(re.findall(f"━ training(, deformed)? ━ {split}", titles)) == 2
            assert (", deformed" in titles) == (size[0] >= 120)
