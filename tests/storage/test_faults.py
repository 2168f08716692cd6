"""A disk that fails, and a process that ends, at each single call that changes a run's folder."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.command_script import CommandScript
from support.disk import Call, Disk
from support.rarely import rarely

from digit_tui.run.commands import Save, SetAugmentation, SetLearningRate
from digit_tui.run.events import CheckpointSaved, SaveFailed
from digit_tui.storage.checkpoint import read_checkpoint
from digit_tui.storage.run_files import CHECKPOINTS, JOURNAL, METRICS, RECORD
from digit_tui.storage.run_writer import RunWriter
from digit_tui.storage.saved_run import SavedRun
from digit_tui.storage.start_point import StartPoint
from digit_tui.training import saving
from digit_tui.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("saved_when_asked")

SCRIPT = [
    (1, SetLearningRate(0.02)),
    (2, Save()),  # the first: there is no other
    (3, Save()),  # at the end of an epoch, so that it is the best too
    (4, SetAugmentation("none")),
    (5, Save()),  # where nobody has looked at the test set
]
STEERING = [(step, command) for step, command in SCRIPT if not isinstance(command, Save)]
STEPS = 6
"""In two epochs."""

FILES = {RECORD, JOURNAL, METRICS, *CHECKPOINTS}

PARTS = [0, *rarely(1, 2, 3, 4)]
"""Of the calls each fifth is tried at each change."""

MakeDisk = Callable[..., Disk]


@pytest.fixture(scope="module")
def make_disk(config: Any, digits: Any) -> MakeDisk:
    """A disk for a small run that is saved often, in a folder."""
    small = config.with_(hidden=(2,), batch_size=77)

    def make(folder: Path, meet: Callable[[Disk, Call], None] = lambda *_: None) -> Disk:
        return Disk(Trainer(small, digits, CommandScript(SCRIPT), RunWriter(folder)), meet)

    return make


@pytest.fixture(scope="module")
def calls(make_disk: MakeDisk, tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    """All calls of the run, and the halves of its writes."""
    found: list[Call] = []
    disk = make_disk(tmp_path_factory.mktemp("calls"), lambda _, call: found.append(call))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(saving, "SAVE_SHARE", -1.0)
        events = list(disk.follow())
    assert not any(isinstance(event, SaveFailed) for event in events)
    saves = [event.step for event in events if isinstance(event, CheckpointSaved)]
    assert saves == [2, 3, 5, STEPS]
    assert set(disk.calls) >= {"write", "fsync", "replace", "link", "open", "unlink"}
    assert disk.calls.count("fsync") > 3 * len(saves)  # journal, checkpoint, folder
    return found


@pytest.fixture(scope="module")
def expected(make_disk: MakeDisk, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The weights that the run ends with if nothing happens."""
    *_, ended = make_disk(tmp_path_factory.mktemp("expected")).trainer.run()
    return str(ended.weights_sha256)


def assert_saved(folder: Path, steps: set[int], why: Any) -> None:
    """The run can go on at one of some steps, and no file of it is damaged."""
    saved = SavedRun.read(folder)
    start_point = StartPoint.for_resume(saved)
    assert start_point.complaints == [], why
    assert (start_point.state.step if start_point.state else 0) in steps, why
    for name in CHECKPOINTS:
        if (folder / name).exists():
            read_checkpoint(folder / name)
    if 0 not in steps:
        assert saved.checkpoint().state.step in steps, why


def assert_goes_on(folder: Path, go_on: Any, expected: str, why: Any) -> None:
    """The run goes on to its end as if nothing had happened, and nothing of it is left."""
    done = SavedRun.read(folder).history().lineage
    ran = go_on(folder, STEERING[len(done) :])
    assert ran.sha256 == expected, why
    assert not ran.all(SaveFailed), why
    assert_settled(folder, why)


def assert_settled(folder: Path, why: Any) -> None:
    """The folder tells all of a run that is finished, and nothing else."""
    assert set(os.listdir(folder)) <= FILES, why
    saved = SavedRun.read(folder)
    assert saved.state() == saved.record["state"] == "finished", why
    assert saved.checkpoint().state.step == STEPS
    history = saved.history()
    assert [tuple(applied) for applied in history.lineage] == STEERING, why
    text = (folder / "journal.jsonl").read_bytes()
    assert text.endswith(b"\n"), why
    assert [json.loads(line) for line in text.splitlines()] == saved.lines()
    rows = (folder / "metrics.csv").read_text().splitlines()[1:]
    assert [row.split(",")[:2] for row in rows] == [["1", "3"], ["2", "6"]], why


def test_a_run_that_cannot_begin_leaves_nothing(make_disk: MakeDisk, tmp_path: Path) -> None:
    found: list[Call] = []
    next(make_disk(tmp_path / "a" / "run", lambda _, call: found.append(call)).follow(begun=False))
    assert len(found) > 10
    for wanted in found:

        def fail(_: Disk, call: Call, wanted: Call = wanted) -> None:
            if call == wanted:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        disk = make_disk(tmp_path / "b" / "run", fail)
        with pytest.raises(OSError, match="space"):
            next(disk.follow(begun=False))
        assert sorted(os.listdir(tmp_path)) == ["a"], wanted


