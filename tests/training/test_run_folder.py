from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from digit_tui.config import RunConfig
from digit_tui.training import run_folder as run_folder_module
from digit_tui.training.commands import Pause, Resume, Save, Stop
from digit_tui.training.events import CheckpointSaved, EpochEnded, SaveFailed
from digit_tui.training.mailbox import Script
from digit_tui.training.run_folder import RunFolder, load_run, runs_folder
from digit_tui.training.trainer import Trainer
from digit_tui.training.weights import RunError, load_network, save_weights, weights_sha256


@pytest.fixture
def saved(train: Any, tmp_path: Path) -> Path:
    folder = tmp_path / "a" / "run"
    train(folder=folder)
    return folder


def files(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize("average", [True, False])
def test_a_saved_run_is_read_as_it_was(average: bool, train: Any, tmp_path: Path) -> None:
    ran = train(folder=tmp_path / "run", average=average, clip_norm=1.5)
    assert files(tmp_path / "run") == ["run.json", "weights.npz"]
    config, network, record = load_run(tmp_path / "run")
    assert config.to_json() == {**ran.events[0].config, "hidden": (8,)}
    assert network.sizes == (36, 8, 4)
    state = ran.trainer.state
    expected = state.average if average else state.parameters
    np.testing.assert_array_equal(network.parameters, expected)
    assert network.parameters.dtype == np.float32
    assert record["state"] == "finished"
    assert record["data"] == ran.events[0].data
    assert record["versions"] == ran.events[0].versions
    results = record["results"]
    for name in ("epochs", "steps", "test_accuracy", "test_correct", "test_total"):
        assert results[name] == getattr(ran.ended, name)
    assert results["weights_sha256"] == ran.sha256
    assert ran.ended.run == str(tmp_path / "run")


def test_the_record_is_json_for_other_programs_too(saved: Path) -> None:
    text = (saved / "run.json").read_text(encoding="utf-8")
    record = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert record["schema"] == 1
    assert RunConfig.from_json(record["config"]).hidden == (8,)


def test_a_run_is_on_record_before_its_first_step(digits: Any, config: Any, tmp_path: Path) -> None:
    trainer = Trainer(config, digits, Script([]), RunFolder(tmp_path / "run"))
    events = trainer.run()
    next(events)
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (record["state"], record["results"]) == ("running", None)
    with pytest.raises(RunError, match="no weights"):
        load_run(tmp_path / "run")


def test_a_save_on_the_way_is_replaced_by_the_last_one(train: Any, tmp_path: Path) -> None:
    script = [(3, Save()), (5, Pause()), (5, Save()), (5, Resume())]
    ran = train(script, folder=tmp_path / "run")
    assert [event.step for event in ran.all(CheckpointSaved)] == [3, 5, 16]
    assert load_run(tmp_path / "run")[2]["results"]["steps"] == 16
    assert files(tmp_path / "run") == ["run.json", "weights.npz"]


def test_a_run_that_was_stopped_says_so(train: Any, tmp_path: Path) -> None:
    train([(5, Stop(reason="interrupted"))], folder=tmp_path / "run")
    _, network, record = load_run(tmp_path / "run")
    assert (record["state"], record["results"]["steps"]) == ("interrupted", 5)
    np.testing.assert_array_equal(network.parameters, train([(5, Stop())]).trainer.state.average)


# Where a run must not go, and what it leaves


def test_a_folder_that_holds_a_run_is_refused(saved: Path, train: Any) -> None:
    before = {name: (saved / name).read_bytes() for name in files(saved)}
    with pytest.raises(RunError, match=r"holds a run already.*--run"):
        train(folder=saved)
    (saved / "run.json").unlink()
    with pytest.raises(RunError, match="holds a run already"):
        train(folder=saved)
    assert (saved / "weights.npz").read_bytes() == before["weights.npz"]


def test_a_folder_that_holds_other_things_keeps_them(train: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    train(folder=tmp_path)
    assert files(tmp_path) == ["notes.txt", "run.json", "weights.npz"]


def test_a_run_that_is_not_wanted_leaves_nothing(train: Any, tmp_path: Path) -> None:
    train([(2, Stop(save=False))], folder=tmp_path / "a" / "b" / "run")
    assert files(tmp_path) == []


def test_discarding_removes_nothing_that_was_there_before(train: Any, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    train([(2, Stop(save=False))], folder=tmp_path / "mine")
    assert files(tmp_path / "mine") == ["notes.txt"]


def test_discarding_keeps_what_was_saved_on_purpose(train: Any, tmp_path: Path) -> None:
    train([(2, Save()), (4, Stop(save=False))], folder=tmp_path / "run")
    assert load_run(tmp_path / "run")[2]["results"]["steps"] == 2


def test_fresh_folders_are_in_the_state_directory_and_all_different(no_home: Path) -> None:
    config = RunConfig(preset="classic")
    paths = {RunFolder.fresh(config).path for _ in range(50)}
    assert len(paths) >= 49  # two random bytes each
    assert {path.parent for path in paths} == {runs_folder()}
    assert runs_folder().is_relative_to(no_home)
    assert all("classic" in path.name for path in paths)


# A disk that refuses


def full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_spoils_neither_the_run_nor_what_was_saved(
    digits: Any, config: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    trainer = Trainer(config, digits, Script([(3, Save()), (9, Save())]), RunFolder(folder))
    failed, before = [], {}
    for event in trainer.run():
        if isinstance(event, CheckpointSaved):
            before = {name: (folder / name).read_bytes() for name in files(folder)}
            monkeypatch.setattr(os, "replace", full_disk)
        elif isinstance(event, SaveFailed):
            failed.append(event)
    assert [event.step for event in failed] == [9, 16]
    assert os.strerror(errno.ENOSPC) in failed[0].message
    assert str(folder) in failed[0].message
    assert {name: (folder / name).read_bytes() for name in files(folder)} == before
    assert load_run(folder)[2]["results"]["steps"] == 3


def test_a_disk_that_is_full_while_writing_leaves_no_half_file(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (saved / "weights.npz").read_bytes()

    def write_half(file: Any, **_: Any) -> None:
        file.write(before[:100])
        full_disk()

    monkeypatch.setattr(np, "savez", write_half)
    with pytest.raises(OSError, match="space"):
        save_weights(saved / "weights.npz", (36, 8, 4), np.zeros(332, np.float32), None)
    assert (saved / "weights.npz").read_bytes() == before
    assert files(saved) == ["run.json", "weights.npz"]


def test_a_folder_that_vanished_is_a_failed_save(digits: Any, config: Any, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    trainer = Trainer(config, digits, Script([]), RunFolder(folder))
    events = []
    for event in trainer.run():
        events.append(event)
        if isinstance(event, EpochEnded) and event.epoch == 1:
            shutil.rmtree(folder)
    assert [type(event) for event in events].count(SaveFailed) == 1
    assert events[-1].epochs == 2


def test_a_folder_that_can_not_be_made_is_an_error_before_training(
    train: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match="file"):
        train(folder=tmp_path / "file" / "run")


# Damage


def tiny_weights(path: Path) -> np.ndarray:
    parameters = np.arange(23, dtype=np.float32)
    save_weights(path, (4, 3, 2), parameters, parameters * 2)
    return parameters * 2


@pytest.mark.parametrize("mask", [0x01, 0xFF])
def test_no_flipped_byte_gives_other_weights(mask: int, tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    expected = tiny_weights(path)
    content = path.read_bytes()
    refused = 0
    for offset, byte in enumerate(content):
        with open(path, "r+b") as file:
            if offset:  # mend the byte before
                file.seek(offset - 1)
                file.write(content[offset - 1 : offset])
            file.seek(offset)
            file.write(bytes([byte ^ mask]))
        try:
            network = load_network(path)
        except RunError as error:
            # Not every damage is refused, so that pytest.raises does not fit.
            assert str(path) in str(error) or str(path.parent) in str(error)  # noqa: PT017
            refused += 1
        else:  # a byte that says nothing of the weights, such as a time stamp
            assert network.sizes == (4, 3, 2)
            np.testing.assert_array_equal(network.parameters, expected)
    assert refused > len(content) / 2


def test_no_truncated_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    tiny_weights(path)
    content = path.read_bytes()
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        with pytest.raises(RunError):
            load_network(path)


def test_weights_that_were_exchanged_are_noticed(tmp_path: Path) -> None:
    # A whole and valid archive, whose sum is not that of its numbers.
    path = tmp_path / "weights.npz"
    tiny_weights(path)
    with np.load(path) as file:
        arrays = dict(file)
    for name in ("parameters", "average"):
        np.savez(path, **(arrays | {name: arrays[name] + 1}))
        with pytest.raises(RunError, match="checksum"):
            load_network(path)
    np.savez(path, **(arrays | {"sizes": np.array([4, 3, 3])}))
    with pytest.raises(RunError):
        load_network(path)
    del arrays["average"]
    np.savez(path, **arrays)
    with pytest.raises(RunError, match="checksum"):
        load_network(path)


def test_the_sum_covers_the_average() -> None:
    ones, twos = np.ones(3, np.float32), np.full(3, 2, np.float32)
    sums = [
        weights_sha256(*pair) for pair in ((ones, None), (ones, ones), (ones, twos), (twos, ones))
    ]
    assert len(set(sums)) == 4


@pytest.mark.parametrize(
    "content",
    [b"", b"not weights", b"\x93NUMPY\x01\x00", b"PK\x03\x04", bytes(1000)],
    ids=["empty", "text", "npy", "zip", "zeros"],
)
def test_what_is_no_weights_file_is_refused(content: bytes, saved: Path) -> None:
    (saved / "weights.npz").write_bytes(content)
    with pytest.raises(RunError, match=r"weights\.npz"):
        load_run(saved)


def test_pickles_are_not_read(saved: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (pytest.fail, ("a pickle was executed",))

    with open(saved / "weights.npz", "wb") as file:
        np.savez(file, parameters=np.array([Trap()], dtype=object))
    with pytest.raises(RunError):
        load_run(saved)


BAD_RECORDS = {
    "empty": "",
    "no json": "{",
    "a list": "[]",
    "a number": "7",
    "null": "null",
    "nothing in it": "{}",
    "another schema": '{"schema": 99}',
    "no config": '{"schema": 1}',
    "config is a list": '{"schema": 1, "config": []}',
    "config is null": '{"schema": 1, "config": null}',
    "config is empty": '{"schema": 1, "config": {}}',
}


@pytest.mark.parametrize("text", BAD_RECORDS.values(), ids=BAD_RECORDS)
def test_a_damaged_record_is_refused(text: str, saved: Path) -> None:
    (saved / "run.json").write_text(text)
    with pytest.raises(RunError, match=r"run\.json"):
        load_run(saved)


def test_a_record_in_another_encoding_is_refused(saved: Path) -> None:
    (saved / "run.json").write_bytes('{"schema": "é"}'.encode("latin-1"))
    with pytest.raises(RunError, match=r"run\.json"):
        load_run(saved)


def test_a_record_that_does_not_fit_its_weights_is_refused(saved: Path) -> None:
    record = json.loads((saved / "run.json").read_text())
    record["config"]["side"] = 7
    (saved / "run.json").write_text(json.dumps(record))
    with pytest.raises(RunError, match=r"side|pixels|fit"):
        load_run(saved)


def test_auto_means_what_it_meant_when_the_run_was_made(train: Any, tmp_path: Path) -> None:
    train(folder=tmp_path / "run", data="auto")
    assert load_run(tmp_path / "run")[0].data == "patterns"
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    for data in (None, {}, {"name": 7}):
        (tmp_path / "run" / "run.json").write_text(json.dumps(record | {"data": data}))
        with pytest.raises(RunError, match=r"run\.json"):
            load_run(tmp_path / "run")


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no run of digit-tui"):
        load_run(tmp_path)
    with pytest.raises(RunError, match=r"no run of digit-tui"):
        load_run(tmp_path / "missing")


def test_the_versions_name_what_decides_the_last_bits() -> None:
    versions = run_folder_module.versions()
    assert versions["numpy"] == np.__version__
    assert all(versions.values())
