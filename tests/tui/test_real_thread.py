"""The app with its training thread, on the bundled sample."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from support.command_script import CommandScript
from support.rarely import rarely
from support.workers import alive, workers_of
from textual import events
from textual.pilot import Pilot

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.engine.worker_processes import WORKER_PROCESSES
from digit_tui.insight import rate_finder
from digit_tui.run import commands
from digit_tui.run.events import RunEnded
from digit_tui.run.rate_search import RateSearch
from digit_tui.session.failures import Failed
from digit_tui.session.runner import EventQueue, Runner
from digit_tui.storage.run_writer import RunWriter
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.run_request import RunRequest, resume_request
from digit_tui.training.trainer import Trainer
from digit_tui.tui import app as app_module
from digit_tui.tui.app import DigitApp
from digit_tui.tui.screens.rate import RateDialog
from digit_tui.tui.screens.restart import RestartDialog

pytestmark = pytest.mark.usefixtures("every_frame")

CONFIG = RunConfig(data="sample", hidden=(8,), batch_size=32, epochs=2, augment="shift")
"""125 steps an epoch."""


class OneStep(Runner):
    """Begins with a single step, so that no test depends on how fast a key is."""

    def start(self) -> None:
        self.send(commands.StepBatch())
        super().start()


class Watched:
    """The app with a real run, and how the run ended."""

    def __init__(self, pilot: Pilot[None], app: DigitApp) -> None:
        self.pilot = pilot
        self.app = app
        self.ended: RunEnded | None = None

    async def until(self, condition: Callable[[], object]) -> None:
        end = monotonic() + 30
        while not condition():
            assert monotonic() < end, f"it never came to be: {self.app.model.state}"
            await self.pilot.pause(0.01)

    async def state(self, state: str) -> None:
        await self.until(lambda: self.app.model.state == state)

    async def press(self, *keys: str) -> None:
        # Pilot.press waits for an idle processor, and training leaves none.
        for key in keys:
            self.app.post_message(events.Key(key, key if len(key) == 1 else None))
            await self.pilot.pause(0)


@asynccontextmanager
async def watch(config: RunConfig, folder: Path) -> AsyncIterator[Watched]:
    """Opens the app; it has to be left when the block ends."""
    app = DigitApp(RunRequest(config, folder))
    ingest = app.ingest

    def listen(events: Iterable[Any]) -> None:
        events = list(events)
        for event in events:
            if isinstance(event, RunEnded):
                watched.ended = event
        ingest(events)

    # A method is replaced to listen in: the app has no other place for a second reader.
    app.ingest = listen  # type: ignore[method-assign]
    async with app.run_test(size=(80, 24)) as pilot:
        watched = Watched(pilot, app)
        yield watched
        await watched.until(lambda: app.return_code is not None)
    assert app.return_code == 0
    assert app.runner is not None
    assert app.runner.join(10)


def headless(
    config: RunConfig, dataset: Dataset, folder: Path, *script: tuple[int, commands.Command]
) -> RunEnded:
    """The same without a screen."""
    trainer = Trainer(config, dataset, CommandScript(script), RunWriter(folder), interactive=True)
    *_, ended = trainer.run()
    assert isinstance(ended, RunEnded)
    return ended


@pytest.mark.parametrize("threads", [2, *rarely(1)])
async def test_what_is_watched_is_what_is_computed(
    threads: int, tmp_path: Path, sample: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "Runner", OneStep)
    config = CONFIG.with_(threads=threads)
    async with watch(config, tmp_path / "monitored") as watched:
        app = watched.app
        await watched.state("paused")
        assert app.model.step == 1
        await watched.press("n", "n")
        await watched.until(lambda: app.model.step == 3 and app.model.state == "paused")
        await watched.press("2")
        await watched.until(lambda: app.model.settings.optimizer == "momentum")
        await watched.press("left_square_bracket", "tab", "space")
        await watched.state("finished")
        assert app.model.step == app.model.saved_step == 250
        assert len(app.model.curves.train_loss) == 250  # every step, once
        assert [*app.model.curves.monitored_loss.x] == [0, 0.008, 0.016, 0.024, 1, 2]
        await watched.press("e")
        await watched.until(lambda: app.model.step > 250)
        await watched.state("finished")
        await watched.press("q")

    ended = headless(
        config,
        sample,
        tmp_path / "headless",
        (3, commands.SetOptimizer("momentum")),
        (3, commands.ScaleLearningRate(0.5)),
        (250, commands.AddEpochs(10)),
        (1500, commands.Stop()),
    )
    assert watched.ended is not None
    assert watched.ended.steps == ended.steps == 1500
    assert watched.ended.weights_sha256 == ended.weights_sha256
    seen, alone = (
        SavedRun.read(tmp_path / name).checkpoint().network for name in ("monitored", "headless")
    )
    assert (seen.parameters == alone.parameters).all()


async def test_pausing_and_saving_in_the_middle_change_nothing(
    tmp_path: Path, sample: Dataset
) -> None:
    config = CONFIG.with_(epochs=100_000)
    async with watch(config, tmp_path / "monitored") as watched:
        app = watched.app
        await watched.until(lambda: app.model.step)
        await watched.press("space")
        await watched.state("paused")
        step = app.model.step
        await watched.press("s")
        await watched.until(lambda: app.model.saved_step == step)
        assert app.model.step == step
        await watched.press("space")
        await watched.until(lambda: app.model.step > step)
        await watched.press("space")
        await watched.state("paused")
        await watched.press("q")

    assert watched.ended is not None
    steps = watched.ended.steps
    ended = headless(config, sample, tmp_path / "headless", (steps, commands.Stop()))
    assert watched.ended.weights_sha256 == ended.weights_sha256


async def test_finding_a_rate_changes_nothing_but_the_rate(
    tmp_path: Path, sample: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The range test runs beside training, and what it finds is journaled as a command."""
    monkeypatch.setattr(rate_finder, "MOST", 60)
    monkeypatch.setattr(rate_finder, "FEWEST", 60)
    config = CONFIG.with_(epochs=100_000, hidden=(32,), augment="none", batch_size=125)
    async with watch(config, tmp_path / "monitored") as watched:
        app = watched.app
        await watched.until(lambda: app.model.step)
        await watched.press("L")
        dialog = app.screen
        assert isinstance(dialog, RateDialog)
        await watched.until(lambda: dialog._done)
        await watched.press("right", "right")  # a run that has learned all has no suggestion
        rate = dialog._rate
        assert rate not in (None, app.model.settings.learning_rate)
        await watched.press("enter")
        await watched.until(lambda: app.model.settings.learning_rate == rate)
        await watched.press("space")
        await watched.state("paused")
        await watched.press("q")

    assert watched.ended is not None
    (applied,) = SavedRun.read(tmp_path / "monitored").history().lineage
    assert applied.command == commands.SetLearningRate(rate)
    script = [(applied.step, applied.command), (watched.ended.steps, commands.Stop())]
    ended = headless(config, sample, tmp_path / "headless", *script)
    assert watched.ended.weights_sha256 == ended.weights_sha256


