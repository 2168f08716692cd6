"""The training thread of the line-by-line mode."""

from __future__ import annotations

from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from support.plain import CONFIG

from digit_tui.plain import sync_runner as sync_runner_module
from digit_tui.plain.sync_runner import AckMailbox, SyncRunner
from digit_tui.run import commands
from digit_tui.run import events as happened
from digit_tui.run.events import RunEnded
from digit_tui.session.runner import Acknowledged
from digit_tui.training.run_request import RunRequest


def test_training_waits_for_a_reader_that_does_not_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sync_runner_module, "BACKLOG", 10)
    runner = SyncRunner(
        RunRequest(CONFIG.with_(epochs=1_000_000), tmp_path / "run"), lambda: None, False
    )
    runner.start()
    end = monotonic() + 20
    while len(runner.events) <= 10:
        assert monotonic() < end
        sleep(0.001)
    assert len(runner.events) == 11
    assert len(runner.drain()) >= 11
    runner.stop_waiting()
    runner.ask(commands.Stop())
    assert runner.join(20)
    assert isinstance(runner.drain()[-1], RunEnded)


def test_a_run_that_is_held_obeys_before_its_first_step(tmp_path: Path) -> None:
    runner = SyncRunner(RunRequest(CONFIG, tmp_path / "run"), lambda: None, held=True)
    runner.start()
    events: list[Any] = []

    def until_obeyed(command: commands.Command | None) -> None:
        end = monotonic() + 20
        while Acknowledged(command) not in events:
            assert monotonic() < end
            events.extend(runner.drain())
            sleep(0.001)

    runner.ask(commands.ScaleLearningRate(2.0))
    until_obeyed(commands.ScaleLearningRate(2.0))
    runner.ask(commands.SetAugmentation("none"))
    until_obeyed(commands.SetAugmentation("none"))
    changes = [event for event in events if isinstance(event, happened.SettingChanged)]
    assert [(change.setting, change.step) for change in changes] == [
        ("learning_rate", 0),
        ("augment", 0),
    ]
    assert not any(isinstance(event, happened.StepsDone) for event in events)
    runner.begin()
    assert runner.join(0) is False
    runner.ask(commands.Stop())
    assert runner.join(20)


def test_a_letter_that_came_is_known_to_wait() -> None:
    mailbox = AckMailbox(lambda obeyed: None, held=False)
    assert not mailbox.waiting()
    mailbox.send(commands.Pause())
    assert mailbox.waiting()
    assert list(mailbox.take(0)) == [commands.Pause()]
    assert not mailbox.waiting()
    assert not mailbox.stopping()
    mailbox.send(commands.Stop())
    assert mailbox.stopping()
