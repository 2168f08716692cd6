"""The checkpoints of a run: the latest, the one before, the best, and those of another run."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.checkpoints import damage
from support.command_script import CommandScript

from digit_tui.run.commands import (
    Save,
    Stop,
)
from digit_tui.run.events import CheckpointSaved, EpochEnded, Restored
from digit_tui.storage.checkpoint import read_checkpoint
from digit_tui.storage.errors import RunError
from digit_tui.storage.run_files import CHECKPOINT, CHECKPOINTS, PREVIOUS
from digit_tui.storage.saved_run import SavedRun
from digit_tui.storage.start_point import StartPoint
from digit_tui.training.run_request import resume_request

pytestmark = pytest.mark.usefixtures("saved_when_asked")


def saved_at(step: int) -> Callable[[Any], bool]:
    return lambda event: isinstance(event, CheckpointSaved) and event.step == step


@pytest.fixture
def run(kill: Any, tmp_path: Path) -> Path:
    """A run that was saved at steps 3 and 11, where nobody had looked at the test set."""
    kill(saved_at(11), [(3, Save()), (11, Save()), (12, Stop())], folder=tmp_path / "run")
    return tmp_path / "run"


def test_the_one_before_is_kept(run: Path) -> None:
    found = list(SavedRun.read(run).checkpoints())
    assert [checkpoint.state.step for checkpoint in found] == [11, 3]
    assert not (run / "best.npz").exists()


@pytest.mark.parametrize("part", [0, 0.5, 0.99, None], ids=["empty", "half", "cut", "flipped"])
def test_instead_of_a_damaged_checkpoint_the_one_before_is_used(
    part: float | None, run: Path, train: Any, go_on: Any
) -> None:
    path = run / "checkpoint.npz"
    if part is None:
        damage(path)
    else:
        path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    complaint = f"{path} is damaged: its checksum is wrong"

    saved = SavedRun.read(run)
    assert saved.checkpoint().state.step == 3
    assert saved.complaints == [complaint]

    start_point = StartPoint.for_resume(SavedRun.read(run))
    assert start_point.state is not None
    assert start_point.state.step == 3
    assert start_point.complaints == [complaint]

    resumed = go_on(run)
    (restored,) = resumed.all(Restored)
    assert (restored.step, restored.complaints) == (3, [complaint])
    assert resumed.sha256 == train().sha256


def test_a_checkpoint_that_is_missing_is_no_complaint(run: Path, train: Any, go_on: Any) -> None:
    (run / "checkpoint.npz").unlink()  # as a crash between two renames leaves it
    resumed = go_on(run)
    (restored,) = resumed.all(Restored)
    assert (restored.step, restored.complaints) == (3, [])
    assert resumed.sha256 == train().sha256


def test_without_any_checkpoint_all_is_learned_again(run: Path, train: Any, go_on: Any) -> None:
    for name in ("checkpoint.npz", "previous.npz"):
        damage(run / name)
    saved = SavedRun.read(run)
    with pytest.raises(RunError, match=r"checkpoint\.npz is damaged"):
        saved.checkpoint()
    named = [f"{run / name} is damaged: its checksum is wrong" for name in CHECKPOINTS[:2]]
    assert saved.complaints == named

    resumed = go_on(run)
    (restored,) = resumed.all(Restored)
    assert (restored.step, restored.epochs) == (0, [])
    first, second, last = restored.complaints
    assert "checkpoint.npz is damaged" in first
    assert "previous.npz is damaged" in second
    assert "repeated from its beginning" in last
    assert resumed.sha256 == train().sha256


def test_the_best_checkpoint_is_better_than_none(train: Any, go_on: Any, tmp_path: Path) -> None:
    train([(3, Save()), (8, Stop())], folder=tmp_path)
    for name in ("checkpoint.npz", "previous.npz"):
        damage(tmp_path / name)
    resumed = go_on(tmp_path)
    assert resumed.all(Restored)[0].step == 8
    assert resumed.sha256 == train().sha256


def test_a_disk_that_damages_what_two_names_share_is_told_of_both(
    train: Any, go_on: Any, tmp_path: Path
) -> None:
    train([(3, Save()), (8, Stop())], folder=tmp_path)
    if (tmp_path / "checkpoint.npz").stat().st_nlink != 2:
        pytest.skip("a file system without links")
    with open(tmp_path / "checkpoint.npz", "r+b") as file:
        file.seek(1_000)
        file.write(b"?")
    resumed = go_on(tmp_path)
    assert [line.split()[0] for line in resumed.all(Restored)[0].complaints] == [
        str(tmp_path / name) for name in ("checkpoint.npz", "best.npz")
    ]
    assert resumed.sha256 == train().sha256


UNSTEADY = {
    **{"optimizer": "momentum", "learning_rate": 0.4, "epochs": 4},
    **{"schedule": "constant", "average": False, "seed": 2},
}
"""A rate so high that the last epoch is not the best."""


@pytest.mark.usefixtures("saved_each_epoch")
def test_the_best_of_the_saved_epochs_is_kept(train: Any, tmp_path: Path) -> None:
    ran = train(folder=tmp_path, **UNSTEADY)
    reached = {event.epoch: event.test_accuracy for event in ran.all(EpochEnded)}
    best = max(reached, key=lambda epoch: (reached[epoch], epoch))
    assert 1 < best < 4
    checkpoint = SavedRun.read(tmp_path).checkpoint(best=True)
    assert checkpoint.state.epoch == best
    assert checkpoint.accuracy == checkpoint.best_accuracy == reached[best]
    last = SavedRun.read(tmp_path).checkpoint()
    assert (last.state.epoch, last.accuracy) == (4, reached[4])
    assert last.best_accuracy == reached[best]


@pytest.mark.usefixtures("saved_each_epoch")
@pytest.mark.parametrize("epoch", range(1, 4))
def test_the_best_is_remembered_by_a_run_that_goes_on(
    epoch: int, train: Any, go_on: Any, tmp_path: Path
) -> None:
    reached = [event.test_accuracy for event in train(**UNSTEADY).all(EpochEnded)]
    stopped = train([(8 * epoch + 1, Stop())], folder=tmp_path, **UNSTEADY)
    go_on(tmp_path)
    reached.append(stopped.ended.test_accuracy)  # somebody looked there too
    assert SavedRun.read(tmp_path).checkpoint(best=True).accuracy == max(reached)


@pytest.mark.parametrize(
    ("options", "difference"),
    [
        ({"seed": 7}, "seed 0, not 7"),
        ({"hidden": (9,)}, r"hidden \(8,\), not \(9,\)"),
        ({"learning_rate": 0.5, "average": False}, "learning_rate 0.01, not 0.5, average True, "),
    ],
    ids=str,
)
def test_a_checkpoint_with_another_config_is_refused(
    options: dict[str, Any], difference: str, run: Path, train: Any, tmp_path: Path
) -> None:
    train([(3, Stop())], folder=tmp_path / "other", **options)
    shutil.copy(tmp_path / "other" / "checkpoint.npz", run)
    for use in (SavedRun.checkpoint, StartPoint.for_resume):
        with pytest.raises(RunError, match=rf"checkpoint\.npz .* run\.json: {difference}"):
            use(SavedRun.read(run))
    shutil.copy(tmp_path / "other" / "checkpoint.npz", run / "best.npz")
    with pytest.raises(RunError, match=rf"best\.npz .* run\.json: {difference}"):
        SavedRun.read(run).checkpoint(best=True)


def test_a_record_with_another_config_is_refused(run: Path) -> None:
    record = json.loads((run / "run.json").read_text())
    record["config"]["side"] = 7
    (run / "run.json").write_text(json.dumps(record))
    with pytest.raises(RunError, match="side 7, not 6"):
        SavedRun.read(run).checkpoint()


def test_a_checkpoint_of_other_digits_is_refused(
    run: Path, train: Any, make_digits: Any, tmp_path: Path
) -> None:
    train([(3, Stop())], folder=tmp_path / "other", dataset=make_digits(seed=1))
    shutil.copy(tmp_path / "other" / "checkpoint.npz", run)
    for use in (SavedRun.checkpoint, StartPoint.for_resume):
        with pytest.raises(RunError, match=r"checkpoint\.npz .* run\.json: sha256: \w{12}"):
            use(SavedRun.read(run))


@pytest.mark.parametrize(
    ("options", "difference"),
    [
        ({"seed": 1}, r"sha256: \w{12}, not \w{12}"),
        ({"train": 231}, "training images: 231, not 230"),
        ({"test": 61}, "test images: 61, not 60"),
        ({"classes": 5}, "classes: 5, not 4"),
        ({"side": 7}, "side: 7, not 6"),
    ],
    ids=str,
)
def test_other_digits_are_refused(
    options: dict[str, Any], difference: str, run: Path, make_digits: Any
) -> None:
    saved = SavedRun.read(run)
    told = re.escape(f"nowhere is not the dataset that {run} ")
    with pytest.raises(RunError, match=rf"{told}.*\({difference}\)"):
        saved.check_dataset(make_digits(**options))


def test_the_same_digits_may_have_another_name(
    run: Path, train: Any, go_on: Any, digits: Any
) -> None:
    moved = replace(digits, name="moved", source="elsewhere")
    SavedRun.read(run).check_dataset(moved)
    go_on(run, [(13, Stop())], dataset=moved)
    assert SavedRun.read(run).checkpoint().data["name"] == "moved"
    assert go_on(run).sha256 == train().sha256  # in their first place again


def test_a_damaged_checkpoint_does_not_take_the_place_of_a_good_one(
    train: Any, digits: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    train([(3, Save()), (5, Save()), (5, Stop())], folder=folder)
    (folder / CHECKPOINT).write_bytes(b"damaged")
    good = (folder / PREVIOUS).read_bytes()
    for number, step in ((1, 7), (2, 9)):
        events = (
            resume_request(folder)
            .trainer(digits, CommandScript([(step, Save())]), interactive=False)
            .run()
        )
        while not isinstance(next(events), CheckpointSaved):
            pass
        events.close()
        assert read_checkpoint(folder / CHECKPOINT).state.step == step
        # With the next one, both are good.
        assert ((folder / PREVIOUS).read_bytes() == good) == (number == 1)
        assert read_checkpoint(folder / PREVIOUS).state.step == (3 if number == 1 else 7)


def test_what_is_saved_twice_keeps_the_one_before(train: Any, go_on: Any, tmp_path: Path) -> None:
    """Also when it is resumed and left where it was."""
    train([(3, Save()), (5, Save()), (5, Save()), (5, Stop())], folder=tmp_path)
    go_on(tmp_path, [(5, Stop())])
    steps = [read_checkpoint(tmp_path / name).state.step for name in (PREVIOUS, CHECKPOINT)]
    assert steps == [3, 5]
