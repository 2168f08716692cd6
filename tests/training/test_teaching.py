"""A network that is taught a person's drawings: what changes, what is told, and the same bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command_script import CommandScript
from support.forks import NEVER, STOP, fork_sha, needs_workers, of_fork
from support.rarely import rarely
from support.teaching import Keep as KeepDrawings
from support.teaching import drawings_of
from support.undo import end_of

from digit_tui.config import RunConfig
from digit_tui.data import Dataset, resample_area
from digit_tui.insight.significance import compare
from digit_tui.nn import Network, evaluate
from digit_tui.run.commands import (
    AddEpochs,
    AppliedCommand,
    Fork,
    GoBack,
    Inspect,
    Keep,
    Pause,
    Prune,
    Resume,
    Save,
    SetOptimizer,
    Stop,
    SwitchOff,
    Teach,
    Undo,
)
from digit_tui.run.events import (
    EpochEnded,
    Evaluated,
    Event,
    Forked,
    Inspected,
    Refused,
    RunEnded,
    SettingChanged,
    Teaching,
    TimelineChanged,
)
from digit_tui.run.wording import line_for
from digit_tui.storage.errors import RunError
from digit_tui.storage.run_files import drawings_name
from digit_tui.storage.run_writer import RunWriter
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.command_source import Mailbox
from digit_tui.training.run_request import replay_request, resume_request
from digit_tui.training.trainer import Trainer

SIZES = (36, 8, 4)


def lessons(events: list[Event]) -> list[Any]:
    return [event.lesson for event in events if isinstance(event, SettingChanged)]


def replayed(folder: Path, dataset: Dataset, into: Path) -> list[Event]:
    trainer = replay_request(folder, into).trainer(dataset, CommandScript([]), interactive=False)
    return list(trainer.run())


# What it does


@pytest.mark.parametrize("average", [True, False])
def test_the_network_that_is_evaluated_learns_the_drawings(
    average: bool, keep_drawings: KeepDrawings, train: Any, digits: Dataset
) -> None:
    drawings = drawings_of(12)
    script = [(5, Inspect()), (5, keep_drawings(drawings)), (5, Inspect()), (5, Stop())]
    ran = train(script, average=average)
    before, after = (each.state for each in ran.all(Inspected))
    images = resample_area(drawings.images, digits.side).reshape(12, -1)
    right = [
        evaluate(
            Network(SIZES, each.average if average else each.parameters), images, drawings.labels
        ).correct
        for each in (before, after)
    ]
    assert right[0] < right[1]
    (change,) = ran.all(SettingChanged)
    assert (change.lesson.total, change.lesson.before) == (12, right[0])
    assert after.step == before.step == 5
    np.testing.assert_array_equal(after.slots, before.slots)
    assert after.slots.any()
    if average:  # both move by as much
        moved = after.average - before.average
        np.testing.assert_allclose(after.parameters - before.parameters, moved, atol=1e-6)
        assert moved.any()


def test_what_it_did_to_the_monitored_split_is_told(train: Any, teach_8: Teach) -> None:
    ran = train([(5, Pause()), (5, teach_8), (5, Resume()), (6, Stop())], interactive=True)
    (change,) = ran.all(SettingChanged)
    place = ran.events.index(change)
    before = [event for event in ran.events[:place] if isinstance(event, Evaluated)][-1]
    after = ran.events[place + 1]
    assert isinstance(after, Evaluated)
    assert (before.step, after.step) == (5, 5)
    assert change.effect.comparison == compare(before.evaluation, after.evaluation)
    assert (change.setting, change.old) == ("taught", ())
    assert change.new == ((teach_8.drawings, 8),)
    snapshots = ran.all(TimelineChanged)[-1].snapshots
    (snapshot,) = [each for each in snapshots if each.step == 5]
    assert snapshot.accuracy == change.effect.before
    assert snapshot.following == "then teach it 8 drawings"


def test_what_is_removed_stays_0_and_comes_back_as_it_was(train: Any, teach_8: Teach) -> None:
    script = [(3, SwitchOff(1, (2, 5))), (5, Prune(0.4)), (6, Inspect()), (6, teach_8)]
    ran = train([*script, (6, Inspect()), (6, Stop())])
    before, after = (each.state for each in ran.all(Inspected))
    assert not after.parameters[after.removed.mask].any()
    assert not after.average[after.removed.mask].any()
    assert after.removed is before.removed
    assert (after.average != before.average).any()


def test_the_same_drawings_can_be_taught_again(train: Any, teach_8: Teach) -> None:
    ran = train([(5, teach_8), (5, teach_8)])
    assert ran.trainer.state.settings.taught == ((teach_8.drawings, 8),) * 2
    assert len({train().sha256, train([(5, teach_8)]).sha256, ran.sha256}) == 3


# The same bits


@needs_workers
@pytest.mark.parametrize("threads", [2, *rarely(3)])
def test_the_bits_do_not_depend_on_the_processes(threads: int, train: Any, teach_8: Teach) -> None:
    rans = [train([(5, teach_8)], threads=threads, processes=each) for each in (1, threads)]
    assert len({ran.sha256 for ran in rans}) == 1
    first, second = (lessons(ran.events) for ran in rans)
    assert first == second


@pytest.mark.parametrize("interactive", [False, True])
def test_undo_and_going_forward_again(interactive: bool, train: Any, teach_8: Teach) -> None:
    lineage = (AppliedCommand(5, teach_8),)
    taught = train([(5, teach_8)])
    undone = train([(5, teach_8), (9, Undo()), STOP], interactive=interactive)
    assert end_of(undone) == end_of(train())
    forward = [(5, teach_8), (9, Undo()), (7, GoBack(9, lineage)), STOP]
    assert end_of(train(forward, interactive=interactive)) == end_of(taught)


def test_a_replay_has_the_drawings_from_the_folder(
    keep_drawings: KeepDrawings, train: Any, digits: Dataset, teach_8: Teach, tmp_path: Path
) -> None:
    script = [(5, teach_8), (9, SetOptimizer("nesterov")), (11, teach_8)]
    first = train(script, folder=tmp_path / "run")
    assert not first.all(Refused)
    keep_drawings(drawings_of(seed=8))  # the person has others by now
    again = replayed(tmp_path / "run", digits, tmp_path / "again")
    assert again[-1].weights_sha256 == first.sha256
    assert lessons(again) == lessons(first.events)
    name = drawings_name(teach_8.drawings)
    content = [(tmp_path / each / name).read_bytes() for each in ("run", "again")]
    assert content[0] == content[1] == drawings_of().to_bytes()
    # What was repeated can be repeated.
    third = replayed(tmp_path / "again", digits, tmp_path / "third")
    assert third[-1].weights_sha256 == first.sha256


@pytest.mark.usefixtures("saved_when_asked")
@pytest.mark.parametrize("saved", [4, 6])
def test_a_resume_before_and_after_it(
    saved: int, kill: Any, train: Any, go_on: Any, teach_8: Teach, tmp_path: Path
) -> None:
    def at_10(event: Event) -> bool:
        return isinstance(event, EpochEnded) and event.epoch == 2

    script = sorted([(5, teach_8), (saved, Save())], key=lambda each: each[0])
    kill(at_10, script, folder=tmp_path / "run", epochs=3)
    assert SavedRun.read(tmp_path / "run").checkpoint().state.step == saved
    ran = go_on(tmp_path / "run")
    assert len(ran.all(SettingChanged)) == (saved == 4)  # repeated from the journal
    assert ran.sha256 == train([(5, teach_8)], epochs=3).sha256


@pytest.mark.usefixtures("saved_when_asked")
def test_a_run_whose_drawings_are_gone_is_refused(
    kill: Any, train: Any, go_on: Any, teach_8: Teach, digits: Dataset, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    kill(lambda event: isinstance(event, EpochEnded), [(2, Save()), (5, teach_8)], folder=folder)
    path = folder / drawings_name(teach_8.drawings)
    content = path.read_bytes()
    for damage in (content[:-1], content + b"x", bytes([*content[:-1], content[-1] ^ 1]), None):
        path.unlink(missing_ok=True)
        if damage is not None:
            path.write_bytes(damage)
        for again in (lambda: go_on(folder), lambda: replayed(folder, digits, tmp_path / "other")):
            with pytest.raises(RunError, match=path.name):
                again()
    path.write_bytes(content)
    assert go_on(folder).sha256 == train([(5, teach_8)]).sha256


def test_a_replay_of_what_was_undone_is_refused_without_the_drawings(
    train: Any, digits: Dataset, teach_8: Teach, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    train([(5, teach_8), (9, Undo()), STOP], folder=folder, interactive=True)
    request = replay_request(folder, None)
    path = folder / drawings_name(teach_8.drawings)
    events = list(request.replayer(digits, CommandScript([])).run())
    assert len(lessons(events)) == 1
    path.unlink()
    with pytest.raises(RunError, match=path.name):
        request.replayer(digits, CommandScript([]))


# Leaving meanwhile


def leave_when_taught(trainer: Trainer, mailbox: Mailbox) -> list[Event]:
    """What happens if a person leaves when teaching has begun."""
    events = []
    for event in trainer.run():
        events.append(event)
        if isinstance(event, Teaching):
            mailbox.send(Stop())
    return events


def test_who_leaves_waits_for_no_fork(
    config: RunConfig, digits: Dataset, teach_8: Teach, tmp_path: Path
) -> None:
    mailbox = Mailbox()
    mailbox.send(Fork((teach_8,)))
    trainer = Trainer(config, digits, mailbox, RunWriter(tmp_path / "run"), interactive=True)
    *events, ended = leave_when_taught(trainer, mailbox)
    (refused,) = [event for event in events if isinstance(event, Refused)]
    assert refused.message == "No fork: Stopped before it was taught"
    assert isinstance(ended, RunEnded)
    assert (ended.reason, ended.steps) == ("stopped", 0)
    assert not list(tmp_path.glob("run-fork*"))


@pytest.mark.usefixtures("saved_when_asked")
@pytest.mark.parametrize("then", [[], [(5, SetOptimizer("nesterov"))]])
def test_who_leaves_while_it_is_repeated_finds_the_same_run_again(
    then: Any, kill: Any, train: Any, go_on: Any, digits: Dataset, teach_8: Teach, tmp_path: Path
) -> None:
    script = [(4, Save()), (5, teach_8), *then]
    kill(lambda event: isinstance(event, EpochEnded), script, folder=tmp_path / "run")
    mailbox = Mailbox()
    mailbox.send(SetOptimizer("sgd"))  # it waits for what is repeated, and is in no lineage then
    trainer = resume_request(tmp_path / "run").trainer(digits, mailbox, interactive=False)
    *_, ended = leave_when_taught(trainer, mailbox)
    assert isinstance(ended, RunEnded)
    assert (ended.reason, ended.steps) == ("stopped", 5)
    assert trainer.state.lineage == ()
    assert go_on(tmp_path / "run").sha256 == train(script).sha256


# Forks


@pytest.mark.parametrize("interactive", [False, True])
def test_a_fork_that_is_taught_and_kept(
    interactive: bool, train: Any, go_on: Any, teach_8: Teach, tmp_path: Path
) -> None:
    taught = train([(5, teach_8)])
    script = [(5, Fork((teach_8,))), (10, Keep(fork=True)), STOP]
    ran = train(script, folder=tmp_path / "run", interactive=interactive)
    assert ran.sha256 == taught.sha256
    assert lessons(of_fork(ran)) == lessons(taught.events)
    (forked,) = ran.all(Forked)
    assert forked.changes == ["8 drawings taught"]
    (teaching,) = ran.all(Teaching)  # said before it is begun
    assert (teaching.step, teaching.count) == (5, 8)
    assert ran.events.index(teaching) < ran.events.index(forked)
    name = drawings_name(teach_8.drawings)
    assert (Path(forked.run) / name).exists()
    assert not (tmp_path / "run" / name).exists()  # which was not taught
    assert go_on(Path(forked.run)).sha256 == taught.sha256
    beside = train([(5, Fork((teach_8,)))])
    assert (beside.sha256, fork_sha(beside)) == (train().sha256, taught.sha256)


def test_a_fork_of_a_taught_run_has_its_drawings(
    train: Any, digits: Dataset, teach_8: Teach, tmp_path: Path
) -> None:
    ran = train([(3, teach_8), (5, Fork((SetOptimizer("sgd"),)))], folder=tmp_path / "run")
    fork = Path(ran.all(Forked)[0].run)
    assert replayed(fork, digits, tmp_path / "again")[-1].weights_sha256 == fork_sha(ran)


@pytest.mark.parametrize("keep_fork", [True, False])
def test_a_finished_run_is_forked_and_judged_at_once(
    keep_fork: bool, train: Any, go_on: Any, teach_8: Teach, tmp_path: Path
) -> None:
    script = [(NEVER, Fork((teach_8,))), (NEVER, Keep(keep_fork)), STOP]
    ran = train(script, folder=tmp_path / "run", interactive=True)
    assert not ran.all(Refused)
    (lesson,) = lessons(of_fork(ran))
    assert lesson.total == 8
    expected = train([(16, teach_8)] if keep_fork else [])
    assert (ran.sha256, ran.ended.reason) == (expected.sha256, "finished")
    fork = Path(ran.all(Forked)[0].run)
    assert SavedRun.read(fork).state() == "finished"
    assert go_on(fork).sha256 == train([(16, teach_8)]).sha256
    assert go_on(fork, [(16, AddEpochs(1))]).ended.steps == 24


def test_a_finished_fork_that_is_kept_can_be_undone(train: Any, teach_8: Teach) -> None:
    script = [(NEVER, Fork((teach_8,))), (NEVER, Keep(True)), (NEVER, Undo()), STOP]
    ran = train(script, interactive=True)
    assert ran.sha256 == train().sha256


def test_drawings_of_other_classes_are_left_out(
    keep_drawings: KeepDrawings, train: Any, digits: Dataset, tmp_path: Path
) -> None:
    of_five = drawings_of(14, classes=5)  # the network knows four
    folder = tmp_path / "run"
    ran = train([(5, keep_drawings(of_five))], folder=folder)
    (teaching,) = ran.all(Teaching)
    assert (teaching.count, teaching.classes, teaching.unknown) == (14, 4, [(4, 4), (9, 4)])
    assert line_for(teaching) == (
        "teaching 12 of 14 drawings (the network knows 0 to 3, #4 is a 4, #9 is a 4) ..."
    )
    assert lessons(ran.events)[0].total == 12
    known = train([(5, keep_drawings(of_five.known_to(4)))])
    assert ran.sha256 == known.sha256 != train().sha256
    assert replayed(folder, digits, tmp_path / "again")[-1].weights_sha256 == ran.sha256


# What is refused


def test_what_cannot_be_taught_is_refused(
    keep_drawings: KeepDrawings, train: Any, teach_8: Teach, tmp_path: Path
) -> None:
    whole = train()
    other = keep_drawings(drawings_of(6, classes=6))  # the network knows four
    wrong = {
        other: "the network knows 0 to 3: 4 of your 6 drawings are such, 5 are needed",
        teach_8: "your drawings have changed since: ask again",
        Teach(other.drawings, 9): "your drawings have changed since: ask again",
        Teach(other.drawings, 4): "drawings taught: 4 drawings are not 5 to 10,000",
    }
    for number, (command, reason) in enumerate(wrong.items()):
        folder = tmp_path / str(number)
        ran = train([(5, command)], folder=folder)
        (refused,) = ran.all(Refused)
        assert reason in refused.message
        assert ran.sha256 == whole.sha256
        assert not list(folder.glob("drawings*"))
    ran = train([(5, Fork((other,)))], folder=tmp_path / "run")
    assert "No fork: Nothing is taught" in ran.all(Refused)[0].message
    assert [each.name for each in tmp_path.iterdir() if "fork" in each.name] == []
