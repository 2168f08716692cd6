"""Who leaves while drawings are taught does not wait for it, and no part of it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.command_script import CommandScript

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.nn.optimizer import Optimizer
from digit_tui.run.commands import Command, Fork, Save, SetOptimizer, Stop, Teach
from digit_tui.run.events import EpochEnded, Event, Refused
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.run_request import RunRequest, resume_request


class Leaving(CommandScript):
    """A script of somebody who leaves after so many steps of teaching."""

    def __init__(self, commands: Iterable[tuple[int, Command]], steps: int) -> None:
        super().__init__(commands)
        self.left = steps

    def take(self, step: int) -> Iterator[Command]:
        yield from super().take(step)
        if self.stopping():
            yield Stop(reason="interrupted")

    def stopping(self) -> bool:
        return self.left <= 0


Leave = Callable[[list[tuple[int, Command]], int], Leaving]


@pytest.fixture
def leave(monkeypatch: pytest.MonkeyPatch) -> Leave:
    """Makes a script that counts the steps of teaching, and is left after some."""
    step = Optimizer.step

    def make(commands: list[tuple[int, Command]], steps: int) -> Leaving:
        script = Leaving(commands, steps)

        def counted(*values: Any) -> None:
            step(*values)
            script.left -= 1

        monkeypatch.setattr(Optimizer, "step", counted)
        return script

    return make


@pytest.mark.parametrize("steps", [1, 3, 8, 35])  # of six each for the copy and its five judges
@pytest.mark.parametrize("interactive", [False, True])
def test_a_fork_is_not_made_and_the_run_is_saved(
    interactive: bool,
    steps: int,
    leave: Leave,
    train: Any,
    go_on: Any,
    digits: Dataset,
    config: RunConfig,
    teach_8: Teach,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "run"
    script = leave([(5, Fork((teach_8,)))], steps)
    events = list(RunRequest(config, folder).trainer(digits, script, interactive).run())
    (refused,) = (each for each in events if isinstance(each, Refused))
    assert refused.message == "No fork: Stopped before it was taught"
    assert (events[-1].reason, events[-1].steps) == ("interrupted", 5)  # type: ignore[attr-defined]
    assert [each.name for each in tmp_path.iterdir()] == ["run"]
    assert SavedRun.read(folder).checkpoint().state.step == 5
    assert script.left == 0  # it did not go on
    assert go_on(folder).sha256 == train().sha256


@pytest.mark.usefixtures("saved_when_asked")
def test_what_is_repeated_is_repeated_the_next_time(
    leave: Leave, kill: Any, train: Any, go_on: Any, digits: Dataset, teach_8: Teach, tmp_path: Path
) -> None:
    """Nor is a command repeated that came after it."""

    def at_10(event: Event) -> bool:
        return isinstance(event, EpochEnded) and event.epoch == 2

    script = [(5, teach_8), (5, SetOptimizer("sgd"))]
    folder = tmp_path / "run"
    kill(at_10, [(2, Save()), *script], folder=folder, epochs=3)
    leaving = leave([], 3)
    trainer = resume_request(folder).trainer(digits, leaving, False)
    assert list(trainer.run())[-1].steps == 5  # type: ignore[attr-defined]
    state = SavedRun.read(folder).checkpoint().state
    assert (state.step, state.lineage) == (5, ())
    assert leaving.left == 0
    assert go_on(folder).sha256 == train(script, epochs=3).sha256
