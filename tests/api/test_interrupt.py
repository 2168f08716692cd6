"""Ctrl+c while a program trains: the run is at rest, and can go on."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.api import NewRun

from digit_tui import RunError, open_run
from digit_tui.run.events import EpochEnded, StepsDone
from digit_tui.training.branch import Branch

At = Callable[[int, int], None]


@pytest.fixture
def interrupted_at(monkeypatch: pytest.MonkeyPatch) -> At:
    """Has ctrl+c pressed so often while a step is made, once."""

    def arrange(step: int, times: int = 1) -> None:
        left = [times]

        def steps(self: Branch, most: int) -> Any:
            for _ in range(left[0] if self.state.step >= step else 0):
                left[0] -= 1
                signal.raise_signal(signal.SIGINT)
            return original(self, min(most, 4))

        original = Branch.steps
        monkeypatch.setattr(Branch, "steps", steps)

    return arrange


def test_the_run_can_go_on(new_run: NewRun, interrupted_at: At) -> None:
    before = signal.getsignal(signal.SIGINT)
    run = new_run()
    interrupted_at(8, 1)
    with pytest.raises(KeyboardInterrupt):
        run.train(None)
    assert signal.getsignal(signal.SIGINT) is before
    assert 8 <= run.step < 16
    assert run.evaluate().total == 60  # it is at rest, nothing is broken off
    assert run.train(None).weights_sha256 == new_run().train(None).weights_sha256


def test_in_a_loop_over_events(new_run: NewRun, interrupted_at: At) -> None:
    run = new_run()
    seen: deque[Any] = deque()
    interrupted_at(8, 1)
    with pytest.raises(KeyboardInterrupt):
        seen.extend(run.events(None))
    steps = [int(each.step) for each in seen if isinstance(each, StepsDone)]
    assert steps[-1] == run.step  # what was made before it stopped was told
    again = [each.epoch for each in run.events(None) if isinstance(each, EpochEnded)]
    assert again == [2, 3]


def test_while_the_program_handles_an_event(new_run: NewRun) -> None:
    run = new_run()

    def look() -> None:
        for event in run.events(None):
            if isinstance(event, EpochEnded):
                signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        look()
    assert run.epoch == 1.0
    assert run.train(None).weights_sha256 == new_run().train(None).weights_sha256


def test_the_second_time_it_breaks_off(
    new_run: NewRun, interrupted_at: At, kept_digits: dict[str, Any], tmp_path: Path
) -> None:
    run = new_run(**kept_digits, folder=tmp_path / "run").train()
    kept = run.weights_sha256
    run.save()
    interrupted_at(8, 2)
    with pytest.raises(KeyboardInterrupt):
        run.train(None)
    assert run.closed
    assert run.weights_sha256 == kept  # as it was at its last rest
    with pytest.raises(RunError, match="the run is closed"):
        run.train()
    with open_run(tmp_path / "run").resume() as on:
        on.train(None)
    assert on.weights_sha256 == new_run(**kept_digits).train(None).weights_sha256


def test_a_handler_of_the_programs_own_decides(new_run: NewRun, interrupted_at: At) -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: seen.append(number))
    try:
        run = new_run()
        interrupted_at(8, 1)
        run.train(None)
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [signal.SIGINT]
    assert run.finished  # it only took note


def test_in_another_thread(new_run: NewRun) -> None:
    runs = []
    thread = threading.Thread(target=lambda: runs.append(new_run().train(None)))
    thread.start()
    thread.join()
    assert runs[0].weights_sha256 == new_run().train(None).weights_sha256