# A process that ends


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    "power_cut",
    [pytest.param(False, id="killed"), pytest.param(True, id="power cut", marks=pytest.mark.long)],
)
def test_a_run_that_ends_at_any_call_goes_on_from_the_old_or_the_new_checkpoint(
    part: int, power_cut: bool, make_disk: MakeDisk, expected: str, go_on: Any, tmp_path: Path
) -> None:
    """The folder is copied at each call, as it would be found if the process ended there.

    Where the power is cut, files lose what was not synced.
    """
    found: list[tuple[Call, Path, set[int]]] = []
    saved = 0

    def copy(disk: Disk, call: Call) -> None:
        there = tmp_path / f"{len(found)}"
        shutil.copytree(tmp_path / "run", there)
        if power_cut:
            for file in (tmp_path / "run").iterdir():
                about = file.stat()
                # The first run.json was synced before the first event.
                known = about.st_size if file.name == RECORD else 0
                length = min(disk.synced.get(about.st_ino, known), about.st_size)
                os.truncate(there / file.name, length)
        found.append((call, there, {saved, disk.trainer.state.step}))

    for event in make_disk(tmp_path / "run", copy).follow():
        if isinstance(event, CheckpointSaved):
            saved = event.step
    assert len(found) > 60
    for call, folder, steps in found[part :: len(PARTS)]:
        assert_saved(folder, steps, call)
        assert_goes_on(folder, go_on, expected, call)


class Ended(BaseException):
    """No error that anybody handles, such as that of an interruption."""


def collect(events: Iterator[Any], into: list[Any]) -> None:
    for event in events:
        into.append(event)


@pytest.mark.long
def test_an_exception_at_any_call_leaves_the_old_or_the_new_checkpoint(
    make_disk: MakeDisk, calls: list[Call], expected: str, go_on: Any, tmp_path: Path
) -> None:
    for place, wanted in enumerate(calls):

        def end(_: Disk, call: Call, wanted: Call = wanted) -> None:
            if call == wanted:
                raise Ended

        folder, events = tmp_path / f"{place}", []
        disk = make_disk(folder, end)
        with pytest.raises(Ended):
            collect(disk.follow(), events)
        saved = max([0, *(each.step for each in events if isinstance(each, CheckpointSaved))])
        assert set(os.listdir(folder)) <= {*FILES, "lock"}, wanted
        assert_saved(folder, {saved, disk.trainer.state.step}, wanted)
        assert_goes_on(folder, go_on, expected, wanted)


# A disk that fails


@pytest.mark.parametrize("part", PARTS)
def test_a_call_that_fails_costs_one_save_at_most(
    part: int, make_disk: MakeDisk, calls: list[Call], expected: str, go_on: Any, tmp_path: Path
) -> None:
    for place, wanted in enumerate(calls[part :: len(PARTS)]):

        def fail(_: Disk, call: Call, wanted: Call = wanted) -> None:
            if call == wanted:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        folder, saved, failed = tmp_path / f"{place}", 0, []
        disk = make_disk(folder, fail)
        for event in disk.follow():
            if isinstance(event, CheckpointSaved):
                saved = event.step
                if failed:  # the next one works
                    assert_saved(folder, {saved}, wanted)
            elif isinstance(event, SaveFailed):
                failed.append(event)
                assert_saved(folder, {saved, event.step}, wanted)
        assert event.weights_sha256 == expected, wanted
        # Instead of a second name the best checkpoint is copied.
        assert len(failed) == (wanted.name not in ("link", "unlink")), wanted
        assert all(str(folder) in each.message for each in failed)
        if failed and failed[0].step < STEPS:
            assert_settled(folder, wanted)
        assert_goes_on(folder, go_on, expected, wanted)


@pytest.mark.long
def test_a_disk_that_is_full_from_any_call_on_keeps_what_was_saved(
    make_disk: MakeDisk, calls: list[Call], expected: str, go_on: Any, tmp_path: Path
) -> None:
    for place, wanted in enumerate(calls):

        def fail(_: Disk, call: Call, wanted: Call = wanted) -> None:
            if call.name != "unlink" and (call.number, call.half) >= (wanted.number, wanted.half):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        folder, steps, failed = tmp_path / f"{place}", {0}, 0
        for event in make_disk(folder, fail).follow():
            if isinstance(event, CheckpointSaved):
                steps = {event.step}
            elif isinstance(event, SaveFailed):
                failed += 1
                steps.add(event.step)  # it failed, but maybe after the new one was there
        assert_saved(folder, steps, wanted)
        assert event.weights_sha256 == expected, wanted
        assert failed or wanted == calls[-1], wanted  # that one only removes the lock
        assert set(os.listdir(folder)) <= FILES, wanted
        assert_goes_on(folder, go_on, expected, wanted)
