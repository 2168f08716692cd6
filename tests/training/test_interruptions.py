"""Interruptions at random: the run ends as if it had never stopped."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from support.command_script import CommandScript
from support.killed import NEVER, Killed, live, results_of
from support.rarely import rarely

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.engine.worker_processes import WORKER_PROCESSES
from digit_tui.run.commands import (
    Command,
    Save,
    SetLearningRate,
    Stop,
    Undo,
)
from digit_tui.run.events import (
    CheckpointSaved,
    Event,
    Restored,
    RunEnded,
    StepsDone,
)
from digit_tui.storage import checkpoint_files
from digit_tui.storage.run_files import CHECKPOINT
from digit_tui.storage.saved_run import SavedRun
from digit_tui.storage.start_point import StartPoint
from digit_tui.training.run_request import RunRequest, resume_request


def interrupted_run(
    folder: Path, digits: Dataset, config: RunConfig, interruptions: int, seed: int
) -> list[Event]:
    """All that is told of a run with interruptions at random, each followed by a resume."""
    moments = random.Random(seed)
    events: list[Event] = []
    for number in range(interruptions + 1):
        steps = moments.randint(1, 8) if number < interruptions else NEVER
        # Of a run that is only ever killed nothing might be saved.
        end = Killed() if moments.random() < 0.4 else Stop(reason="interrupted")
        events += live(folder, digits, config, moments.random() < 0.5, steps, end)
    return events


@pytest.mark.parametrize("seed", [0, *rarely(*range(1, 5))])
def test_interruptions_at_random_change_nothing(
    seed: int, digits: Dataset, config: RunConfig, tmp_path: Path
) -> None:
    augment = ("elastic", "shift", "affine")[seed % 3]
    settings = config.with_(seed=seed, augment=augment, epochs=4, average=seed != 4)
    whole = live(tmp_path / "whole", digits, settings, False, NEVER, Stop())
    events = interrupted_run(tmp_path / "run", digits, settings, 20, seed)
    ended, expected = events[-1], whole[-1]
    assert isinstance(ended, RunEnded)
    assert isinstance(expected, RunEnded)
    assert expected.reason == "finished"
    assert ended.weights_sha256 == expected.weights_sha256
    assert (ended.reason, ended.steps) == ("finished", expected.steps)
    assert ended.test_correct == expected.test_correct
    assert results_of(events) == results_of(whole)
    assert sum(isinstance(event, Restored) for event in events) >= 19


@pytest.mark.skipif(not WORKER_PROCESSES, reason="threads are left to the BLAS here")
@pytest.mark.long
def test_interruptions_change_nothing_with_workers(
    digits: Dataset, config: RunConfig, tmp_path: Path
) -> None:
    settings = config.with_(augment="elastic", epochs=4, threads=2)
    whole = live(tmp_path / "whole", digits, settings, False, NEVER, Stop())
    events = interrupted_run(tmp_path / "run", digits, settings, 6, seed=3)
    assert events[-1].weights_sha256 == whole[-1].weights_sha256  # type: ignore[union-attr]
    assert results_of(events) == results_of(whole)


@pytest.mark.parametrize("optimizer", ["adamw", *rarely("sgd", "momentum")])
def test_a_run_goes_on_from_every_step(
    optimizer: str, train: Any, go_on: Any, tmp_path: Path
) -> None:
    options = {"optimizer": optimizer, "weight_decay": 0.01}
    whole = train(**options)
    for step in range(1, whole.ended.steps):
        folder = tmp_path / str(step)
        first = train([(step, Stop())], folder=folder, **options)
        then = go_on(folder)
        assert then.sha256 == whole.sha256
        assert results_of(first.events + then.events) == results_of(whole.events)
        assert [event.step for event in then.all(Restored)] == [step]
        told = sum(len(event.losses) for ran in (first, then) for event in ran.all(StepsDone))
        assert told == whole.ended.steps


@pytest.mark.usefixtures("saved_when_asked")
@pytest.mark.parametrize("before", [[], [(7, SetLearningRate(0.3)), (12, Undo())]], ids=str)
def test_kills_between_a_checkpoint_and_its_line_in_the_journal_lose_no_save(
    before: list[tuple[int, Command]],
    digits: Dataset,
    config: RunConfig,
    train: Any,
    go_on: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Such a save is not acknowledged, but the one before is."""
    folder = tmp_path / "run"
    write = checkpoint_files.write_whole

    def write_and_die(path: Path, *arguments: Any, **options: Any) -> None:
        write(path, *arguments, **options)
        if path.name == CHECKPOINT:
            raise Killed

    opening = RunRequest(config, folder)
    script = [*before, (2, Save())]
    for step in (4, 6, 6, 6):  # in one epoch: its end would tell of more steps
        events = opening.trainer(
            digits, CommandScript([*script, (step, Save())]), interactive=False
        ).run()
        with monkeypatch.context() as patch:
            for event in events if script else ():
                if isinstance(event, CheckpointSaved) and event.step == 2:
                    break
            patch.setattr(checkpoint_files, "write_whole", write_and_die)
            with pytest.raises(Killed):
                list(events)
        start_point = StartPoint.for_resume(SavedRun.read(folder))
        assert start_point.state is not None, (
            "the save at step 2 was acknowledged, but nothing is left"
        )
        assert start_point.state.step >= 2
        opening, script = resume_request(folder), []
    assert go_on(folder).sha256 == train().sha256
