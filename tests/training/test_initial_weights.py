"""Runs that begin with given weights: a state like any other."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.checkpoints import break_file
from support.command_script import CommandScript
from support.runs import Ran, Train

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.engine.holdout import fold
from digit_tui.run.commands import (
    AddEpochs,
    Command,
    Fork,
    GoBack,
    Inspect,
    SetLearningRate,
    Stop,
)
from digit_tui.run.events import Inspected
from digit_tui.storage.errors import RunError
from digit_tui.storage.initial_weights import InitialWeights
from digit_tui.storage.run_writer import RunWriter
from digit_tui.storage.saved_run import SavedRun
from digit_tui.storage.start_point import StartPoint
from digit_tui.training.command_source import Mailbox
from digit_tui.training.fold_copy import fold_trainer
from digit_tui.training.run_request import replay_request, resume_request
from digit_tui.training.trainer import Trainer

COUNT = 36 * 8 + 8 + 8 * 4 + 4
GIVEN = np.random.default_rng(5).normal(0, 0.2, COUNT).astype(np.float32)

Begin = Callable[..., Ran]


@pytest.fixture
def begin(digits: Dataset, config: RunConfig) -> Begin:
    def run(
        folder: Path | None = None,
        script: Iterable[tuple[int, Command]] = (),
        interactive: bool = False,
    ) -> Ran:
        writer = None if folder is None else RunWriter(folder)
        start = StartPoint(initial=InitialWeights(GIVEN, "net.npz"))
        trainer = Trainer(config, digits, CommandScript(script), writer, interactive, start)
        return Ran(trainer, list(trainer.run()))

    return run


def test_the_run_begins_with_them(begin: Begin, train: Train, tmp_path: Path) -> None:
    ran = begin(tmp_path / "run")
    assert ran.sha256 != train().sha256
    assert ran.sha256 == begin().sha256
    initial = SavedRun.read(tmp_path / "run").initial()
    assert initial is not None
    assert np.array_equal(initial.parameters, GIVEN)
    assert SavedRun.read(tmp_path / "run").record["initial_weights"] == initial.record


def test_it_is_repeated_with_them(begin: Begin, digits: Dataset, tmp_path: Path) -> None:
    script = [(3, SetLearningRate(0.02))]
    ran = begin(tmp_path / "run", script)
    request = replay_request(tmp_path / "run", tmp_path / "again")
    trainer = request.trainer(digits, CommandScript(()), interactive=False)
    assert Ran(trainer, list(trainer.run())).sha256 == ran.sha256
    names = {"initial.npz", "run.json", "checkpoint.npz"}
    assert names <= {path.name for path in (tmp_path / "again").iterdir()}


def test_without_checkpoints_it_resumes_from_them(
    begin: Begin, digits: Dataset, tmp_path: Path
) -> None:
    ran = begin(tmp_path / "run")
    for name in ("checkpoint", "previous", "best"):
        (tmp_path / "run" / f"{name}.npz").unlink(missing_ok=True)
    trainer = resume_request(tmp_path / "run").trainer(digits, CommandScript(()), False)
    assert Ran(trainer, list(trainer.run())).sha256 == ran.sha256


def test_going_back_to_the_beginning_is_going_back_to_them(
    begin: Begin, digits: Dataset, tmp_path: Path
) -> None:
    begin(tmp_path / "run")
    # Resumed, it has no snapshot of the beginning but the one that follows from the file.
    script = [(16, AddEpochs(1)), (17, GoBack(0, ())), (0, Inspect()), (0, Stop())]
    source = CommandScript(script)
    trainer = resume_request(tmp_path / "run").trainer(digits, source, interactive=True)
    events = list(trainer.run())
    (inspected,) = [event for event in events if isinstance(event, Inspected)]
    assert inspected.step == 0
    assert np.array_equal(inspected.state.parameters, GIVEN)


def test_a_fork_has_them_in_its_own_folder(begin: Begin, digits: Dataset, tmp_path: Path) -> None:
    begin(tmp_path / "run", [(5, Fork((SetLearningRate(0.5),), str(tmp_path / "fork")))])
    shutil.rmtree(tmp_path / "run")
    saved = SavedRun.read(tmp_path / "fork")
    initial = saved.initial()
    assert initial is not None
    assert np.array_equal(initial.parameters, GIVEN)
    request = replay_request(tmp_path / "fork", tmp_path / "again")
    trainer = request.trainer(digits, CommandScript(()), interactive=False)
    assert Ran(trainer, list(trainer.run())).sha256 == saved.record["results"]["weights_sha256"]


@pytest.mark.parametrize("how", ["missing", "cut", "flipped", "longer"])
def test_without_them_it_is_not_repeated(how: str, begin: Begin, tmp_path: Path) -> None:
    begin(tmp_path / "run")
    break_file(tmp_path / "run" / "initial.npz", how)
    saved = SavedRun.read(tmp_path / "run")
    for start in (StartPoint.for_resume, StartPoint.for_replay, StartPoint.for_full_replay):
        with pytest.raises(RunError, match=r"initial\.npz (is missing|has changed|is damaged)"):
            start(saved)
    assert saved.checkpoint().state.step == 16  # what only reads the network still works


def test_other_weights_under_a_right_sum(begin: Begin, tmp_path: Path) -> None:
    begin(tmp_path / "run")
    other = InitialWeights(GIVEN[:-1], "net.npz")
    (tmp_path / "run" / "initial.npz").write_bytes(other.content)
    path = tmp_path / "run" / "run.json"
    record: dict[str, Any] = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"initial_weights": other.record}))
    with pytest.raises(RunError, match="does not fit the network"):
        SavedRun.read(tmp_path / "run").initial()


def test_a_file_in_their_place_is_kept(begin: Begin, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "initial.npz").write_text("mine")
    with pytest.raises(RunError):
        begin(tmp_path / "run")
    assert (tmp_path / "run" / "initial.npz").read_text() == "mine"


def test_copies_that_are_calibrated_begin_with_them(
    begin: Begin, digits: Dataset, tmp_path: Path
) -> None:
    begin(tmp_path / "run")
    checkpoint = SavedRun.read(tmp_path / "run").checkpoint()
    trainer = fold_trainer(checkpoint, tmp_path / "run", fold(digits, 0), Mailbox())
    assert np.array_equal(trainer.state.parameters, GIVEN)
