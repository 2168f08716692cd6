"""A saved run that is shown again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.run import commands
from digit_tui.run.events import BranchEvent, EpochEnded, StepsDone, WentBack
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.command_source import CommandScript
from digit_tui.training.run_request import RunRequest, replay_request
from digit_tui.tui.draw_rate import DrawRate
from digit_tui.tui.replay import ReplayApp
from digit_tui.tui.state import player as player_module
from digit_tui.tui.state.player import Player
from tests.tui.conftest import Clock, Window


def kinds(events: list[Any]) -> list[str]:
    return [type(event).__name__ for event in events]


class TestPlayer:
    @pytest.fixture
    def player(self, clock: Clock) -> Player:
        return Player(speed=2.0, clock=clock)

    def test_events_come_at_their_time(self, player: Player, clock: Clock, story: Any) -> None:
        player.add([*story.opening(), *story.epochs(3)])
        assert kinds(player.play()) == ["Loaded", "RunStarted", "Evaluated"]
        clock.pass_(0.4)
        assert player.play() == []
        clock.pass_(0.1)  # two epochs a second
        assert kinds(player.play()) == ["StepsDone", "Evaluated", "EpochEnded"]
        assert player.position == 1
        clock.pass_(100)
        assert len(player.play()) == 6
        assert not player.finished  # there may be more

    def test_what_is_not_there_yet_is_waited_for(
        self, player: Player, clock: Clock, story: Any
    ) -> None:
        player.add(story.opening())
        player.play()
        clock.pass_(100)
        assert player.play() == []
        assert player.position == 0
        player.add(story.epochs(3))
        clock.pass_(0.5)
        assert player.play()[-1].epoch == 1

    def test_it_stands_still_when_it_is_stopped(
        self, player: Player, clock: Clock, story: Any
    ) -> None:
        player.add([*story.opening(), *story.epochs(3)])
        player.play()
        player.playing = False
        clock.pass_(100)
        assert player.play() == []
        player.playing = True
        clock.pass_(0.5)
        assert player.play()[-1].epoch == 1  # the time in between does not count

    def test_going_back_takes_no_time(self, player: Player, story: Any) -> None:
        player.add([*story.opening(), *story.epochs(3)])
        story.step, story.epoch = 100, 1.0
        player.add([WentBack(100, 1.0, 300, 3.0, 0, (), (), story.settings), *story.epochs(2)])
        assert player.end == 5  # three, and two more
        events = player.seek(3.0)
        assert kinds(events).count("EpochEnded") == 3
        assert kinds(events)[-1] == "WentBack"
        assert [event.epoch for event in player.seek(99) if isinstance(event, EpochEnded)] == [
            *(1, 2, 3),
            *(2, 3),
        ]

    def test_what_happens_to_a_fork_moves_nothing(self, player: Player, story: Any) -> None:
        player.add([*story.opening(), *story.epochs(1)])
        player.add([BranchEvent(event) for event in story.epochs(1)])
        assert player.end == 1

    def test_the_end(self, player: Player, clock: Clock, story: Any) -> None:
        player.add([*story.opening(), *story.epochs(1), story.ended()])
        player.play()
        clock.pass_(10)
        assert "RunEnded" not in kinds(player.play())
        assert player.finished

    def test_looks_at_the_test_set_take_a_bounded_memory(
        self, player: Player, story: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        look = story.evaluated()
        size = look.evaluation.probabilities.nbytes + look.network.parameters.nbytes
        monkeypatch.setattr(player_module, "EVALUATION_BYTES", 10 * size)
        player.add(story.opening())
        for _ in range(100):
            player.add(story.epochs(1))
        events = player.seek(1e9)
        assert kinds(events).count("EpochEnded") == 100
        assert 3 <= kinds(events).count("Evaluated") <= 10


@pytest.fixture(scope="module")
def steered(sample: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a change, an undo and another change."""
    folder = tmp_path_factory.mktemp("steered") / "run"
    config = RunConfig(data="sample", hidden=(8,), batch_size=32, epochs=4, augment="none")
    script: list[tuple[int, commands.Command]] = [
        (150, commands.SetOptimizer("sgd", 0.5)),
        (300, commands.Undo()),
        (250, commands.ScaleLearningRate(0.5)),
    ]
    for _ in (
        RunRequest(config, folder).trainer(sample, CommandScript(script), interactive=False).run()
    ):
        pass
    return folder


