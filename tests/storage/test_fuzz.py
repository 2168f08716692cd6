"""Runs whose files are damaged in their structure: each is used, or refused in one line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from support.checkpoints import archive, signed
from support.command_script import CommandScript
from support.fuzz import cases, mutated, mutations, try_cases

from digit_tui.cli.runs.compare import differences
from digit_tui.cli.runs.listing import summary, table
from digit_tui.cli.runs.show import description
from digit_tui.run.commands import (
    GoBack,
    Prune,
    SetBatchSize,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    SwitchOff,
)
from digit_tui.storage.calibration_file import Calibration, calibration_of, write_calibration
from digit_tui.storage.errors import RunError
from digit_tui.storage.run_files import (
    BEST,
    CALIBRATION,
    CHECKPOINT,
    JOURNAL,
    METRICS,
    PREVIOUS,
    RECORD,
)
from digit_tui.storage.run_summary import RunSummary
from digit_tui.storage.saved_run import SavedRun
from digit_tui.storage.start_point import StartPoint
from digit_tui.training.run_request import resume_request

SCRIPT = [
    (2, SetLearningRate(0.02)),
    (3, SetOptimizer("momentum", 0.05)),
    (4, SetClipping(norm=1.0)),
    (6, GoBack(3, ())),
    (9, SetBatchSize(16)),
    (10, SwitchOff(1, (2,))),
    (11, Prune(0.25)),
]


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory, train: Any) -> Path:
    """A run that was steered and taken back, with a history of predictions."""
    folder = tmp_path_factory.mktemp("valid") / "run"
    train(SCRIPT, folder=folder, interactive=False, hidden=(3,), epochs=3)
    return folder


@pytest.fixture
def folder(valid: Path, tmp_path: Path) -> Path:
    return shutil.copytree(valid, tmp_path / "run")


def use(folder: Path) -> None:
    """All that is done with a run but training it; what is refused is refused in one line."""

    def attempt(use: Callable[[], Any]) -> None:
        try:
            use()
        except RunError as error:
            message = str(error)
            assert str(folder) in message
            assert len(message) < 600 + len(str(folder))
            assert "\n" not in message

    def read() -> None:
        saved = SavedRun.read(folder)
        attempt(saved.state)
        attempt(saved.checkpoint)
        attempt(lambda: saved.checkpoint(best=True).network)
        attempt(lambda: StartPoint.for_resume(SavedRun.read(folder)))
        attempt(lambda: StartPoint.for_replay(saved))
        attempt(lambda: StartPoint.for_full_replay(saved))
        attempt(lambda: show(saved))

    def show(saved: SavedRun) -> None:
        run = RunSummary.of(saved)
        description(run, 80)
        table([run])
        json.dumps(summary(run), allow_nan=False)
        differences([run, run])

    attempt(read)


def dumped(document: Any) -> bytes:
    return json.dumps(document).encode()


PIECES = {
    "lists": b"[" * 200_000,
    "objects": b'{"a":' * 100_000,
    "zeros": b"\0" * 50,
    "a number": b"9" * 5_000,
    "no UTF-8": b"\xff",
}

Use = Callable[[], None]

raw = st.one_of(
    st.none(),
    st.none(),
    st.tuples(st.integers(0, 1 << 16), st.integers(0, 40), st.binary(max_size=8)),
    st.tuples(
        st.integers(0, 1 << 16),
        st.just(0),
        st.sampled_from(sorted(PIECES)),
    ),
)
"""Bytes that replace others, or one of PIECES that is put between them."""


def roughened(content: bytes, change: tuple[int, int, bytes | str] | None) -> bytes:
    if change is None:
        return content
    place, length, other = change
    if isinstance(other, str):
        other = PIECES[other]
    place %= len(content) + 1
    return content[:place] + other + content[place + length :]


@pytest.mark.parametrize("number", cases(60, 250, 20_000))
def test_records(number: int, folder: Path) -> None:
    record = json.loads((folder / RECORD).read_text())

    def make(case: Any) -> Use:
        changes, rough = case
        (folder / RECORD).write_bytes(roughened(dumped(mutated(record, changes)), rough))
        return partial(use, folder)

    try_cases(number, st.tuples(mutations, raw), make)


@pytest.mark.parametrize("number", cases(60, 250, 30_000))
def test_journals(number: int, folder: Path) -> None:
    lines = [json.loads(line) for line in (folder / JOURNAL).read_bytes().splitlines()]

    def make(case: Any) -> Use:
        changes, rough = case
        found = mutated({"lines": lines}, changes)
        found = found.get("lines") if isinstance(found, dict) else found
        text = b"\n".join(map(dumped, found if isinstance(found, list) else [found])) + b"\n"
        (folder / JOURNAL).write_bytes(roughened(text, rough))
        return partial(use, folder)

    try_cases(number, st.tuples(mutations, raw), make)


@pytest.mark.parametrize("number", cases(60, 250, 20_000))
def test_calibrations(number: int, tmp_path: Path) -> None:
    right = Calibration(8, "0" * 64, 20, 1, 1.25, 0.02, 0.01, 0.3, 0.25, None)
    write_calibration(tmp_path, right)
    values = json.loads((tmp_path / CALIBRATION).read_text())

    def make(case: Any) -> Use:
        changes, rough = case
        (tmp_path / CALIBRATION).write_bytes(roughened(dumped(mutated(values, changes)), rough))
        return read

    def read() -> None:
        found, complaint = calibration_of(tmp_path, "0" * 64)
        assert (found is None) == bool(complaint)
        if found is None:
            assert str(tmp_path) in complaint
            assert len(complaint) < 600 + 2 * len(str(tmp_path))
            assert "\n" not in complaint
        else:
            assert 0 < found.temperature < inf
            assert 0 <= found.ece_after <= 1
            assert json.dumps(asdict(found), allow_nan=False)

    try_cases(number, st.tuples(mutations, raw), make)


array_changes = st.one_of(
    st.none(),
    st.tuples(
        st.integers(0, 1 << 10),
        st.sampled_from(["type", "length", "shape", "missing", "values", "extra", "header"]),
        st.sampled_from(["<f8", "<i4", "|u1", "<U8", "|b1", "<c8", "<M8[s]", ">f4", "<f2", "|S3"]),
        st.integers(-3, 1_000),
    ),
)


def other_arrays(arrays: dict[str, Any], change: Any) -> dict[str, Any]:
    if change is None:
        return arrays
    place, how, kind, number = change
    name = list(arrays)[place % len(arrays)]
    array = arrays[name]
    if how == "type":
        array = np.zeros(array.shape, kind)
    elif how == "length":
        array = np.resize(array, max(array.size + number, 0))
    elif how == "shape":
        array = array.reshape(1, *array.shape)
    elif how == "values":
        array = np.full_like(array, number % 256) if array.dtype == np.uint8 else array + number
    elif how == "extra":
        return {**arrays, f"more{number}": array}
    elif how == "missing":
        return {key: value for key, value in arrays.items() if key != name}
    return {**arrays, name: array}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("number", cases(60, 250, 30_000))
def test_checkpoints(number: int, folder: Path) -> None:
    with np.load(folder / CHECKPOINT) as file:
        arrays = dict(file)
    about = json.loads(arrays.pop("about").tobytes())
    (folder / PREVIOUS).unlink(missing_ok=True)
    (folder / BEST).unlink()

    def make(case: Any) -> Use:
        changes, change, rough, resign = case
        told = np.frombuffer(dumped(mutated(about, changes) if changes else about), np.uint8)
        content = archive(**other_arrays({"about": told, **arrays}, change))
        content = signed(roughened(content, rough)) if resign else roughened(signed(content), rough)
        (folder / CHECKPOINT).write_bytes(content)
        return partial(use, folder)

    try_cases(
        number,
        st.tuples(st.one_of(st.just([]), mutations), array_changes, raw, st.booleans()),
        make,
    )


@pytest.mark.usefixtures("saved_when_asked")
@pytest.mark.parametrize("number", cases(15, 150, 2_000))
def test_what_is_not_refused_goes_on(number: int, valid: Path, tmp_path: Path, digits: Any) -> None:
    """Its numbers may be others; it ends as a run does, and what it wrote can be read again."""
    record = json.loads((valid / RECORD).read_text())
    lines = [json.loads(line) for line in (valid / JOURNAL).read_bytes().splitlines()]
    with np.load(valid / CHECKPOINT) as file:
        arrays = dict(file)
    about = json.loads(arrays.pop("about").tobytes())
    folder = tmp_path / "run"

    def make(case: Any) -> Use:
        which, changes = case
        folder.mkdir(exist_ok=True)
        for name in (BEST, PREVIOUS):
            (folder / name).unlink(missing_ok=True)
        documents = {RECORD: record, JOURNAL: lines[:-2], CHECKPOINT: about}
        documents[which] = mutated(documents[which], changes)
        (folder / RECORD).write_bytes(dumped(documents[RECORD]))
        (folder / METRICS).write_bytes(dumped(changes) if which == METRICS else b"")
        told = np.frombuffer(dumped(documents[CHECKPOINT]), np.uint8)
        (folder / CHECKPOINT).write_bytes(signed(archive(about=told, **arrays)))
        text = b"".join(dumped(line) + b"\n" for line in documents[JOURNAL])
        (folder / JOURNAL).write_bytes(text)
        return go_on

    def go_on() -> None:
        try:
            request = resume_request(folder)
            request.resume.check_dataset(digits)
            trainer = request.trainer(digits, CommandScript([]), interactive=False)
        except RunError:
            return
        if trainer.state.settings.epochs > 20:
            trainer.run().close()
            return
        for _ in trainer.run():
            pass
        assert SavedRun.read(folder).state() in ("finished", "diverged")
        RunSummary.of(SavedRun.read(folder))

    which = st.sampled_from([RECORD, JOURNAL, CHECKPOINT])
    try_cases(number, st.tuples(which, mutations), make)
