"""Going on with a run: bit for bit as if it had not stopped."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.engine.worker_pool import WORKER_PROCESSES
from digit_tui.nn import PredictionHistory
from digit_tui.run.commands import (
    AddEpochs,
    AppliedCommand,
    Command,
    GoBack,
    Pause,
    Resume,
    Save,
    ScaleLearningRate,
    SetAugmentation,
    SetBatchSize,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    Stop,
    Undo,
)
from digit_tui.run.events import (
    CheckpointSaved,
    Diverged,
    EpochEnded,
    Event,
    Paused,
    Restored,
    RunEnded,
    SettingChanged,
    StepsDone,
)
from digit_tui.storage import checkpoint_files, run_files
from digit_tui.storage.errors import RunError, RunTaken
from digit_tui.storage.run_files import BEST, CHECKPOINT, CHECKPOINTS, METRICS, PREVIOUS
from digit_tui.storage.saved_run import SavedRun
from digit_tui.storage.start_point import StartPoint
from digit_tui.training.command_source import CommandScript
from digit_tui.training.run_request import RunRequest, resume_request

NEVER = 10**9
"""A step that is never reached: a script's command with it waits until the run is paused."""

STEERING: list[tuple[int, Command]] = [
    (3, SetOptimizer("nesterov")),
    (8, SetClipping(norm=0.5)),
    (14, ScaleLearningRate(0.5)),
    (19, Undo()),
    (20, SetBatchSize(50)),
    (
        26,
        GoBack(
            11,
            (AppliedCommand(3, SetOptimizer("nesterov")), AppliedCommand(8, SetClipping(norm=0.5))),
        ),
    ),
    (23, SetAugmentation("none")),
    (27, SetOptimizer("rmsprop", 0.002)),
    (30, AddEpochs(1)),
]
"""Commands, each in its turn as soon as so many steps are made."""


class Killed(BaseException):
    """The end of a process in the middle of a run."""


class Life:
    """Gives the commands that the journal does not tell of yet; ends after some steps."""

    def __init__(self, done: int, steps: int, end: Command | Killed) -> None:
        self._left = STEERING[done:]
        self._steps = steps
        self._end = end

    def take(self, step: int) -> Iterator[Command]:
        self._steps -= 1
        if self._steps < 0 and isinstance(self._end, Killed):
            raise self._end
        if self._steps < 0:
            yield self._end
        if self._left and self._left[0][0] <= step:
            yield self._left.pop(0)[1]

    def steps_until_due(self, step: int) -> int:
        return 1

    def waiting(self) -> bool:
        return False

    def wait(self, step: int) -> Command:
        """Somebody who stays has to end the run."""
        return Stop()


def results_of(events: list[Event]) -> dict[int, dict[str, Any]]:
    """Of each epoch, without times; of an epoch that was made again, the last."""
    return {
        event.epoch: {
            name: value
            for name, value in vars(event).items()
            if name not in ("seconds", "images_per_second")
        }
        for event in events
        if isinstance(event, EpochEnded)
    }


def live(
    folder: Path,
    dataset: Dataset,
    config: RunConfig,
    interactive: bool,
    steps: int,
    end: Command | Killed,
) -> list[Event]:
    """Begin a run, or go on with it, for some steps; what was told."""
    begun = (folder / run_files.RECORD).exists()
    opening = resume_request(folder) if begun else RunRequest(config, folder)
    lines = SavedRun.read(folder).lines() if begun else []
    life = Life(sum("command" in line for line in lines), steps, end)
    events: list[Event] = []
    try:
        for event in opening.trainer(dataset, life, interactive).run():
            events.append(event)
    except Killed:
        pass
    return events


