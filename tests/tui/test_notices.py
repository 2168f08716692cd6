"""--notify on the screen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.rarely import rarely
from support.steering import back
from textual.widgets._toast import ToastHolder

from digit_tui.session.notifier import LOOKS_SECONDS, Notifier
from digit_tui.session.notify_choice import Notify


async def test_the_interface_sends_a_bell_and_logs_a_failure(
    window: Any, story: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with window() as opened:
        sent: list[str] = []
        monkeypatch.setattr(opened.app._driver, "write", sent.append)
        opened.app._notifier = Notifier(Notify("bell"))
        steps = story.steps(10)
        object.__setattr__(steps, "seconds", LOOKS_SECONDS)
        await opened.tell(*story.opening(), steps)
        assert sent.count("\a") == 0
        await opened.tell(story.paused("finished"))
        assert sent.count("\a") == 1
        opened.app._notifier = Notifier(Notify("false", ("false",)))
        await opened.tell(story.resumed(), story.steps(10), story.paused("finished"))
        opened.app._notifier._threads[0].join()
        await opened.tell()
        opened.find("--notify: false ended with status 1")


async def test_a_notice_that_is_taken_away_leaves_nothing(window: Any, story: Any) -> None:
    async with window(toasts=True) as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        opened.app.show_view("mistakes")
        for text in ("one", "two", "three"):
            opened.app.clear_notifications()
            opened.app.notify(text)
            await opened.settle()
        assert [each.id for each in opened.app.screen.query(ToastHolder)] == [
            f"--textual-toast-{notice.identity}" for notice in opened.app._notifications
        ]
        opened.find("three")
        opened.app.clear_notifications()
        await opened.settle()
        assert not opened.app.screen.query(ToastHolder)


@pytest.mark.parametrize("length", [35, 36, 37, 38, 39, *rarely(*range(70, 79))])
async def test_a_notice_is_whole(window: Any, story: Any, length: int) -> None:
    """Textual counted its lines with two columns more than it had."""
    text = ("word " * length)[: length - 5].rstrip()
    async with window(toasts=True) as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        opened.app.show_view("mistakes")
        await opened.settle()
        opened.app.notify(text.ljust(length - 5, "-") + " last")
        await opened.settle()
        opened.find(r"\blast\b")


async def test_who_saves_where_no_log_is_in_sight_is_told(window: Any, story: Any) -> None:
    async with window(toasts=True) as opened:
        await opened.tell(*story.opening(), *story.epochs(1))
        opened.app.show_view("mistakes")
        await opened.tell(replace(story.saved(), asked=False))
        assert "saved step" not in opened.text  # by itself
        await opened.tell(story.saved())
        opened.find("saved step 100")


async def test_no_notice_tells_of_what_is_undone(window: Any, story: Any) -> None:
    async with window(toasts=True) as opened:
        await opened.tell(*story.opening(), *story.epochs(2))
        opened.app.show_view("mistakes")
        await opened.tell(story.changed("learning_rate", 0.004))
        opened.find("set learning rate")
        await opened.tell(back(story, 100))
        assert "set learning rate" not in opened.text
        opened.find("back from epoch 2.00 to 1.00")
