"""What the views of a sweep look like, colours and all.

Made anew with `pytest tests/tui/sweep/test_snapshots.py --snapshot-update`; look at them before
committing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.sweep import FakeControl, board
from textual.pilot import Pilot

from digit_tui.tui.sweep.poller import Looked


@pytest.mark.parametrize(
    ("view", "size"),
    [
        pytest.param("trials", (80, 24), id="trials-80x24"),
        pytest.param("trials", (120, 40), id="trials-120x40", marks=pytest.mark.long),
        pytest.param("best", (80, 24), id="best-80x24", marks=pytest.mark.long),
        pytest.param("settings", (120, 40), id="settings-120x40", marks=pytest.mark.long),
    ],
)
def test_looks(
    snap_compare: Callable[..., bool], sweep_app: Any, view: str, size: tuple[int, int]
) -> None:
    app, _ = sweep_app(FakeControl())

    async def tell(pilot: Pilot[None]) -> None:
        await pilot.pause()
        app.take(Looked(board(), False, ()))
        app.show_view(view)
        while not getattr(app.screen, "ready", True):
            await pilot.pause(0)
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=tell)