@pytest.mark.long
async def test_who_quits_while_a_rate_is_sought_need_not_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread of the range test ends with the dialog, however the app ends."""
    made: list[int] = []
    steps = RateSearch.steps

    def endless(search: RateSearch) -> Iterator[int]:
        yield next(steps(search))
        while True:
            sleep(0.01)
            made.append(1)
            yield 1

    monkeypatch.setattr(RateSearch, "steps", endless)
    async with watch(CONFIG.with_(epochs=100_000), tmp_path / "run") as watched:
        await watched.until(lambda: watched.app.model.step)
        await watched.press("L")
        await watched.until(lambda: made)
        watched.app.stop_run()  # as a signal does
    ended = len(made)
    sleep(0.1)
    assert len(made) <= ended + 1


@pytest.mark.long
async def test_the_run_before_another_one_is_kept_whole(tmp_path: Path, sample: Dataset) -> None:
    config = CONFIG.with_(epochs=100_000, threads=2)
    async with watch(config, tmp_path / "run") as watched:
        app = watched.app
        await watched.until(lambda: app.model.step)
        before, workers = app.runner, workers_of(os.getpid())
        assert before is not None
        assert workers or not WORKER_PROCESSES
        await watched.press("r")
        await watched.until(lambda: isinstance(app.screen, RestartDialog))
        step = app.model.step
        await watched.until(lambda: app.model.step > step)
        await watched.press("down", "down", *"4,3", "down", *"16", "down", *"7", "enter")
        await watched.until(lambda: app.runner is not before)
        assert before.join(0)  # and with it its processes, and the memory that they share
        assert not any(map(alive, workers))
        ended = watched.ended
        await watched.until(lambda: app.model.step)
        lines = [line.text for line in app.model.log]
        assert f"run before kept as {tmp_path / 'run'}" in lines
        await watched.press("q")

    assert ended is not None
    saved = SavedRun.read(tmp_path / "run")
    assert saved.checkpoint().state.step == ended.steps
    assert resume_request(tmp_path / "run").load_dataset().name == "sample"
    alone = headless(config, sample, tmp_path / "headless", (ended.steps, commands.Stop()))
    assert ended.weights_sha256 == alone.weights_sha256
    other = SavedRun.read(tmp_path / "run-2").config
    assert (other.hidden, other.batch_size, other.seed) == ((4, 3), 16, 7)


class TestFailures:
    """What keeps a run from beginning is an event, not an exception in a thread."""

    @pytest.mark.parametrize(
        ("options", "status", "message"),
        [
            ({"data": "no/such/\x1b[2Jplace"}, 3, "no such folder"),
            ({}, 2, "holds a run already"),
        ],
        ids=["data", "run"],
    )
    def test_of_data_and_of_the_folder(
        self, tmp_path: Path, options: Any, status: int, message: str
    ) -> None:
        (tmp_path / "run.json").write_text("{}")
        failed = self.failure(CONFIG.with_(**options), tmp_path)
        assert failed.status == status
        assert message in failed.message
        assert failed.message.isprintable()
        assert failed.details is None

    def test_of_the_disk(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        failed = self.failure(CONFIG, tmp_path / "file" / "run")
        assert failed.status == 74
        assert failed.message.startswith(f"cannot write {tmp_path / 'file'}")

    @pytest.mark.skipif(not WORKER_PROCESSES, reason="threads are left to the BLAS here")
    def test_of_a_workers_process(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
        failed = self.failure(CONFIG.with_(threads=2), tmp_path / "run")
        assert failed.status == 1
        assert "--threads 1" in failed.message
        assert failed.details is None

    def test_of_our_own(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object, **__: object) -> None:
            raise RuntimeError("by\x1b design")

        monkeypatch.setattr("digit_tui.training.run_request.Trainer", fail)
        failed = self.failure(CONFIG, tmp_path)
        assert failed.status == 1
        assert failed.message == "RuntimeError: by? design"
        assert failed.details is not None
        assert "Traceback" in failed.details

    @staticmethod
    def failure(config: RunConfig, folder: Path) -> Failed:
        runner = Runner(RunRequest(config, folder), EventQueue(lambda: None))
        runner.start()
        assert runner.join(20)
        failed = runner.drain()[-1]
        assert isinstance(failed, Failed)
        return failed
