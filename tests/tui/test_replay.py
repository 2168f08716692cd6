"""A run that is shown again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command_script import CommandScript
from support.tui import Clock, Window

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.run import commands
from digit_tui.run.events import StepsDone
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.run_request import RunRequest, replay_request
from digit_tui.tui.draw_rate import DrawRate
from digit_tui.tui.replay import ReplayApp
from digit_tui.tui.screens.network.units import UnitsPage
from digit_tui.tui.screens.network.view import PAGES
from digit_tui.tui.state.player import Player


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


async def test_its_bar_is_full_where_the_run_was_left(
    clock: Clock, sample: Dataset, tmp_path: Path
) -> None:
    config = RunConfig(data="sample", hidden=(8,), batch_size=32, epochs=40, augment="none")
    opening, script = RunRequest(config, tmp_path / "run"), CommandScript([(150, commands.Stop())])
    for _ in opening.trainer(sample, script, interactive=False).run():
        pass
    app = ReplayApp(replay_request(tmp_path / "run"), DrawRate(poll_seconds=1_000.0))
    app.player = Player(1.0, clock)
    async with app.run_test(size=(80, 24)) as pilot:
        shown = Shown(app, pilot)
        await shown.until(lambda: app._timer is not None)
        await shown.until_all_is_computed()
        for seconds, words in ((0.6, "50%"), (10, "100%  done")):
            app.play()
            clock.pass_(seconds)
            app.play()
            await shown.settle()
            shown.find(words)


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
        await shown.press("question_mark", "k")
        shown.find("Keys of the replay")
        shown.find("Play half as fast")
        await shown.press("pageup")
        await shown.until(lambda: "■ replayed " in shown.text)
        await shown.press("escape", "tab")
        assert app.current_mode == "mistakes"
        shown.find("mistakes by loss")
        await shown.press("question_mark", "k")
        shown.find("Sort the list in the next order")


async def test_a_run_that_cannot_be_read_is_a_line(steered: Path, tmp_path: Path) -> None:
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


async def test_errors_in_the_interface(
    show: Callable[[], ReplayApp], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("by design")

    app = show()
    async with app.run_test(size=(80, 24)) as pilot:
        shown = Shown(app, pilot)
        await shown.until(lambda: app._timer is not None)
        await shown.until_all_is_computed()
        app.play()
        monkeypatch.setattr(ReplayApp, "action_speed", fail)
        await shown.press("right_square_bracket")
        assert isinstance(shown.take_error(), ValueError)
        clock.pass_(1.0)
        app.play()
        await shown.settle()
        shown.find("↻ 1 epochs/s  epoch 1.00/4")
        shown.find("error in the interface, drawn anew: ValueError: by design")
        await shown.press("right_square_bracket")
        assert shown.take_error()
    assert app.return_code == 1
    message, *_, where = app.farewell.splitlines()
    assert message == "digit-tui: ValueError: by design"
    assert where.startswith("digit-tui: the report is in ")


async def test_no_unit_can_be_switched_off(
    show: Callable[[], ReplayApp], clock: Clock, steered: Path
) -> None:
    app = show()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        shown = Shown(app, pilot)
        await shown.until(lambda: app._timer is not None)
        await shown.until_all_is_computed()
        clock.pass_(100)
        app.play()
        app.show_view("network")
        await shown.settle()
        for _ in range(PAGES.index(UnitsPage)):
            await shown.press("p")
        await shown.until(lambda: "8 units by importance" in shown.text)
        await shown.press("x", "X")
        (told,) = app._notifications  # it stands there already
        assert told.message == "what is replayed cannot be changed"
        assert " off" not in shown.text