def interrupted_run(
    folder: Path, digits: Dataset, config: RunConfig, interruptions: int, seed: int
) -> list[Event]:
    """All that is told of a run with interruptions at random, each followed by a resume."""
    moments = random.Random(seed)
    events: list[Event] = []
    for number in range(interruptions + 1):
        steps = moments.randint(1, 8) if number < interruptions else NEVER
        # Of a run that is only ever killed nothing might be saved.
        end = Killed() if moments.random() < 0.4 else Stop(reason="interrupted")
        events += live(folder, digits, config, moments.random() < 0.5, steps, end)
    return events


@pytest.mark.parametrize("seed", range(5))
def test_interruptions_at_random_change_nothing(
    seed: int, digits: Dataset, config: RunConfig, tmp_path: Path
) -> None:
    augment = ("elastic", "shift", "affine")[seed % 3]
    settings = config.with_(seed=seed, augment=augment, epochs=4, average=seed != 4)
    whole = live(tmp_path / "whole", digits, settings, False, NEVER, Stop())
    events = interrupted_run(tmp_path / "run", digits, settings, 20, seed)
    ended, expected = events[-1], whole[-1]
    assert isinstance(ended, RunEnded)
    assert isinstance(expected, RunEnded)
    assert expected.reason == "finished"
    assert ended.weights_sha256 == expected.weights_sha256
    assert (ended.reason, ended.steps) == ("finished", expected.steps)
    assert ended.test_correct == expected.test_correct
    assert results_of(events) == results_of(whole)
    assert sum(isinstance(event, Restored) for event in events) >= 19


@pytest.mark.skipif(not WORKER_PROCESSES, reason="threads are left to the BLAS here")
def test_interruptions_change_nothing_with_workers(
    digits: Dataset, config: RunConfig, tmp_path: Path
) -> None:
    settings = config.with_(augment="elastic", epochs=4, threads=2)
    whole = live(tmp_path / "whole", digits, settings, False, NEVER, Stop())
    events = interrupted_run(tmp_path / "run", digits, settings, 6, seed=3)
    assert events[-1].weights_sha256 == whole[-1].weights_sha256  # type: ignore[union-attr]
    assert results_of(events) == results_of(whole)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adamw"])
def test_a_run_goes_on_from_every_step(
    optimizer: str, train: Any, go_on: Any, tmp_path: Path
) -> None:
    options = {"optimizer": optimizer, "weight_decay": 0.01}
    whole = train(**options)
    for step in range(1, whole.ended.steps):
        folder = tmp_path / str(step)
        first = train([(step, Stop())], folder=folder, **options)
        then = go_on(folder)
        assert then.sha256 == whole.sha256
        assert results_of(first.events + then.events) == results_of(whole.events)
        assert [event.step for event in then.all(Restored)] == [step]
        told = sum(len(event.losses) for ran in (first, then) for event in ran.all(StepsDone))
        assert told == whole.ended.steps


def test_what_was_saved_says_where_the_run_goes_on(train: Any, go_on: Any, tmp_path: Path) -> None:
    change = SetLearningRate(0.02)
    train([(4, change), (11, Stop())], folder=tmp_path / "run")
    ran = go_on(tmp_path / "run")
    (restored,) = ran.all(Restored)
    assert ran.events.index(restored) == 1
    assert (restored.step, restored.epoch) == (11, 1 + 96 / 230)
    assert restored.lineage == (AppliedCommand(4, change),)
    assert restored.settings.learning_rate == 0.02
    assert [epoch["epoch"] for epoch in restored.epochs] == [1]
    assert restored.complaints == []
    assert not ran.all(SettingChanged)  # it was told in the first life
    rows = (tmp_path / "run" / METRICS).read_text().splitlines()
    assert [row.split(",")[:2] for row in rows[1:]] == [["1", "8"], ["2", "16"]]


# What was done after the last save


