"""--notify on the screen."""

from __future__ import annotations

from typing import Any

import pytest

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