class Shown(Window):
    """A replay on a screen of characters."""

    app: Any

    async def until_all_is_computed(self) -> None:
        await self.until(lambda: self.app.runner.join(0))
        self.app.player.add(self.app.runner.drain())


@pytest.fixture
def show(steered: Path, clock: Clock) -> Callable[[], ReplayApp]:
    def make() -> ReplayApp:
        app = ReplayApp(replay_request(steered), DrawRate(poll_seconds=1_000.0))
        app.player = Player(1.0, clock)
        return app

    return make


async def test_all_that_happened_is_shown_again(
    show: Callable[[], ReplayApp], clock: Clock, steered: Path
) -> None:
    app = show()
    async with app.run_test(size=(80, 24)) as pilot:
        shown = Shown(app, pilot)
        await shown.until(lambda: app._timer is not None)
        await shown.until_all_is_computed()
        app.play()
        clock.pass_(2.0)
        app.play()
        await shown.settle()
        shown.find("↻ 1 epochs/s  epoch 2.00/4  step 250")
        assert app.model.settings.optimizer == "sgd"
        clock.pass_(100)
        app.play()
        await shown.settle()
        shown.find("■ replayed")
        assert app.model.step == 500
        assert app.model.settings.optimizer == "adam"
        assert len(app.model.undone) == 1
        shown.find("back from epoch 2.40 to 1.20")

        # What is shown is what was computed.
        metrics = np.genfromtxt(steered / "metrics.csv", delimiter=",", names=True, dtype=None)
        curve = app.model.curves.monitored_accuracy
        accuracies = dict(zip(curve.x, curve.y, strict=True))
        assert [accuracies[epoch] for epoch in metrics["epoch"]] == [*metrics["test_accuracy"]]
        await shown.press("q")
    assert app.return_code == 0


async def test_keys(show: Callable[[], ReplayApp], clock: Clock) -> None:
    app = show()
    async with app.run_test(size=(80, 24)) as pilot:
        shown = Shown(app, pilot)
        await shown.until(lambda: app._timer is not None)
        await shown.until_all_is_computed()
        app.play()
        await shown.press("right_square_bracket", "right_square_bracket")
        shown.find("↻ 4 epochs/s")
        await shown.press("left_square_bracket", "left_square_bracket", "left_square_bracket")
        shown.find("↻ 0.5 epochs/s")
        await shown.press("space")
        shown.find("⏸ replay")
        await shown.press("full_stop", "full_stop")
        shown.find("epoch 2.00/4")
        assert app.model.settings.optimizer == "sgd"
        await shown.press("comma")
        shown.find("epoch 1.00/4")
        assert app.model.settings.optimizer == "adam"
        assert len(app.model.curves.train_loss) == 125
        await shown.press("less_than_sign")
        shown.find("epoch 0.00/4")
        await shown.press("greater_than_sign")
        assert app.model.step == 500
        await shown.press("question_mark")
        shown.find("Half as fast")
        await shown.press("escape", "tab")
        assert app.current_mode == "mistakes"
        shown.find("mistakes by loss")
        await shown.press("question_mark")
        shown.find("Next order of the list")


async def test_a_run_that_can_not_be_read_is_a_line(steered: Path, tmp_path: Path) -> None:
    request = replay_request(steered)
    assert request.replay is not None
    lost = SavedRun(request.replay.path, request.replay.record, request.config)
    lost.record["data"] = lost.record["data"] | {"sha256": "another"}
    app = ReplayApp(RunRequest(request.config, replay=lost))
    async with app.run_test(size=(80, 24)) as pilot:
        shown = Shown(app, pilot)
        await shown.until(lambda: app.return_code is not None)
    assert app.return_code == 3
    assert "is not the dataset" in app.farewell


def test_nothing_is_saved(steered: Path, sample: Dataset) -> None:
    before = sorted(path.name for path in steered.parent.rglob("*"))
    request = replay_request(steered)
    steps = [
        event
        for event in request.replayer(sample, CommandScript([])).run()
        if isinstance(event, StepsDone)
    ]
    assert steps[-1].step == 500
    assert sorted(path.name for path in steered.parent.rglob("*")) == before
