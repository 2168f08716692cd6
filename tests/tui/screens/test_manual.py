"""The manual inside the program."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
from textual.containers import VerticalScroll

from digit_tui.manual import TOPICS, read, topics
from digit_tui.tui.screens.help import HelpDialog
from digit_tui.tui.screens.manual import ManualDialog, TopicDialog
from digit_tui.tui.screens.train import TrainView

SIZES = [(60, 20), *(pytest.param(*size, marks=pytest.mark.long) for size in ((80, 24), (120, 40)))]


@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_the_help_leads_to_a_list_of_the_topics(window: Any, width: int, height: int) -> None:
    async with window(width, height) as opened:
        await opened.press("question_mark")
        opened.find("─ Help: Training ─")
        opened.find("k Keys +m Manual +esc Close")
        await opened.press("m")
        assert isinstance(opened.app.screen, ManualDialog)
        opened.find("enter Open +esc Back")
        seen = opened.text
        await opened.press("end")  # the last ones may be below
        seen += opened.text
        for topic, title in topics().items():
            assert re.search(rf"│ [▸ ]+{topic} +{re.escape(title)}  ", seen), topic


async def test_escape_leads_back_step_by_step(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening(), story.steps(10))
        before = opened.rows
        await opened.press("question_mark", "m", "down", "enter")
        assert isinstance(opened.app.screen, TopicDialog)
        opened.find(f"Manual: {TOPICS[1]}")
        for screen in (ManualDialog, HelpDialog, TrainView):
            await opened.press("escape")
            assert isinstance(opened.app.screen, screen)
        assert opened.rows == before
        assert opened.sent == []


@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_a_topic_scrolls_to_its_end(window: Any, width: int, height: int) -> None:
    place = TOPICS.index("scripts")  # its tables are wide
    last = read("scripts").split()[-1]
    async with window(width, height) as opened:
        opened.app.animation_level = "none"
        await opened.press("question_mark", "m", *["down"] * place, "enter")
        box = opened.app.screen.query_one(VerticalScroll)
        assert box.max_scroll_x == 0
        assert box.size.height >= height - 5
        assert box.size.width >= min(width, 92) - 6
        first = opened.rows
        assert last not in opened.text
        await opened.press("pagedown")
        await opened.until(lambda: box.scroll_y == box.size.height)
        await opened.press("end")
        await opened.until(lambda: last in opened.text)
        await opened.press("home")
        await opened.until(lambda: opened.rows == first)


async def test_the_run_goes_on_behind_it(window: Any, story: Any) -> None:
    async with window() as opened:
        await opened.tell(*story.opening())
        await opened.press("question_mark", "m", "enter")
        await opened.tell(*story.epochs(3))
        assert isinstance(opened.app.screen, TopicDialog)
        await opened.press("escape", "escape", "escape")
        opened.find("epoch 3")


def test_nothing_of_it_is_imported_before_it_is_opened() -> None:
    program = "import sys, digit_tui.tui.app; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    modules = set(done.stdout.split())
    assert "digit_tui.tui.app" in modules
    assert modules.isdisjoint({"digit_tui.manual", "digit_tui.tui.screens.manual"})
    assert "markdown_it" not in {name.partition(".")[0] for name in modules}
