"""The run of a trial is opened in the viewer of saved runs, and the sweep's screen comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.sweep import FakeControl

from digit_tui import tui
from digit_tui.tui import sweep as sweep_module
from digit_tui.tui.saved import SavedApp
from digit_tui.tui.sweep.app import SweepApp
from digit_tui.tui.terminal.stdio_capture import StdioCapture


class Screens:
    """Takes the place of apps on a terminal: notes them, and does what a person would."""

    def __init__(self, run: Path, status_of_run: int = 0) -> None:
        self.shown: list[Any] = []
        self._run = run
        self._status_of_run = status_of_run

    def __call__(self, app: Any, theme: str | None, keymap: Any) -> int:
        self.shown.append(app)
        if isinstance(app, SavedApp):
            return self._status_of_run
        if len(self.shown) == 1:
            app.opens = 7, self._run
        return 0


@pytest.fixture
def control(monkeypatch: pytest.MonkeyPatch) -> FakeControl:
    monkeypatch.setattr(StdioCapture, "divert", lambda self: None)
    return FakeControl()


def test_a_run_that_cannot_be_read_is_told_when_the_sweep_is_back(
    control: FakeControl, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    screens = Screens(tmp_path / "gone")
    monkeypatch.setattr(tui, "run_app_of", screens)
    assert sweep_module.run_sweep_app(control) == 0
    first, second = screens.shown
    assert isinstance(first, SweepApp)
    assert second.model is first.model
    (note,) = second.model.notes
    assert "gone" in note
    assert control.asked == []


@pytest.mark.long
@pytest.mark.parametrize(("status", "shown"), [(0, 3), (143, 2)])
def test_a_run_is_shown_and_a_signal_there_ends_the_sweep_too(
    control: FakeControl,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    sample: Any,
    status: int,
    shown: int,
) -> None:
    from support.command_script import CommandScript

    from digit_tui.config import RunConfig
    from digit_tui.training.run_request import RunRequest

    config = RunConfig(data="sample", hidden=(8,), batch_size=125, epochs=1, augment="none")
    trainer = RunRequest(config, tmp_path / "run").trainer(sample, CommandScript([]), False)
    for _ in trainer.run():
        pass
    screens = Screens(tmp_path / "run", status)
    monkeypatch.setattr(tui, "run_app_of", screens)
    assert sweep_module.run_sweep_app(control) == status
    assert len(screens.shown) == shown
    assert isinstance(screens.shown[1], SavedApp)
    assert control.asked == (["leave"] if status else [])
