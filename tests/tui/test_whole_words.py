"""Nothing is cut off: each word on a screen of the usual smallest size is one of the program's."""

from __future__ import annotations

import ast
import re
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from support.confusion_view import FIRST, SECOND
from support.rarely import rarely
from support.steering import forked, of_fork

import digit_tui
from digit_tui.tui.screens.network.view import PAGES

WORD = re.compile(r"[A-Za-z]{3,}")
EXPECTED = re.compile("Search for commands…|  …$")
"""A prompt, and a time left that is not known yet."""


@cache
def vocabulary() -> set[str]:
    """All words of the program's texts."""
    words = set()
    for path in Path(digit_tui.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words.update(WORD.findall(node.value))
    return words


async def scenes(opened: Any, story: Any) -> AsyncIterator[str]:
    """Each view and dialog, one after another."""
    await opened.tell(*story.opening(), *story.epochs(3, FIRST), *story.epochs(3, SECOND))
    await opened.tell(story.changed("learning_rate", 0.0123), story.steps(37, rate=0.001997))
    yield "training"
    await opened.press("left")
    yield "values"
    await opened.press("escape", "tab")
    yield "mistakes"
    await opened.press("enter", "p")
    yield "explanation"
    await opened.press("escape", "g")
    yield "gallery"
    await opened.press("g", "slash")
    yield "filter"
    await opened.press("escape", "tab", "x", "d")
    yield "confusion"
    await opened.press("d", "percent_sign")
    yield "change"
    await opened.press("tab")
    for page in PAGES:
        await opened.tell(story.inspected())
        await opened.until(lambda: opened.app.screen._computing is None)
        yield page.NAME
        await opened.press("p")
    await opened.press("tab")
    for key, name in {"o": "optimizers", "U": "timeline", "f": "a fork", "r": "restart"}.items():
        await opened.press(key)
        yield name
        await opened.press("escape")
    await opened.press("ctrl+p")
    yield "palette"
    await opened.press("escape")
    await opened.tell(forked(story, "optimizer momentum, learning rate 0.00123"))
    steps = story.steps(100)
    await opened.tell(steps, *of_fork(steps, story.evaluated_at(700, 7.0, story.evaluation({}))))
    yield "fork"
    await opened.press("left")
    yield "values of a fork"
    await opened.press("k")
    yield "keep"


@pytest.mark.parametrize("validation", [500, *rarely(0)])
@pytest.mark.long
async def test_no_word_is_cut_off(window: Any, story: Any, validation: int) -> None:
    cut: dict[str, list[str]] = {}
    async with window(validation=validation) as opened:
        async for scene in scenes(opened, story):
            words = {word for word in WORD.findall(opened.text) if word not in vocabulary()}
            rows = [row for row in opened.rows if "…" in EXPECTED.sub("", row.rstrip())]
            if words or rows:
                cut[scene] = [*sorted(words), *rows]
    assert not cut
