"""`digit-tui calibrate`, and what `evaluate` says of what it saved."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.cli import SMALL, run
from support.teaching import Keep as KeepDrawings
from support.teaching import drawings_of

from digit_tui.cli import calibrate as calibrate_module
from digit_tui.cli import subcommands
from digit_tui.data import load_dataset
from digit_tui.engine.holdout import PARTS, fold, hold_out
from digit_tui.insight.answers import coverage
from digit_tui.insight.calibration import calibrated, fit_temperature, measure
from digit_tui.insight.novelty import NoveltyScorer, threshold_of
from digit_tui.nn import evaluate
from digit_tui.run.commands import (
    AddEpochs,
    AppliedCommand,
    SetBatchSize,
    SetLearningRate,
    Stop,
    Teach,
)
from digit_tui.run.events import Evaluated, RunEnded, RunStarted, SettingChanged
from digit_tui.storage.calibration_file import read_calibration, write_calibration
from digit_tui.storage.run_files import CALIBRATION, drawings_name
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.command_source import Mailbox
from digit_tui.training.fold_copy import copied_commands, fold_trainer

COMMAND = ("calibrate",)


@pytest.fixture
def folder(finished: tuple[Path, dict[str, Any]], tmp_path: Path) -> Path:
    return shutil.copytree(finished[0], tmp_path / "run")


def test_a_run_is_calibrated_by_folds_and_evaluated(folder: Path) -> None:
    result = run(*COMMAND, str(folder), "--folds", "2", "--json")
    assert result.exit_code == 0, result.stderr
    assert "training copy 2 of 2 of the run" in result.stderr
    found = json.loads(result.stdout)
    saved = read_calibration(folder)
    assert saved is not None
    assert {name: found[name] for name in saved.__dataclass_fields__} == vars(saved)
    checkpoint = SavedRun.read(folder).checkpoint()
    assert saved.weights_sha256 == checkpoint.state.weights_sha256
    assert (saved.step, saved.folds) == (checkpoint.state.step, 2)
    assert saved.held_out == 1_600  # two fifths of 4,000
    assert saved.novelty_threshold is not None
    assert saved.nll_after <= saved.nll_before

    sample = load_dataset("sample")
    evaluation = evaluate(checkpoint.network, sample.test_images, sample.test_labels)
    wanted = measure(evaluation, saved.temperature)
    assert wanted is not None
    printed = json.loads(run("evaluate", str(folder), "--json").stdout)
    scores = NoveltyScorer(checkpoint.network, sample.train_images).score(sample.test_images)
    assert 0.9 <= np.mean(scores <= saved.novelty_threshold) <= 0.99
    likely = calibrated(evaluation.probabilities, saved.temperature)
    answered = coverage(replace(evaluation, probabilities=likely), scores, saved.novelty_threshold)
    assert printed["answered"] == vars(answered) | {"refused": answered.refused}
    told = printed["calibration"]
    assert told["temperature"] == saved.temperature
    plain = measure(evaluation)
    assert plain is not None
    assert told["ece_before"] == pytest.approx(plain.ece)
    assert told["nll_before"] == pytest.approx(plain.nll)
    assert told["ece"] == pytest.approx(wanted.ece)
    assert told["nll"] == pytest.approx(wanted.nll)
    assert told["coverage"] == pytest.approx(wanted.coverage)
    text = run("evaluate", str(folder)).stdout
    assert f"Calibrated at temperature {saved.temperature:.3f}: " in text
    assert f"Coverage at 99.9% accuracy  {wanted.coverage:.2%} of the digits" in text

    confidences = []  # also where a class must be named, at its temperature
    Image.fromarray(sample.test_images[0].reshape(28, 28)).save(folder.parent / "digit.png")
    for always in [], ["--always"]:
        read = run("predict", str(folder), str(folder.parent / "digit.png"), "--json", *always)
        confidences.append(json.loads(read.stdout)["digits"][0]["confidence"])
    assert confidences[0] == pytest.approx(confidences[1])

    assert ("calibrate RUN --remove" in text) == (wanted.ece > plain.ece)
    for temperature, worse in (100.0, True), (1.0, False):
        write_calibration(folder, replace(saved, temperature=temperature))
        text = run("evaluate", str(folder)).stdout
        assert ("made the calibration of these digits worse" in text) == worse
    assert run(*COMMAND, str(folder), "--remove", "--folds", "1").exit_code == 2
    removed = run(*COMMAND, str(folder), "--remove")
    assert removed.stdout == f"Removed {folder / 'calibration.json'}\n"
    again = run(*COMMAND, str(folder), "--remove")
    assert (again.exit_code, "has no calibration to remove" in again.stderr) == (3, True)

    write_calibration(folder, replace(saved, weights_sha256="0" * 64))
    other = run("evaluate", str(folder), "--json")
    assert json.loads(other.stdout)["calibration"] is None
    assert "calibration.json is of other weights, saved at step" in other.stderr
    (folder / "calibration.json").write_text('{"step": 1}')
    damaged = run("evaluate", str(folder), "--json")
    assert damaged.exit_code == 0
    assert "calibration.json is damaged: weights_sha256: it is missing" in damaged.stderr

    (folder / "calibration.json").write_text("mine")
    for option in [], ["--remove"]:
        assert "was not made by digit-tui" in run(*COMMAND, str(folder), *option).stderr
    (folder / "calibration.json").write_text('{"step": 1}')
    assert run("runs", "rm", str(folder), "--yes").exit_code == 0
    assert not folder.exists()


@pytest.mark.long
def test_held_out_digits_of_the_run_need_no_copies(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run(*SMALL, "--validation", "500", "--run", str(folder))
    result = run(*COMMAND, str(folder))
    assert (result.exit_code, result.stderr) == (0, "")
    assert "500 validation digits" in result.stdout
    saved = read_calibration(folder)
    assert saved is not None
    network = SavedRun.read(folder).checkpoint().network
    dataset = hold_out(load_dataset("sample"), 500)
    images, labels = dataset.split("validation")
    assert saved.temperature == fit_temperature(evaluate(network, images, labels))
    scores = NoveltyScorer(network, dataset.train_images).score(images)
    assert saved.novelty_threshold == pytest.approx(threshold_of(scores), rel=1e-4)
    assert (saved.folds, saved.held_out) == (0, 500)


def test_ctrl_c_leaves_no_trace(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir()}

    class Interrupted:
        def __init__(self, trainer: Any) -> None:
            self._trainer = trainer

        def run(self) -> Iterator[Any]:
            for event in self._trainer.run():
                yield event
                if isinstance(event, RunStarted):
                    os.kill(os.getpid(), signal.SIGINT)

    def interrupted(*arguments: Any) -> Interrupted:
        return Interrupted(fold_trainer(*arguments))

    monkeypatch.setattr(calibrate_module, "fold_trainer", interrupted)
    result = run(*COMMAND, str(folder), "--folds", "3")
    assert (result.exit_code, result.stdout) == (130, "")
    assert "fold 2" not in result.stderr
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_what_cannot_be_calibrated_is_refused(tmp_path: Path) -> None:
    result = run(*COMMAND, str(tmp_path))
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.count("\n") == 1
    assert run(*COMMAND, str(tmp_path), "--folds", str(PARTS + 1)).exit_code == 2
    (option,) = (each for each in subcommands.calibrate.params if each.name == "folds")
    assert option.type.max == PARTS  # type: ignore[attr-defined]


def test_a_copy_repeats_the_commands_at_the_same_epochs(folder: Path) -> None:
    """4,000 images in batches of 10 are 400 steps an epoch; 3,200 are 320."""
    checkpoint = SavedRun.read(folder).checkpoint()
    lineage = (
        AppliedCommand(200, SetLearningRate(0.2)),
        AppliedCommand(400, SetBatchSize(20)),
        AppliedCommand(600, AddEpochs(1)),
    )
    config = checkpoint.config.with_(batch_size=10)
    state = replace(checkpoint.state, lineage=lineage, step=700, epoch=2, cursor=2_000)
    steps = copied_commands(replace(checkpoint, config=config, state=state), 4_000, 3_200)
    assert steps == [
        (160, SetLearningRate(0.2)),
        (320, SetBatchSize(20)),
        (480, AddEpochs(1)),
        (560, Stop()),
    ]


def test_a_copy_is_trained_as_the_run_was(folder: Path) -> None:
    """Also beyond the epochs of its config, and it keeps nothing."""
    checkpoint = SavedRun.read(folder).checkpoint()
    per_epoch = ceil(4_000 / checkpoint.config.batch_size)
    lineage = (AppliedCommand(2 * per_epoch, AddEpochs(1)),)
    state = replace(checkpoint.state, lineage=lineage, step=3 * per_epoch, epoch=3, cursor=0)
    trainer = fold_trainer(
        replace(checkpoint, state=state), folder, fold(load_dataset("sample"), PARTS - 1), Mailbox()
    )
    events = list(trainer.run())
    ended = events[-1]
    assert isinstance(ended, RunEnded)
    assert (ended.epochs, ended.validation_total, ended.run) == (3, 800, None)
    evaluated = [each for each in events if isinstance(each, Evaluated)]
    assert evaluated[-1].split == "validation"
    assert evaluated[-1].step == ended.steps


@pytest.mark.long
def test_a_copy_is_taught_the_drawings_of_the_run(
    keep_drawings: KeepDrawings, teach_8: Teach, tmp_path: Path
) -> None:
    """Whatever the person has drawn or deleted since; without them nothing is fitted."""
    fork = ("--fork-at", "5", "--fork", "teach=mine")
    assert run(*SMALL, "--run", str(tmp_path / "run"), *fork).exit_code == 0
    folder = tmp_path / "run-fork-5"
    keep_drawings(drawings_of(seed=8))
    checkpoint = SavedRun.read(folder).checkpoint()
    trainer = fold_trainer(checkpoint, folder, fold(load_dataset("sample"), 0), Mailbox())
    (change,) = (each for each in trainer.run() if isinstance(each, SettingChanged))
    assert change.new == ((teach_8.drawings, 8),)
    (folder / drawings_name(teach_8.drawings)).unlink()
    result = run(*COMMAND, str(folder))
    assert (result.exit_code, result.stdout) == (3, "")
    assert "is missing: the run cannot be repeated without" in result.stderr
    assert not (folder / CALIBRATION).exists()
