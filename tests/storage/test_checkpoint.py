"""Checkpoint files: read as they were written, or refused by name."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digit_tui.config import OPTIMIZERS
from digit_tui.nn import RULES
from digit_tui.run.commands import (
    Save,
    ScaleLearningRate,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    Stop,
)
from digit_tui.run.events import CheckpointSaved, EpochEnded, Restored
from digit_tui.run.state import RunState
from digit_tui.storage.checkpoint import read_checkpoint
from digit_tui.storage.errors import RunError
from digit_tui.storage.run_files import CHECKPOINT, CHECKPOINTS, PREVIOUS
from digit_tui.storage.saved_run import SavedRun
from digit_tui.storage.start_point import StartPoint
from digit_tui.training.command_source import CommandScript
from digit_tui.training.run_request import resume_request

pytestmark = pytest.mark.usefixtures("saved_when_asked")


def replace_file(path: Path, content: bytes | memoryview) -> None:
    """Write a file of its own: best.npz may be another name of checkpoint.npz."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    replace_file(path, content)


def arrays_of(content: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return dict(file)


def archive(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def signed(content: bytes) -> bytes:
    """An archive with the mark of a checkpoint, as somebody else might make it."""
    mark = b"digit-tui sha256 "
    without = content[:-2] + struct.pack("<H", len(mark) + 64)
    return without + mark + hashlib.sha256(without).hexdigest().encode()


def assert_same_state(one: RunState, other: RunState) -> None:
    assert one.weights_sha256 == other.weights_sha256
    np.testing.assert_array_equal(one.parameters, other.parameters)
    assert (one.average is None) == (other.average is None)
    assert one.settings == other.settings
    assert (one.step, one.slot_steps) == (other.step, other.slot_steps)
    assert (one.epoch, one.cursor) == (other.epoch, other.cursor)
    assert vars(one.tally) == vars(other.tally)
    assert one.lineage == other.lineage


# As it was written


@pytest.mark.parametrize("average", [True, False])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_checkpoint_is_read_as_it_was_written(
    optimizer: str, average: bool, train: Any, tmp_path: Path
) -> None:
    ran = train([(11, Stop())], folder=tmp_path, optimizer=optimizer, average=average)
    state = ran.trainer.state
    checkpoint = read_checkpoint(tmp_path / "checkpoint.npz")
    assert_same_state(checkpoint.state, state)
    assert (checkpoint.state.epoch, checkpoint.state.cursor) == (1, 96)  # mid-epoch
    assert checkpoint.state.slots.shape == (RULES[optimizer].slots, len(state.parameters))
    np.testing.assert_array_equal(checkpoint.state.slots, state.slots)
    assert checkpoint.config.to_json() == ran.trainer._config.to_json()
    assert checkpoint.data == ran.events[0].data
    assert checkpoint.sizes == (36, 8, 4)
    assert checkpoint.accuracy == checkpoint.best_accuracy == ran.ended.test_accuracy
    measured = state.average if average else state.parameters
    np.testing.assert_array_equal(checkpoint.network.parameters, measured)


@pytest.mark.parametrize("average", [True, False])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_run_goes_on_as_if_it_had_not_stopped(
    optimizer: str, average: bool, train: Any, go_on: Any, tmp_path: Path
) -> None:
    options = {"optimizer": optimizer, "average": average, "clip_norm": 0.5}
    for step in (3, 8, 11):  # within an epoch, and between two
        folder = tmp_path / f"{step}"
        stopped = train([(step, Stop())], folder=folder, **options)
        assert stopped.ended.steps == step
        resumed = go_on(folder)
        assert resumed.all(Restored)[0].step == step
        assert resumed.sha256 == train(**options).sha256


def test_slots_that_are_fresh_take_no_room_and_are_fresh_again(
    train: Any, go_on: Any, tmp_path: Path
) -> None:
    script = [(5, SetOptimizer("rmsprop"))]
    whole = train(script)
    train([*script, (5, Stop())], folder=tmp_path)
    state = read_checkpoint(tmp_path / "checkpoint.npz").state
    assert (state.settings.optimizer, state.slot_steps) == ("rmsprop", 0)
    assert state.vectors.slots.shape == (0, 332)
    resumed = go_on(tmp_path)
    assert resumed.trainer.state.slot_steps == 11
    assert resumed.sha256 == whole.sha256


def test_the_commands_that_steered_a_run_come_with_it(
    train: Any, go_on: Any, tmp_path: Path
) -> None:
    script = [(2, ScaleLearningRate(0.1)), (3, SetClipping(norm=0.3)), (9, SetLearningRate(0.02))]
    train([*script[:2], (5, Stop())], folder=tmp_path)
    state = read_checkpoint(tmp_path / "checkpoint.npz").state
    assert [tuple(applied) for applied in state.lineage] == script[:2]
    assert state.settings.learning_rate == 0.001
    assert go_on(tmp_path, script[2:]).sha256 == train(script).sha256


def test_a_checkpoint_is_the_same_bytes_each_time(train: Any, tmp_path: Path) -> None:
    train([(3, Stop())], folder=tmp_path)
    checkpoint = read_checkpoint(tmp_path / "checkpoint.npz")
    assert bytes(checkpoint.to_bytes()) == (tmp_path / "checkpoint.npz").read_bytes()


def test_a_checkpoint_is_an_archive_for_other_programs_too(train: Any, tmp_path: Path) -> None:
    ran = train([(3, Stop())], folder=tmp_path)
    with np.load(tmp_path / "checkpoint.npz", allow_pickle=False) as file:
        np.testing.assert_array_equal(file["parameters"], ran.trainer.state.parameters)
        assert file["average"].dtype == file["slots"].dtype == np.float32
        about = json.loads(
            file["about"].tobytes(), parse_constant=lambda word: pytest.fail(f"{word} is no JSON")
        )
    assert about["step"] == 3


def test_the_weights_sum_covers_the_average(train: Any) -> None:
    state = train([(3, Stop())]).trainer.state
    before = state.weights_sha256
    for vector in (state.parameters, state.average):
        vector[7] += 1
        assert state.weights_sha256 != before
        vector[7] -= 1
    assert train([(3, Stop())], average=False).sha256 != before


# Damage


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, train: Any) -> bytes:
    """The content of a small checkpoint: 3 KB."""
    folder = tmp_path_factory.mktemp("small")
    train([(3, Stop())], folder=folder, hidden=(1,))
    return (folder / "checkpoint.npz").read_bytes()


@pytest.fixture
def refused(tmp_path: Path) -> Callable[[bytes], str]:
    """Why a content is no checkpoint; fails if it is taken for one."""
    path = tmp_path / "some.npz"

    def reason(content: bytes) -> str:
        path.write_bytes(content)
        with pytest.raises(RunError) as caught:
            read_checkpoint(path)
        text = str(caught.value)
        assert text.startswith(f"{path} is ")
        assert len(text.splitlines()) == 1
        return text.removeprefix(f"{path} is ")

    return reason


def test_a_file_that_was_cut_anywhere_is_refused(small: bytes, refused: Any) -> None:
    for percent in range(100):
        assert refused(small[: len(small) * percent // 100]).startswith("damaged")
    for length in range(len(small) - 100, len(small)):  # each byte of the mark
        assert refused(small[:length]).startswith("damaged")


def test_a_thousand_flipped_bits_are_each_noticed(small: bytes, refused: Any) -> None:
    generator = np.random.default_rng(0)
    for place in generator.choice(8 * len(small), 1_000, replace=False).tolist():
        flipped = bytearray(small)
        flipped[place // 8] ^= 1 << place % 8
        assert refused(bytes(flipped)).startswith("damaged")


def test_bytes_too_many_are_noticed(small: bytes, refused: Any) -> None:
    for more in (b"\0", b"\n", b"more", small):
        assert refused(small + more).startswith("damaged")
        assert refused(more + small).startswith("damaged")


@pytest.mark.parametrize(
    "content",
    [b"", b"not weights", b"\x93NUMPY\x01\x00", b"PK\x03\x04", bytes(1000)],
    ids=["empty", "text", "npy", "zip", "zeros"],
)
def test_what_is_no_checkpoint_is_refused(content: bytes, refused: Any) -> None:
    assert refused(content).startswith("damaged")


def test_an_archive_without_the_mark_is_refused(small: bytes, refused: Any) -> None:
    arrays = arrays_of(small)
    assert refused(archive(**arrays)).startswith("damaged")
    assert refused(archive(parameters=arrays["parameters"])).startswith("damaged")


@pytest.mark.parametrize("name", ["about", "parameters", "slots"])
def test_pickles_are_never_read(name: str, small: bytes, refused: Any) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (pytest.fail, ("a pickle was executed",))

    arrays = arrays_of(small) | {name: np.array([Trap()], dtype=object)}
    # Its sum is right, so that it is read as far as the arrays.
    assert refused(signed(archive(**arrays))).startswith("no checkpoint of this program")


@pytest.mark.parametrize(
    "about",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"null",
        b"{}",
        b'{"schema": 3}',
        b'{"schema": 2}',
        b'{"schema": 2, "settings": {}}',
    ],
    ids=repr,
)
def test_what_another_program_signed_is_refused(
    about: bytes, small: bytes, refused: Any, tmp_path: Path
) -> None:
    arrays = arrays_of(small)
    (tmp_path / "whole.npz").write_bytes(signed(archive(**arrays)))
    assert read_checkpoint(tmp_path / "whole.npz").state.step == 3  # nothing else is wrong
    arrays["about"] = np.frombuffer(about, np.uint8)
    assert refused(signed(archive(**arrays))).startswith("no checkpoint of this program")
    del arrays["about"]
    assert refused(signed(archive(**arrays))).startswith("no checkpoint of this program")


@pytest.mark.parametrize("key", ["config", "settings", "tally", "course", "sizes", "step", "data"])
def test_no_part_of_what_is_told_may_be_missing(key: str, small: bytes, refused: Any) -> None:
    arrays = arrays_of(small)
    about = json.loads(arrays["about"].tobytes())
    del about[key]
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    assert refused(signed(archive(**arrays))).startswith("no checkpoint of this program")


def test_a_checkpoint_that_is_a_folder_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=re.escape(str(tmp_path))):
        read_checkpoint(tmp_path)


# Another one in its place


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


# Of another run


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
    for number in (1, 2):
        events = (
            resume_request(folder)
            .trainer(digits, CommandScript([(7, Save())]), interactive=False)
            .run()
        )
        while not isinstance(next(events), CheckpointSaved):
            pass
        events.close()
        assert read_checkpoint(folder / CHECKPOINT).state.step == 7
        # With the next one, both are good.
        assert ((folder / PREVIOUS).read_bytes() == good) == (number == 1)
        assert read_checkpoint(folder / PREVIOUS).state.step in (5, 7)
