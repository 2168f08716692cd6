"""Runs that are distilled from a teacher: a state like any other."""

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
from support.rarely import rarely
from support.runs import Ran, Train
from support.workers import needs_workers

from digit_tui.config import ConfigError, RunConfig
from digit_tui.data import DataError, Dataset
from digit_tui.engine.batches import BLOCK
from digit_tui.engine.holdout import fold
from digit_tui.nn import GradientPass, Network, SoftTargets, teacher_outputs
from digit_tui.nn.network import parameter_count
from digit_tui.run.commands import (
    Command,
    Fork,
    SetAugmentation,
    SetBatchSize,
    SetLearningRate,
    Stop,
    Undo,
)
from digit_tui.run.events import RunStarted
from digit_tui.run.teacher import Teacher, TeacherMember
from digit_tui.storage.errors import RunError
from digit_tui.storage.run_writer import RunWriter
from digit_tui.storage.saved_run import SavedRun
from digit_tui.storage.start_point import StartPoint
from digit_tui.training.command_source import Mailbox
from digit_tui.training.fold_copy import fold_trainer
from digit_tui.training.run_request import replay_request, resume_request
from digit_tui.training.trainer import Trainer


def member(name: str, *hidden: int, pixels: int = 36, temperature: float | None = None) -> Any:
    sizes = (pixels, *hidden, 4)
    generator = np.random.default_rng(len(hidden))
    parameters = generator.normal(0, 0.3, parameter_count(sizes)).astype(np.float32)
    return TeacherMember(name, Network(sizes, parameters), temperature)


TEACHER = Teacher((member("one", 7), member("two", 5, 6, temperature=1.5)))
MIXED = [(2, SetAugmentation("none")), (5, SetBatchSize(50)), (9, SetAugmentation("affine"))]
"""The teacher sees the images as they are, and deformed."""

Begin = Callable[..., Ran]


@pytest.fixture
def begin(digits: Dataset, config: RunConfig) -> Begin:
    def run(
        folder: Path | None = None,
        script: Iterable[tuple[int, Command]] = (),
        teacher: Teacher | None = TEACHER,
        interactive: bool = False,
        processes: int | None = None,
        **options: Any,
    ) -> Ran:
        writer = None if folder is None else RunWriter(folder)
        changed, start = config.with_(**options), StartPoint(teacher=teacher)
        source = CommandScript(script)
        trainer = Trainer(changed, digits, source, writer, interactive, start, processes)
        return Ran(trainer, list(trainer.run()))

    return run


def replayed(folder: Path, digits: Dataset, again: Path) -> str:
    trainer = replay_request(folder, again).trainer(digits, CommandScript(()), interactive=False)
    return Ran(trainer, list(trainer.run())).sha256


@pytest.mark.parametrize("augment", ["none", "shift"])
def test_without_weight_the_bits_are_those_of_the_labels_alone(
    augment: str, begin: Begin, train: Train
) -> None:
    plain = train(augment=augment).sha256
    assert begin(teacher=Teacher(TEACHER.members, 4, 0), augment=augment).sha256 == plain
    taught = begin(augment=augment).sha256
    assert taught != plain
    assert begin(teacher=Teacher(TEACHER.members[:1]), augment=augment).sha256 != taught
    assert begin(teacher=Teacher(TEACHER.members, 3), augment=augment).sha256 != taught


def test_it_is_repeated_and_resumed_when_the_teacher_is_gone(
    begin: Begin, digits: Dataset, tmp_path: Path
) -> None:
    ran = begin(tmp_path / "run", MIXED)
    assert replayed(tmp_path / "run", digits, tmp_path / "again") == ran.sha256
    shutil.rmtree(tmp_path / "run")  # the copy has all that it needs
    folder = tmp_path / "again"
    for name in ("checkpoint", "previous", "best"):
        (folder / f"{name}.npz").unlink(missing_ok=True)
    trainer = resume_request(folder).trainer(digits, CommandScript(()), False)
    assert Ran(trainer, list(trainer.run())).sha256 == ran.sha256
    found = SavedRun.read(folder).teacher()
    assert found is not None
    assert (found.temperature, found.weight) == (TEACHER.temperature, TEACHER.weight)
    assert found.about == TEACHER.about
    for one, other in zip(found.members, TEACHER.members, strict=True):
        assert one.temperature == other.temperature
        assert one.network.parameters.tobytes() == other.network.parameters.tobytes()


def test_it_goes_on_from_a_checkpoint_as_if_it_had_not_stopped(
    begin: Begin, digits: Dataset, tmp_path: Path
) -> None:
    whole = begin(script=MIXED)
    begin(tmp_path / "run", [*MIXED, (11, Stop())])
    trainer = resume_request(tmp_path / "run").trainer(digits, CommandScript(()), False)
    assert Ran(trainer, list(trainer.run())).sha256 == whole.sha256


@needs_workers
@pytest.mark.parametrize("script", [[], *rarely(MIXED)], ids=["deformed", "mixed"])
def test_its_bits_do_not_depend_on_the_number_of_processes(script: list[Any], begin: Begin) -> None:
    sums = {begin(script=script, threads=2, processes=each).sha256 for each in (1, 2)}
    assert len(sums) == 1


