"""A saved run that is shown to draw digits for it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.command_script import CommandScript
from support.tui import Window

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.insight.drawn_digit import read_drawing
from digit_tui.insight.selective import SelectiveClassifier
from digit_tui.run import commands
from digit_tui.storage.calibration_file import Calibration, write_calibration
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.run_request import RunRequest, replay_request
from digit_tui.tui.saved import SavedApp
from digit_tui.tui.screens.network.calibration import CalibrationPage
from digit_tui.tui.widgets.drawing_canvas import DrawingCanvas


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {each.name: (each.stat().st_mtime_ns, each.read_bytes()) for each in folder.iterdir()}


async def test_it_is_read_with_its_averaged_weights_and_temperature_and_stays_as_it_is(
    sample: Dataset, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    config = RunConfig(data="sample", hidden=(8,), batch_size=125, epochs=2, augment="none")
    script: list[tuple[int, commands.Command]] = [(40, commands.Stop())]
    trainer = RunRequest(config, folder).trainer(sample, CommandScript(script), interactive=False)
    for _ in trainer.run():
        pass
    checkpoint = SavedRun.read(folder).checkpoint()
    sha256 = checkpoint.state.weights_sha256
    write_calibration(folder, Calibration(40, sha256, 800, 1, 100.0, 0.2, 0.1, 0.4, 0.3, 1e6))
    before = contents(folder)
    app: Any = SavedApp(replay_request(folder), checkpoint)
    async with app.run_test(size=(80, 24)) as pilot:
        opened = Window(app, pilot)
        await opened.until(lambda: "saved run run  epoch 1.25/2" in opened.text)
        await opened.press("space", *["down"] * 9)
        image = app.screen.query_one(DrawingCanvas).drawing.image
        classifier = SelectiveClassifier.of(checkpoint.network, sample, 100.0, 1e6)
        reading = read_drawing(checkpoint.network, image, classifier=classifier)
        assert reading.title != read_drawing(checkpoint.network, image).title
        await opened.until(lambda: reading.title in opened.text)
        await opened.press("escape", "space", "n", "right_square_bracket", "tab")
        opened.find("Loss by epoch")
        await opened.until(lambda: app.model.health is not None)
        assert "No points yet" not in opened.text
        said = [line.text for line in app.model.log if "not trained here" in line.text]
        assert said == [f"a saved run is not trained here: digit-tui --resume {folder}"] * 3
        opened.find("saved run run  epoch 1.25/2")
        await opened.press("tab")
        opened.find("mistakes by loss")
        await opened.press("shift+tab", "shift+tab", "question_mark")
        opened.find("On this view")
        await opened.press("escape")
        app.show_view("network")
        await opened.settle()
        app.screen.show_page(CalibrationPage)
        await opened.until(lambda: re.search(r"Temperature +1.000 100.000", opened.text))
        await opened.press("q")
    assert app.return_code == 0
    taught = commands.AppliedCommand(5, commands.Teach("ab" * 32, 13))
    state = replace(checkpoint.state, lineage=(taught,))
    app = SavedApp(replay_request(folder), replace(checkpoint, state=state))
    assert app.model.replay == "■ saved run run, taught 13"
    assert contents(folder) == before


@pytest.mark.long
async def test_what_cannot_be_read_ends_it_with_a_line(sample: Dataset, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    config = RunConfig(data="sample", hidden=(8,), batch_size=125, epochs=1, augment="none")
    for _ in RunRequest(config, folder).trainer(sample, CommandScript([]), False).run():
        pass
    saved = SavedRun.read(folder)
    checkpoint = saved.checkpoint()
    (folder / "journal.jsonl").write_text('{"event": "epoch_ended"}\n')
    app: Any = SavedApp(replay_request(folder), checkpoint)
    async with app.run_test(size=(80, 24)) as pilot:
        await Window(app, pilot).until(lambda: app._exit)
    assert app.return_code == 3
    assert "journal.jsonl is damaged" in app.farewell
