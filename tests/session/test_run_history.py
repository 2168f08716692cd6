"""What a run went through, as the rules on its health see it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.runs import GoOn, Ran, Train

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.insight.health.record import Record
from digit_tui.run import health_record
from digit_tui.run.commands import (
    AddEpochs,
    Command,
    Fork,
    ScaleLearningRate,
    SetBatchSize,
    SetOptimizer,
    Stop,
    Undo,
)
from digit_tui.run.events import EpochEnded, Evaluated, ForkEnded, SettingChanged
from digit_tui.session import run_history
from digit_tui.session.run_history import RunHistory
from digit_tui.session.run_status import RunStatus
from digit_tui.storage.saved_health import record_of_saved
from digit_tui.storage.saved_run import SavedRun

Script = list[tuple[int, Command]]
STEPS = 8
"""Of an epoch."""


def record_after(ran: Ran, config: RunConfig, digits: Dataset) -> Record:
    history, evaluated = RunHistory(config), None
    for event in ran.events:
        history.ingest(event, digits)
        if isinstance(event, Evaluated):
            evaluated = event
    return history.record(digits, evaluated)


def test_epochs_and_changes(train: Train, config: RunConfig, digits: Dataset) -> None:
    ran = train([(3, ScaleLearningRate(2.0)), (9, SetOptimizer("sgd"))])
    record = record_after(ran, config, digits)
    ended = ran.all(EpochEnded)
    assert [each.train_loss for each in record.epochs] == [each.train_loss for each in ended]
    assert [each.loss for each in record.epochs] == [each.test_loss for each in ended]
    assert [each.step for each in record.epochs] == [STEPS, 2 * STEPS]
    changed = ran.all(SettingChanged)
    assert [(each.step, each.setting, each.new) for each in record.changes] == [
        (each.step, each.setting, each.new) for each in changed
    ]
    assert record.changes[0].words == "learning rate 0.01 → 0.02"
    assert (len(record.changes), record.changed_by) == (3, 2)
    assert (record.optimizer, record.learning_rate) == ("sgd", 0.1)
    assert (record.classes, record.training_images, record.monitored_images) == (4, 230, 60)
    assert (record.step, record.epoch) == (2 * STEPS, 2.0)
    assert sum(each.steps for each in record.batches) == 2 * STEPS


def test_what_is_undone_is_dropped(train: Train, config: RunConfig, digits: Dataset) -> None:
    script: Script = [(3, ScaleLearningRate(2.0)), (12, ScaleLearningRate(0.5))]
    script += [(20, Undo()), (20, Stop())]
    ran = train(script, interactive=True, epochs=3)
    events = ran.events
    history = RunHistory(config)
    went = next(place for place, event in enumerate(events) if type(event).__name__ == "WentBack")
    for event in events[: went + 1]:
        history.ingest(event, digits)
    record = history.record(digits, None)
    assert [each.epoch for each in record.epochs] == [1]
    assert [each.words for each in record.changes] == ["learning rate 0.01 → 0.02"]
    assert record.step == 12
    assert all(each.step <= 12 for each in record.batches)


def test_a_resumed_run_knows_what_was_before(
    train: Train, go_on: GoOn, config: RunConfig, digits: Dataset, tmp_path: Path
) -> None:
    script = [(3, ScaleLearningRate(2.0)), (5, SetBatchSize(16))]
    first = record_after(train(script, folder=tmp_path / "run"), config, digits)
    again = record_after(go_on(tmp_path / "run", [(0, AddEpochs(1))]), config, digits)
    assert again.epochs[:2] == first.epochs
    assert again.changes[:2] == first.changes
    assert again.changes[1].words == "batch size 32 → 16"


def test_a_saved_run_is_seen_like_the_one_that_trains(
    train: Train, config: RunConfig, digits: Dataset, tmp_path: Path
) -> None:
    script = [(3, ScaleLearningRate(2.0)), (9, SetBatchSize(16)), (13, SetOptimizer("momentum"))]
    live = record_after(train(script, folder=tmp_path / "run"), config, digits)
    saved = record_of_saved(SavedRun.read(tmp_path / "run"), doubts=live.doubts)
    for name in Record.__dataclass_fields__:
        if name not in ("batches", "epoch"):
            assert getattr(saved, name) == getattr(live, name), name
    assert saved.epoch == pytest.approx(live.epoch)


def test_the_lists_are_bounded_and_the_best_epoch_stays(
    train: Train, config: RunConfig, digits: Dataset, monkeypatch: Any
) -> None:
    monkeypatch.setattr(run_history, "EPOCHS", 3)
    monkeypatch.setattr(run_history, "BATCHES", 2)
    ran = train([(16, ScaleLearningRate(3_000.0))], epochs=8, augment="none")
    record = record_after(ran, config, digits)
    losses = [each.test_loss for each in ran.all(EpochEnded)]
    best = losses.index(min(losses)) + 1
    assert best < 6
    assert [each.epoch for each in record.epochs] == [best, 6, 7, 8]
    assert len(record.batches) <= 2


def test_the_status_of_a_run_has_it_and_that_of_its_fork(
    train: Train, config: RunConfig, digits: Dataset
) -> None:
    fork = Fork((SetOptimizer("sgd"),))
    ran = train([(3, ScaleLearningRate(2.0)), (5, fork)])
    status = RunStatus(config)
    status.dataset = digits
    for event in ran.events:
        if isinstance(event, ForkEnded):
            break
        status.ingest(event)
    run = status.history.record(digits, status.evaluated)
    assert (len(run.epochs), run.changed_by, run.finished) == (2, 1, True)
    assert status.fork is not None
    record = status.fork.history.record(digits, status.fork.evaluated)
    assert [each.new for each in record.changes] == [0.02, "sgd", 0.1]
    assert (len(record.epochs), record.changed_by, record.optimizer) == (2, 2, "sgd")


def test_of_a_saved_run_the_same_epochs_are_looked_at(
    train: Train, config: RunConfig, digits: Dataset, monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.setattr(run_history, "EPOCHS", 3)
    monkeypatch.setattr(health_record, "EPOCHS", 3)
    script = [(16, ScaleLearningRate(3_000.0))]
    ran = train(script, epochs=8, augment="none", folder=tmp_path / "run")
    live = record_after(ran, config, digits)
    saved = record_of_saved(SavedRun.read(tmp_path / "run"))
    assert saved.epochs == live.epochs
    assert len(saved.epochs) == 4