def test_undo_goes_back_to_the_same_bits(begin: Begin) -> None:
    script = [(7, SetLearningRate(0.5)), (9, Undo()), (16, Stop())]
    assert begin(script=script, interactive=True).sha256 == begin().sha256


def test_a_fork_has_the_teacher_in_its_own_folder(
    begin: Begin, digits: Dataset, tmp_path: Path
) -> None:
    changes = (SetAugmentation("none"),)
    begin(tmp_path / "run", [(5, Fork(changes, str(tmp_path / "fork")))])
    shutil.rmtree(tmp_path / "run")
    saved = SavedRun.read(tmp_path / "fork")
    results = saved.record["results"]
    assert replayed(tmp_path / "fork", digits, tmp_path / "again") == results["weights_sha256"]


def test_the_first_event_names_it(begin: Begin) -> None:
    (started,) = begin().all(RunStarted)
    assert started.teacher == {"runs": ["one", "two"], "temperature": 2.0, "weight": 0.5}


def test_the_teacher_sees_the_deformed_images_also_across_blocks(
    make_digits: Callable[..., Dataset], config: RunConfig
) -> None:
    digits = make_digits(train=BLOCK + 500)
    images = len(digits.train_labels)
    teacher = Teacher(TEACHER.members, 2.0, 1.0)
    options = {"epochs": 1, "batch_size": images, "optimizer": "sgd", "learning_rate": 1.0}
    changed = config.with_(**options, schedule="constant", average=False, augment="affine")
    trainer = Trainer(changed, digits, CommandScript(()), start_point=StartPoint(teacher=teacher))
    before = trainer.state.parameters.copy()
    batches = trainer._pool._batches
    seen = []
    for block in (0, 1):
        batches.deform(0, block, "affine", 0, 1)
        seen.append(batches.deformed(0, min(BLOCK, images - block * BLOCK), slice(36)).copy())
    deformed = np.concatenate(seen)
    said = np.empty((images, 4), np.float32)
    members = [(each.network, 2.0 * (each.temperature or 1)) for each in teacher.members]
    teacher_outputs(members, deformed, said)
    own = GradientPass(Network((36, 8, 4), before), images)
    inputs = deformed.astype(np.float32) / 255
    own.run(inputs, batches.labels(0, 0, images), SoftTargets(said, 2.0, 1.0))
    list(trainer.run())
    step = before - trainer.state.parameters
    np.testing.assert_allclose(step, own.gradient, rtol=1e-3, atol=1e-6)


def test_copies_that_are_calibrated_have_it(begin: Begin, digits: Dataset, tmp_path: Path) -> None:
    begin(tmp_path / "run")
    checkpoint = SavedRun.read(tmp_path / "run").checkpoint()
    trainer = fold_trainer(checkpoint, tmp_path / "run", fold(digits, 0), Mailbox())
    (started,) = [event for event in trainer.run() if isinstance(event, RunStarted)]
    assert started.teacher == TEACHER.about


@pytest.mark.parametrize("how", ["missing", *rarely("cut", "flipped", "longer")])
def test_without_it_the_run_is_not_repeated(how: str, begin: Begin, tmp_path: Path) -> None:
    begin(tmp_path / "run")
    break_file(tmp_path / "run" / "teacher.npz", how)
    saved = SavedRun.read(tmp_path / "run")
    for start in (StartPoint.for_resume, StartPoint.for_replay, StartPoint.for_full_replay):
        with pytest.raises(RunError, match=r"teacher\.npz (is missing|has changed|is damaged)"):
            start(saved)
    assert saved.checkpoint().state.step == 16  # what only reads the network still works


@pytest.mark.parametrize("sizes", [[], *rarely([36], [25, 7, 4], [36, 7, 5], [36, 6, 4])])
def test_a_record_of_other_networks_is_refused(
    sizes: list[int], begin: Begin, tmp_path: Path
) -> None:
    begin(tmp_path / "run", [(1, Stop())])
    path = tmp_path / "run" / "run.json"
    record = json.loads(path.read_text())
    record["teacher"]["members"][0]["sizes"] = sizes
    path.write_text(json.dumps(record))
    with pytest.raises(RunError, match="is damaged"):
        SavedRun.read(tmp_path / "run").teacher()


def test_a_file_in_its_place_is_kept(begin: Begin, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "teacher.npz").write_text("mine")
    with pytest.raises(RunError):
        begin(tmp_path / "run")
    assert (tmp_path / "run" / "teacher.npz").read_text() == "mine"


def test_what_is_no_teacher(digits: Dataset) -> None:
    for members, words in (
        ((), "1 to 26 networks, not 0"),
        ((member("one", 3), member("two", 3, pixels=25)), "two reads other images than one"),
    ):
        with pytest.raises(DataError, match=words):
            Teacher(members)
    for numbers in ((0, 0.5), (-1, 0.5), (np.nan, 0.5), (101, 0.5), (4, -0.1), (4, 1.1)):
        with pytest.raises(ConfigError):
            Teacher((member("one", 3),), *numbers)
    with pytest.raises(DataError, match="5 pixels a side, and those of the run have 6"):
        Teacher((member("one", 3, pixels=25),)).check(digits)
    broken = member("broken", 3)
    broken.network.parameters[:] = 1e30  # numbers, whose sums are none
    with pytest.raises(DataError, match="broken has diverged"):
        Teacher((broken,)).check(digits)
