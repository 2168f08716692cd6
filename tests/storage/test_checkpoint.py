"""Checkpoints: written, read, and refused when damaged."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.checkpoints import archive, signed
from support.rarely import endurance, rarely

from digit_tui.config import OPTIMIZERS
from digit_tui.nn import RULES
from digit_tui.run.commands import (
    ScaleLearningRate,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    Stop,
)
from digit_tui.run.events import Restored
from digit_tui.run.state import RunState
from digit_tui.storage.checkpoint import read_checkpoint
from digit_tui.storage.errors import RunError

pytestmark = pytest.mark.usefixtures("saved_when_asked")


def arrays_of(content: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return dict(file)


def assert_same_state(one: RunState, other: RunState) -> None:
    assert one.weights_sha256 == other.weights_sha256
    np.testing.assert_array_equal(one.parameters, other.parameters)
    assert (one.average is None) == (other.average is None)
    assert one.settings == other.settings
    assert (one.step, one.slot_steps) == (other.step, other.slot_steps)
    assert one.scalars == other.scalars
    assert (one.epoch, one.cursor) == (other.epoch, other.cursor)
    assert vars(one.tally) == vars(other.tally)
    assert one.lineage == other.lineage


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
    assert len(state.scalars) == len(RULES[optimizer].scalars)
    measured = state.average if average else state.parameters
    if RULES[optimizer].evaluated is not None:
        measured = state.slots[RULES[optimizer].evaluated]
    np.testing.assert_array_equal(checkpoint.network.parameters, measured)


@pytest.mark.parametrize("average", [True, *rarely(False)])
@pytest.mark.parametrize("optimizer", ["adamw", "schedulefree", "prodigy", *endurance(*OPTIMIZERS)])
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


def test_a_checkpoint_that_is_a_folder_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=re.escape(str(tmp_path))):
        read_checkpoint(tmp_path)