@pytest.mark.parametrize(
    "command",
    [
        SetOptimizer("momentum"),
        SetLearningRate(0.05),
        ScaleLearningRate(2),
        SetClipping(value=0.01),
        SetAugmentation("elastic"),
        SetBatchSize(20),
        AddEpochs(1),
    ],
    ids=lambda command: type(command).__name__,
)
@pytest.mark.usefixtures("saved_when_asked")
def test_a_command_after_the_last_save_is_repeated(
    command: Command, train: Any, kill: Any, go_on: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    script = [(5, Save()), (7, command), (7, ScaleLearningRate(0.7)), (9, Pause())]
    kill(lambda event: isinstance(event, Paused), script, folder=folder)
    ran = go_on(folder)
    assert [event.step for event in ran.all(Restored)] == [5]
    assert [event.step for event in ran.all(SettingChanged)][-1:] == [7]
    assert ran.sha256 == train(script[1:3]).sha256
    told = [line["step"] for line in SavedRun.read(folder).lines() if "command" in line]
    assert told == [7, 7]  # not once more


@pytest.mark.usefixtures("saved_when_asked")
def test_a_run_without_any_save_is_learned_again(
    train: Any, kill: Any, go_on: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    script = [(2, SetOptimizer("sgd")), (9, SetLearningRate(0.3)), (12, Pause())]
    kill(lambda event: isinstance(event, Paused), script, folder=folder)
    ran = go_on(folder)
    assert [event.step for event in ran.all(Restored)] == [0]
    assert ran.sha256 == train(script[:2]).sha256


@pytest.mark.usefixtures("saved_when_asked")
def test_new_commands_wait_until_the_old_ones_are_repeated(
    train: Any, kill: Any, go_on: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    before = [(2, SetOptimizer("sgd")), (9, SetLearningRate(0.3))]
    kill(lambda event: isinstance(event, Paused), [*before, (12, Pause())], folder=folder)
    ran = go_on(folder, [(4, ScaleLearningRate(0.5)), (5, Save())])
    assert ran.sha256 == train([*before, (9, ScaleLearningRate(0.5))]).sha256
    assert 5 in [event.step for event in ran.all(CheckpointSaved)]  # what steers nothing does not
    assert go_on(folder).sha256 == ran.sha256


def test_a_copy_of_a_running_run_goes_on_by_itself(
    digits: Dataset, config: RunConfig, train: Any, go_on: Any, tmp_path: Path
) -> None:
    script = [(6, Save()), (7, SetOptimizer("rmsprop"))]
    trainer = RunRequest(config, tmp_path / "run").trainer(
        digits, CommandScript(script), interactive=False
    )
    copied = 0
    for event in trainer.run():
        if isinstance(event, CheckpointSaved | SettingChanged | EpochEnded):
            shutil.copytree(tmp_path / "run", tmp_path / str(copied))
            copied += 1
        ended = event
    expected = train(script[1:]).sha256
    assert isinstance(ended, RunEnded)
    assert ended.weights_sha256 == expected
    assert copied >= 6
    for number in range(copied):
        rest = [] if SavedRun.read(tmp_path / str(number)).history().lineage else script[1:]
        assert go_on(tmp_path / str(number), rest).sha256 == expected


# Checkpoints that can not be used


@pytest.mark.usefixtures("saved_when_asked")
def test_a_damaged_checkpoint_falls_back_to_the_one_before(
    train: Any, go_on: Any, tmp_path: Path
) -> None:
    script = [(4, Save()), (6, SetLearningRate(0.05)), (9, Stop())]
    whole = train(script[1:2])
    for damaged, step in {CHECKPOINT: 4, PREVIOUS: 9, BEST: 9}.items():
        folder = tmp_path / damaged
        train(script, folder=folder)
        content = bytearray((folder / damaged).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / damaged).unlink()  # the best is the last under a second name
        (folder / damaged).write_bytes(content)
        ran = go_on(folder)
        (restored,) = ran.all(Restored)
        assert restored.step == step
        assert len(restored.complaints) == 1
        assert "damaged" in restored.complaints[0]
        assert damaged in restored.complaints[0]
        assert ran.sha256 == whole.sha256


def test_without_a_checkpoint_that_is_whole_all_is_learned_again(
    train: Any, go_on: Any, tmp_path: Path
) -> None:
    script = [(4, Save()), (6, SetLearningRate(0.05)), (9, Stop())]
    train(script, folder=tmp_path / "run")
    for name in CHECKPOINTS:
        (tmp_path / "run" / name).write_bytes(b"nothing")
    ran = go_on(tmp_path / "run")
    (restored,) = ran.all(Restored)
    assert restored.step == 0
    assert "repeated from its beginning" in restored.complaints[-1]
    assert ran.sha256 == train(script[1:2]).sha256


@pytest.mark.usefixtures("saved_when_asked")
@pytest.mark.parametrize("before", [[], [(7, SetLearningRate(0.3)), (12, Undo())]], ids=str)
def test_kills_between_a_checkpoint_and_its_line_in_the_journal_lose_no_save(
    before: list[tuple[int, Command]],
    digits: Dataset,
    config: RunConfig,
    train: Any,
    go_on: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Such a save is not acknowledged, but the one before is."""
    folder = tmp_path / "run"
    write = checkpoint_files.write_whole

    def write_and_die(path: Path, *arguments: Any, **options: Any) -> None:
        write(path, *arguments, **options)
        if path.name == CHECKPOINT:
            raise Killed

    opening = RunRequest(config, folder)
    script = [*before, (2, Save())]
    for step in (4, 6, 6, 6):  # in one epoch: its end would tell of more steps
        events = opening.trainer(
            digits, CommandScript([*script, (step, Save())]), interactive=False
        ).run()
        with monkeypatch.context() as patch:
            for event in events if script else ():
                if isinstance(event, CheckpointSaved) and event.step == 2:
                    break
            patch.setattr(checkpoint_files, "write_whole", write_and_die)
            with pytest.raises(Killed):
                list(events)
        start_point = StartPoint.for_resume(SavedRun.read(folder))
        assert start_point.state is not None, (
            "the save at step 2 was acknowledged, but nothing is left"
        )
        assert start_point.state.step >= 2
        opening, script = resume_request(folder), []
    assert go_on(folder).sha256 == train().sha256


# Runs that have ended


def test_a_finished_run_ends_again(train: Any, go_on: Any, tmp_path: Path) -> None:
    first = train(folder=tmp_path / "run")
    again = go_on(tmp_path / "run")
    assert again.sha256 == first.sha256
    assert again.ended.reason == "finished"
    assert not again.all(StepsDone)
    assert SavedRun.read(tmp_path / "run").state() == "finished"


def test_a_finished_run_learns_on_with_more_epochs(train: Any, go_on: Any, tmp_path: Path) -> None:
    train(folder=tmp_path / "run")
    longer = go_on(tmp_path / "run", [(16, AddEpochs(2))])
    assert longer.sha256 == train([(16, AddEpochs(2))]).sha256
    assert longer.ended.epochs == 4
    watched = tmp_path / "monitored"
    train(folder=watched)
    script = [(NEVER, AddEpochs(2)), (NEVER, Stop())]
    ran = go_on(watched, script, interactive=True)
    assert [event.reason for event in ran.all(Paused)] == ["finished", "finished"]
    assert ran.sha256 == longer.sha256


def test_a_diverged_run_diverges_again(train: Any, go_on: Any, tmp_path: Path) -> None:
    options = {"optimizer": "sgd", "learning_rate": 1e30, "folder": tmp_path / "run"}
    first = train([(NEVER, Stop(reason="diverged"))], **options)
    assert SavedRun.read(tmp_path / "run").state() == "diverged"
    again = go_on(tmp_path / "run", [(NEVER, Stop(reason="diverged"))])
    (one,), (other,) = first.all(Diverged), again.all(Diverged)
    assert (one.step, one.what) == (other.step, other.what)
    assert (again.sha256, again.ended.reason) == (first.sha256, "diverged")


def test_a_diverged_run_can_be_brought_back_later(train: Any, go_on: Any, tmp_path: Path) -> None:
    bad = (5, SetLearningRate(1e30))
    script = [bad, (NEVER, Stop(reason="diverged"))]
    train(script, folder=tmp_path / "run", optimizer="sgd")
    ran = go_on(tmp_path / "run", [(NEVER, Undo()), (NEVER, Stop())], interactive=True)
    assert [event.reason for event in ran.all(Paused)] == ["diverged", "finished"]
    assert ran.sha256 == train(optimizer="sgd").sha256


def test_a_run_that_was_paused_goes_on(train: Any, kill: Any, go_on: Any, tmp_path: Path) -> None:
    change = (6, SetLearningRate(0.05))
    script = [(6, Pause()), (6, Save()), change, (6, Resume()), (10, Pause())]
    pauses = iter([False, True])
    kill(lambda event: isinstance(event, Paused) and next(pauses), script, folder=tmp_path / "run")
    assert go_on(tmp_path / "run").sha256 == train([change]).sha256


@pytest.mark.usefixtures("saved_when_asked")
def test_a_change_that_was_told_is_in_the_journal(
    train: Any, kill: Any, go_on: Any, tmp_path: Path
) -> None:
    script = [(6, SetLearningRate(0.05))]
    kill(lambda event: isinstance(event, SettingChanged), script, folder=tmp_path / "run")
    assert go_on(tmp_path / "run").sha256 == train(script).sha256


# What is refused


def assert_free(folder: Path) -> None:
    assert SavedRun.read(folder).state() != "running"


def test_a_run_that_somebody_trains_is_refused(
    digits: Dataset, config: RunConfig, train: Any, go_on: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    script = CommandScript([(3, Save())])
    events = RunRequest(config, folder).trainer(digits, script, interactive=False).run()
    while not isinstance(next(events), CheckpointSaved):
        pass
    before = (folder / run_files.JOURNAL).read_bytes()
    with pytest.raises(RunTaken, match="in use by another process"):
        resume_request(folder).trainer(digits, CommandScript([]), interactive=False)
    with pytest.raises(RunTaken):
        next(RunRequest(config, folder).trainer(digits, CommandScript([]), interactive=False).run())
    assert SavedRun.read(folder).state() == "running"
    assert (folder / run_files.JOURNAL).read_bytes() == before
    *_, ended = events
    assert isinstance(ended, RunEnded)
    assert ended.weights_sha256 == train().sha256
    assert go_on(folder).sha256 == train().sha256


def test_a_run_that_was_just_resumed_is_refused_too(
    digits: Dataset, train: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    train([(3, Stop())], folder=folder)
    events = resume_request(folder).trainer(digits, CommandScript([]), interactive=False).run()
    next(events)
    with pytest.raises(RunTaken):
        resume_request(folder).trainer(digits, CommandScript([]), interactive=False)
    events.close()
    assert_free(folder)


@pytest.mark.parametrize(
    "other", [{"seed": 1}, {"train": 231}, {"test": 61}, {"classes": 5}], ids=str
)
def test_other_digits_are_refused(
    other: dict[str, int], train: Any, make_digits: Callable[..., Dataset], tmp_path: Path
) -> None:
    train([(3, Stop())], folder=tmp_path / "run")
    saved = SavedRun.read(tmp_path / "run")
    saved.check_dataset(make_digits())
    with pytest.raises(RunError, match="is not the dataset that"):
        saved.check_dataset(make_digits(**other))


def test_digits_of_another_name_are_the_same_digits(
    train: Any, make_digits: Callable[..., Dataset], tmp_path: Path
) -> None:
    train([(3, Stop())], folder=tmp_path / "run")
    moved = make_digits()
    object.__setattr__(moved, "name", "elsewhere")
    SavedRun.read(tmp_path / "run").check_dataset(moved)


@pytest.mark.parametrize("name", [CHECKPOINT, PREVIOUS, BEST])
def test_a_checkpoint_of_another_run_is_refused(
    name: str, digits: Dataset, train: Any, tmp_path: Path
) -> None:
    script = [(3, Save()), (8, Save()), (9, Stop())]
    train(script, folder=tmp_path / "run")
    train(script, folder=tmp_path / "other", seed=1)
    (tmp_path / "run" / name).unlink()  # the best may be the last under a second name
    shutil.copy(tmp_path / "other" / name, tmp_path / "run" / name)
    with pytest.raises(RunError, match=f"{name} does not belong .* seed 0, not 1"):
        resume_request(tmp_path / "run").trainer(digits, CommandScript([]), interactive=False)
    assert_free(tmp_path / "run")


def test_a_damaged_journal_is_refused(digits: Dataset, train: Any, tmp_path: Path) -> None:
    train([(3, SetLearningRate(0.05)), (9, Stop())], folder=tmp_path / "run")
    journal = tmp_path / "run" / run_files.JOURNAL
    whole = journal.read_bytes()
    for wrong in (b"x" + whole, whole.replace(b"set_learning_rate", b"set_learning_rat")):
        journal.write_bytes(wrong)
        with pytest.raises(RunError, match="damaged"):
            resume_request(tmp_path / "run").trainer(digits, CommandScript([]), interactive=False)
        assert journal.read_bytes() == wrong
        assert_free(tmp_path / "run")


def test_a_torn_last_line_of_the_journal_is_forgotten(
    train: Any, kill: Any, go_on: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    script = [(3, SetLearningRate(0.05)), (5, SetOptimizer("sgd")), (5, Pause())]
    kill(lambda event: isinstance(event, Paused), script, folder=folder)
    journal = folder / run_files.JOURNAL
    journal.write_bytes(journal.read_bytes()[:-4])
    ran = go_on(folder)
    assert ran.sha256 == train(script[:1]).sha256
    assert [line.get("command") for line in SavedRun.read(folder).lines()].count(None) >= 3


def test_pauses_and_looks_are_nothing_to_repeat(train: Any, go_on: Any, tmp_path: Path) -> None:
    script = [(3, Pause()), (3, Resume()), (5, Pause()), (5, Save()), (NEVER, Stop())]
    train(script, folder=tmp_path / "run")
    assert SavedRun.read(tmp_path / "run").history().lineage == ()
    assert go_on(tmp_path / "run").sha256 == train().sha256


def seen(history: PredictionHistory) -> list[tuple[int, bytes]]:
    """A history's looks, in plain values."""
    return [(epoch, predictions.tobytes()) for epoch, predictions in history.walk()]


@pytest.mark.parametrize("step", [3, 8, 13])
def test_what_was_predicted_at_each_epoch_is_remembered(
    train: Any, go_on: Any, tmp_path: Path, step: int
) -> None:
    whole = seen(train(epochs=3).trainer.state.history)
    assert [epoch for epoch, _ in whole] == [1, 2, 3]
    train([(step, Stop())], folder=tmp_path, epochs=3)
    assert seen(go_on(tmp_path).trainer.state.history) == whole


def test_it_is_remembered_without_a_checkpoint_too(train: Any, go_on: Any, tmp_path: Path) -> None:
    whole = seen(train(epochs=3).trainer.state.history)
    train([(13, Stop())], folder=tmp_path, epochs=3)
    for name in CHECKPOINTS:
        (tmp_path / name).unlink(missing_ok=True)
    assert seen(go_on(tmp_path).trainer.state.history) == whole


def test_going_back_takes_back_what_was_seen_since(train: Any) -> None:
    ran = train([(20, GoBack(4, ())), (9, Stop())], epochs=3, interactive=True)
    once = train([(9, Stop())], epochs=3)
    assert seen(ran.trainer.state.history) == seen(once.trainer.state.history)
