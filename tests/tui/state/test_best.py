"""The best accuracy of a run: the screen and the saved run mean the same by it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.command_script import CommandScript
from support.rarely import rarely
from support.saved_runs import edit

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.run.commands import (
    Command,
    Fork,
    GoBack,
    Keep,
    Pause,
    Resume,
    SetLearningRate,
    Stop,
    SwitchOff,
    SwitchOn,
    Undo,
)
from digit_tui.run.events import ForkEnded
from digit_tui.session.runner import Loaded
from digit_tui.storage.run_summary import RunSummary
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.run_request import RunRequest, resume_request
from digit_tui.tui.state.run_model import RunModel
from digit_tui.tui.state.same_moment import SameMoment

SPOILED = Fork((SetLearningRate(30.0),))
"""A rate at which the fork forgets all that the run had learned."""
pytestmark = pytest.mark.usefixtures("saved_each_epoch")


def train(request: RunRequest, sample: Dataset, script: list[tuple[int, Command]]) -> RunModel:
    model = RunModel(request.config)
    model.ingest(Loaded(sample))
    for event in request.trainer(sample, CommandScript(script), interactive=True).run():
        model.ingest(event)
    return model


@pytest.fixture
def request_(tmp_path: Path) -> RunRequest:
    """A run of 8 steps an epoch, whose accuracy goes up and down."""
    values: dict[str, Any] = {"hidden": (8,), "batch_size": 500, "augment": "none", "epochs": 4}
    values |= {"optimizer": "momentum", "learning_rate": 0.9, "average": False}
    return RunRequest(RunConfig(data="sample", schedule="constant", **values), tmp_path / "run")


def saved_best(folder: Path) -> tuple[float, float] | None:
    return RunSummary.of(SavedRun.read(folder)).best


@pytest.mark.parametrize(
    "script",
    [
        [(27, Pause()), (27, Stop())],
        [(3, Pause()), (3, Resume()), (11, Pause()), (11, Stop())],
        [(21, Pause()), (21, GoBack(5, ())), (21, Resume()), (6, Pause()), (6, Stop())],
        [(21, GoBack(16, ())), (16, Stop())],
        [(9, SPOILED), (20, Keep(fork=False)), (22, Pause()), (22, Stop())],
        [(27, Pause()), (27, SwitchOff(1, (0, 1))), (27, Stop())],
        [(27, Pause()), (27, SwitchOff(1, (0, 1))), (27, SwitchOn(1, (0, 1))), (27, Stop())],
    ],
)
def test_it_counts_all_evaluations_that_were_not_undone(
    script: list[tuple[int, Command]], request_: RunRequest, sample: Dataset, tmp_path: Path
) -> None:
    model = train(request_, sample, script)
    assert model.best == saved_best(tmp_path / "run")
    assert model.best is not None
    assert model.best[1] == max(model.curves.monitored_accuracy.y[1:])
    again = train(resume_request(tmp_path / "run"), sample, [(model.step, Stop())])
    assert again.best == model.best


OFF = [(8, Pause()), (8, SwitchOff(1, tuple(range(6))))]


@pytest.mark.parametrize(
    "script",
    [
        OFF,
        [*OFF, (8, Undo())],
        [*OFF, (8, SwitchOff(1, (6,))), (8, Undo())],
        [*OFF, (8, Resume()), (9, Pause()), (9, Undo())],
    ],
)
def test_what_is_done_at_the_best_epoch_does_not_hide_it(
    script: list[tuple[int, Command]], request_: RunRequest, sample: Dataset, tmp_path: Path
) -> None:
    alone = train(replace(request_, folder=None), sample, [(8, Pause()), (8, Stop())])
    assert alone.best is not None
    assert alone.best[0] == 1
    model = train(request_, sample, [*script, (8, Stop())])
    assert model.best == alone.best == saved_best(tmp_path / "run")
    again = train(resume_request(tmp_path / "run"), sample, [(8, Pause()), (8, Stop())])
    assert again.best == alone.best


def test_what_is_undone_does_not_count() -> None:
    same = SameMoment()
    for commands, accuracy in (((), 0.5), (("teach",), 0.9), ((), 0.5), (("off",), 0.1)):
        same.add(3.0, commands, accuracy)
    assert [*same] == [3.0]
    assert same.highest(3.0, ("teach", "off")) == 0.9
    assert same.highest(3.0, ("off",)) == same.highest(3.0, ()) == 0.5
    same.add(4.0, (), 0.2)
    same.add(5.0, (), 0.3)
    assert [*same] == [3.0]  # the chart has the others


def test_a_fork_has_its_own(request_: RunRequest, sample: Dataset, tmp_path: Path) -> None:
    script = [(21, SPOILED), (30, Keep(fork=True)), (31, Pause()), (31, Stop())]
    model = train(request_, sample, script)
    (verdict,) = [line.text for line in model.log if line.text.startswith("fork fixed")]
    assert re.match(r"fork fixed \d+, broke \d+: .* \(p .*\); -\d+\.\d\d points", verdict)
    folder = Path(str(model.folder))
    assert folder != tmp_path / "run"
    # The run had done better before its fork, which that is no result of.
    epoch, accuracy = model.best or (0, 1)
    assert epoch > 21 / 8
    assert accuracy < (saved_best(tmp_path / "run") or (0, 0))[1]
    assert saved_best(folder) == model.best
    assert SavedRun.read(folder).checkpoint(best=True).state.step > 21
    again = train(resume_request(folder), sample, [(31, Stop())])
    assert again.best == model.best
    assert len(again.curves.monitored_accuracy) > 3  # the charts have what was before it too
    # To be before the fork is to begin there.
    back = train(resume_request(folder), sample, [(31, GoBack(9, ())), (12, Pause()), (12, Stop())])
    assert (back.best or (0, 0))[0] > 9 / 8
    assert back.best == saved_best(folder)


def test_a_fork_without_a_step_has_none(
    request_: RunRequest, sample: Dataset, tmp_path: Path
) -> None:
    events: list[Any] = []
    script = [(9, SPOILED), (9, Keep(fork=False)), (10, Stop())]
    trainer = request_.trainer(sample, CommandScript(script), interactive=True)
    events += trainer.run()
    (left,) = [event.left for event in events if isinstance(event, ForkEnded)]
    assert saved_best(Path(left)) is None
    assert not (Path(left) / "best.npz").exists()


def test_the_best_of_a_fork_that_is_kept_is_none_of_the_run(
    request_: RunRequest, sample: Dataset
) -> None:
    off = Fork((SwitchOff(1, (0, 1, 2)),))
    script = [(9, Pause()), (9, off), (9, Keep(fork=True))]
    model = RunModel(request_.config)
    model.ingest(Loaded(sample))
    for event in request_.trainer(sample, CommandScript([*script, (9, Stop())]), True).run():
        model.ingest(event)
        if isinstance(event, ForkEnded):
            break
    fork = model.curves.monitored_accuracy
    assert fork.x[-1] == 9 / 8
    assert model.best == (9 / 8, fork.y[-1]) == (9 / 8, model.evaluation.accuracy)


@pytest.mark.parametrize("at", [16, *rarely(9)])
def test_a_fork_whose_weights_were_changed_has_one(
    at: int, request_: RunRequest, sample: Dataset
) -> None:
    """It is another network than the run's: at the end of an epoch, too."""
    off = Fork((SwitchOff(1, (0, 1)),))
    script = [(at, off), (at, Keep(fork=True)), (at, Pause()), (at, Stop())]
    model = train(request_, sample, script)
    folder = Path(str(model.folder))
    assert saved_best(folder) == model.best == (at / 8, model.evaluation.accuracy)
    assert SavedRun.read(folder).checkpoint(best=True).state.step == at


def test_of_an_earlier_version_the_last_one_is_in_its_results(
    request_: RunRequest, sample: Dataset, tmp_path: Path
) -> None:
    train(request_, sample, [(27, Pause()), (27, Stop())])
    folder = tmp_path / "run"
    journal = folder / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(line for line in lines if '"evaluated"' not in line))
    results = SavedRun.read(folder).record["results"]
    edit(folder, results=results | {"test_accuracy": 1.0, "test_correct": results["test_total"]})
    assert saved_best(folder) == (27 / 8, 1.0)


def test_the_best_checkpoint_is_none_that_was_undone(
    request_: RunRequest, sample: Dataset, tmp_path: Path
) -> None:
    train(request_, sample, [(27, GoBack(3, ())), (4, Stop())])
    best = SavedRun.read(tmp_path / "run").checkpoint(best=True)
    assert best.state.step <= 4
