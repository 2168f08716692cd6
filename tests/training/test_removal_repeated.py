"""Units that are off and pruned weights, in runs that go back, are repeated, resumed or forked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.command_script import CommandScript
from support.forks import NEVER, STOP, fork_sha, given
from support.removal import BOTH, vectors_of
from support.undo import end_of

from digit_tui.data import Dataset
from digit_tui.nn import evaluate
from digit_tui.run.commands import (
    AppliedCommand,
    Fork,
    GoBack,
    Keep,
    Pause,
    Prune,
    Resume,
    Save,
    SetLearningRate,
    SetOptimizer,
    Stop,
    SwitchOff,
    SwitchOn,
    Undo,
)
from digit_tui.run.events import (
    EpochEnded,
    Event,
    Refused,
    RunEnded,
    SettingChanged,
)
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.run_request import replay_request


@pytest.mark.parametrize("interactive", [False, True])
def test_undo_and_going_forward_again(interactive: bool, train: Any) -> None:
    lineage = tuple(AppliedCommand(step, command) for step, command in BOTH)
    plain, one, both = train(), train(BOTH[:1]), train(BOTH)
    assert len({plain.sha256, one.sha256, both.sha256}) == 3
    undone = train([*BOTH, (9, Undo()), STOP], interactive=interactive)
    assert end_of(undone) == end_of(one)
    undone = train([*BOTH, (9, Pause()), *[(9, Undo())] * 2, (NEVER, Resume()), STOP])
    assert end_of(undone) == end_of(plain)
    forward = [*BOTH, (9, Undo()), (7, GoBack(9, lineage)), STOP]
    assert end_of(train(forward, interactive=interactive)) == end_of(both)


def replayed(folder: Path, dataset: Dataset, into: Path) -> RunEnded:
    trainer = replay_request(folder, into).trainer(dataset, CommandScript([]), interactive=False)
    *_, ended = trainer.run()
    assert isinstance(ended, RunEnded)
    return ended


def test_a_replay(train: Any, digits: Dataset, tmp_path: Path) -> None:
    script = [*BOTH, (9, SwitchOn(1, (2,))), (11, SetOptimizer("nesterov")), (13, Prune(0.2))]
    first = train(script, folder=tmp_path / "run")
    assert not first.all(Refused)
    assert replayed(tmp_path / "run", digits, tmp_path / "again").weights_sha256 == first.sha256


@pytest.mark.usefixtures("saved_when_asked")
@pytest.mark.parametrize("average", [True, False])
@pytest.mark.parametrize("saved", [4, 7, 8, 12])
def test_a_resume(saved: int, average: bool, train: Any, go_on: Any, tmp_path: Path) -> None:
    script = [*BOTH, (10, SwitchOn(1, (2, 5))), (14, Prune(0))]
    whole = train(script, average=average)
    made = [(step, command) for step, command in script if step <= saved]
    folder = tmp_path / "run"
    train([*made, (saved, Save()), (saved, Stop())], folder=folder, average=average)
    state = SavedRun.read(folder).checkpoint().state
    assert state.step == saved
    for vector in vectors_of(state):
        assert not vector[state.removed.mask].any()
    left = [(step, command) for step, command in script if step > saved]
    assert go_on(folder, left).sha256 == whole.sha256


@pytest.mark.usefixtures("saved_when_asked")
def test_a_resume_from_a_checkpoint_before_the_command(
    kill: Any, train: Any, go_on: Any, tmp_path: Path
) -> None:
    def at_10(event: Event) -> bool:
        return isinstance(event, EpochEnded) and event.epoch == 2

    kill(at_10, [(2, Save()), *BOTH], folder=tmp_path / "run", epochs=3)
    ran = go_on(tmp_path / "run")
    assert ran.all(SettingChanged)  # repeated from the journal
    assert ran.sha256 == train(BOTH, epochs=3).sha256


def test_what_is_evaluated_of_a_saved_run(train: Any, digits: Dataset, tmp_path: Path) -> None:
    ran = train(BOTH, folder=tmp_path / "run")
    network = SavedRun.read(tmp_path / "run").checkpoint().network
    found = evaluate(network, digits.test_images, digits.test_labels)
    assert found.correct == ran.ended.test_correct


@pytest.mark.parametrize("interactive", [False, True])
@pytest.mark.parametrize(
    "changes",
    [
        (SwitchOff(1, (2, 5)),),
        (Prune(0.4),),
        (SwitchOff(1, (0,)), Prune(0.3), SetLearningRate(0.1)),
    ],
    ids=str,
)
def test_a_fork(changes: Any, interactive: bool, train: Any, tmp_path: Path) -> None:
    script = [(5, Fork(changes)), (NEVER, Keep(False)), STOP]
    ran = train(script, interactive=interactive, folder=tmp_path / "run")
    assert not ran.all(Refused)
    assert ran.sha256 == train().sha256
    assert fork_sha(ran) == train(given(5, changes)).sha256


def test_a_fork_of_a_run_with_units_off(train: Any) -> None:
    change = SwitchOn(1, (2,))
    ran = train([*BOTH, (7, Fork((change,))), (12, Keep(True))])
    assert ran.sha256 == train([*BOTH, (7, change)]).sha256
    left = train([*BOTH, (7, Fork((change,))), (12, Keep(False))])
    assert left.sha256 == train(BOTH).sha256
