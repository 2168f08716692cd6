"""Storms of random keys, clicks, pastes and sizes: no error comes of them.

`pytest -m long tests/tui/test_storm.py` tries a few more seeds, `-m soak` 400, of 10 KB each.
The seed of one that fails is in its name: `pytest -n 0 -m soak tests/tui/test_storm.py -k "[17]"`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

pytest.importorskip("termios")

from support.rarely import endurance, rarely
from support.steering import DOUBLED, back, forked, of_fork
from support.storm import storm
from support.tui import StoodIn, Story, Window
from textual import events
from textual.geometry import Size
from textual.screen import ModalScreen

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.run import commands
from digit_tui.run import events as happened
from digit_tui.run.events import SnapshotInfo
from digit_tui.training.run_request import RunRequest
from digit_tui.tui import replay as replay_module
from digit_tui.tui.app import DigitApp
from digit_tui.tui.replay import ReplayApp

pytestmark = pytest.mark.usefixtures("every_frame")

SEEDS = [*rarely(0), *endurance(*range(1, 400))]
FEW_BYTES, BYTES = 1_500, 10_240
"""At each change and before one lands, and in the soak tests."""
SIZES = [(80, 24), (120, 40), (60, 20), (59, 19), (20, 6), (1, 1), (200, 12), (70, 60)]
WRITES = (1, 1, 1, 2, 3, 8, 30)
"""So many pieces may come in one write."""
MISTAKES = {4: (7, 0.8), 17: (3, 0.6), 250: (0, 0.51), 31: (0, 0.99)}


def news(random: Random, story: Story, forking: bool) -> list[Any]:
    """Something that happens in the run."""
    mistakes = dict(random.sample([*MISTAKES.items()], random.randint(0, 4)))
    snapshots = [
        SnapshotInfo(step, step / 100, (), 0.9, "", False)
        for step in range(0, story.step + 1, 100)[-random.randint(1, 9) :]
    ]
    kinds: list[Callable[[], list[Any]]] = [
        lambda: story.epochs(random.randint(1, 3), mistakes),
        lambda: story.epochs(1, mistakes),
        lambda: [story.steps(random.randint(1, 40)), story.evaluated(mistakes)],
        lambda: [story.paused()],
        lambda: [story.resumed()],
        lambda: [story.diverged(), story.paused("diverged")],
        lambda: [story.changed("optimizer", random.choice(["sgd", "adam"]))],
        lambda: [happened.TimelineChanged(snapshots)],
        lambda: [back(story, max(story.step - 150, 0), (), DOUBLED)],
        lambda: of_fork(story.evaluated(mistakes)) if forking else [forked(story, "rate 0.1")],
    ]
    return random.choice(kinds)()


async def session(random: Random, opened: Any, story: Story, size: int) -> None:
    """Type for a while: as fast as it goes, or with pauses; things happen meanwhile."""
    app: Any = opened.app
    pieces = storm(random, type(app), size)
    while write := b"".join(
        piece for piece, _ in zip(pieces, range(random.choice(WRITES)), strict=False)
    ):
        opened.type(write)
        match random.randint(0, 9):
            case 0 | 1 | 2:
                await opened.settle()
            case 3 | 4 | 5:
                for _ in range(random.randint(0, 40)):
                    await asyncio.sleep(0)
            case 6:
                await asyncio.sleep(random.random() / 50)
            case 7 if random.random() < 0.3:
                width, height = random.choice(SIZES)
                app._driver._size = (width, height)
                app.post_message(events.Resize(Size(width, height), Size(width, height)))
            case 8 if isinstance(app, DigitApp):
                app.ingest(news(random, story, app.model.fork is not None))
            case _:
                pass
        if isinstance(app, DigitApp) and app._next is not None:
            runner = app.runner
            app.ingest([story.ended()])
            runner.ended = True
            app._wake.set()
            # Another key may ask for the next restart meanwhile.
            await opened.until(lambda runner=runner: app.runner is not runner)
            app.ingest(story.opening())
        assert not app._exit
    await opened.settle()


async def assert_obeys(opened: Any) -> None:
    """Nothing has ended, and it still takes keys."""
    for _ in range(10):
        if not isinstance(opened.app.screen, ModalScreen):
            break
        await opened.press("escape")
    await opened.press("escape", "escape")
    await opened.resize(80, 24)
    if isinstance(opened.app, DigitApp):
        opened.sent.clear()
        await opened.press("s")
        assert opened.sent == [commands.Save()], opened.text
    else:
        if opened.app.current_mode == "draw":
            await opened.press("tab")  # there the space bar is the pen
        playing = opened.app.player.playing
        await opened.press("space")
        assert opened.app.player.playing is not playing
    opened.find("Help")


@pytest.mark.parametrize("seed", SEEDS)
async def test_keys_in_a_storm(
    window: Any, story: Any, seed: int, request: pytest.FixtureRequest
) -> None:
    size = BYTES if request.node.get_closest_marker("soak") else FEW_BYTES
    random = Random(seed)
    async with window(*random.choice(SIZES), toasts=True) as opened:
        await opened.tell(*story.opening(), *story.epochs(2, MISTAKES))
        await session(random, opened, story, size)
        await assert_obeys(opened)


class Replayed(StoodIn):
    """All that a replay computes, at once."""

    told: list[Any] = []

    def drain(self) -> list[Any]:
        told, self.told = self.told, []
        return told


@pytest.fixture
def replayed(
    config: RunConfig, sample: Dataset, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Any]:
    """Opens the replay of a run that is known already."""

    @asynccontextmanager
    async def open_replay() -> AsyncIterator[Window]:
        story = Story(config, sample)
        told = [*story.opening(), *story.epochs(4, MISTAKES), story.changed("optimizer", "sgd")]
        told += [back(story, 250, (), DOUBLED), *story.epochs(3, MISTAKES), story.ended()]
        monkeypatch.setattr(Replayed, "told", told)
        monkeypatch.setattr(replay_module, "replay_runner", Replayed)
        app = ReplayApp(RunRequest(config, Path("/runs/one")))
        monkeypatch.setattr(app, "action_quit", app.action_help_quit)  # it would leave at once
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            opened = Window(app, pilot)  # type: ignore[arg-type]
            await opened.until(lambda: app.model.dataset)
            yield opened

    return open_replay


@pytest.mark.parametrize("seed", endurance(*range(100)))
async def test_keys_in_a_storm_on_a_replay(
    replayed: Any, story: Any, seed: int, request: pytest.FixtureRequest
) -> None:
    size = BYTES if request.node.get_closest_marker("soak") else FEW_BYTES
    async with replayed() as opened:
        await session(Random(seed), opened, story, size)
        await assert_obeys(opened)
