"""What the views look like, colours and all.

Made anew with `pytest tests/tui/test_snapshots.py --snapshot-update`; look at them before
committing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from digit_tui.tui.state.classifier_maker import ClassifierMaker
from digit_tui.tui.widgets.neighbours import NeighbourRow

MISTAKES = {31: (0, 0.99), 4: (7, 0.8), 17: (3, 0.6), 250: (0, 0.51), 500: (1, 0.7)}


@pytest.fixture
def photograph(
    snap_compare: Callable[..., bool], replay_app: Callable[..., Any], story: Any, clock: Any
) -> Callable[..., bool]:
    """Compares the screen, some way into a run and after some keys, with the stored one."""

    def compare(size: tuple[int, int], *keys: str) -> bool:
        app = replay_app()

        async def tell(pilot: Pilot[None]) -> None:
            while app.runner is None:
                await pilot.pause(0)
            app.ingest([*story.opening(), *story.epochs(3, MISTAKES)])
            clock.pass_(30)
            app.ingest(
                [
                    story.changed("optimizer", "momentum"),
                    story.changed("learning_rate", 0.05),
                    *story.epochs(2, MISTAKES),
                    story.steps(40, losses=0.2),
                ]
            )
            await pilot.pause()
            for key in keys:
                await pilot.press(key)
                while not getattr(app.screen, "ready", True):
                    await pilot.pause(0)
            await pilot.pause()
            for row in app.screen.query(NeighbourRow):
                while row.display and row._found is None:  # they come from a thread
                    await pilot.pause(0.01)
                await pilot.pause()

        return snap_compare(app, terminal_size=size, run_before=tell)

    return compare


@pytest.mark.parametrize(
    "size",
    [
        pytest.param((80, 24), id="80x24"),
        pytest.param((120, 40), id="120x40", marks=pytest.mark.long),
        pytest.param((200, 60), id="200x60", marks=pytest.mark.long),
    ],
)
class TestLooks:
    def test_train(self, photograph: Any, size: tuple[int, int]) -> None:
        assert photograph(size)

    def test_mistakes(self, photograph: Any, size: tuple[int, int]) -> None:
        assert photograph(size, "tab", "down")

    @pytest.mark.long
    def test_gallery(self, photograph: Any, size: tuple[int, int]) -> None:
        assert photograph(size, "tab", "g", "right")

    def test_explanation(self, photograph: Any, size: tuple[int, int]) -> None:
        assert photograph(size, "tab", "down", "enter", "p")

    @pytest.mark.long
    def test_filter(self, photograph: Any, size: tuple[int, int]) -> None:
        assert photograph(size, "tab", "slash", "t", "enter")

    def test_confusion(self, photograph: Any, size: tuple[int, int]) -> None:
        assert photograph(size, "tab", "tab", "home")

    def test_draw(
        self, photograph: Any, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # What is no digit is learned in a thread: it may come before the picture, or after.
        monkeypatch.setattr(ClassifierMaker, "due", lambda *_: None)
        assert photograph(size, "shift+tab", "up", "space", *["down"] * 5, "b", *["right"] * 4)


def test_help(photograph: Any) -> None:
    assert photograph((80, 24), "question_mark")


def test_fork(photograph: Any) -> None:
    assert photograph((80, 24), "f", "down", "right")
