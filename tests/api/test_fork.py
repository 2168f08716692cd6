"""A copy that trains beside a run, by the API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.api import NewRun

from digit_tui import ConfigError, RefusedError, RunError, open_run
from digit_tui.data import Dataset
from digit_tui.insight.significance import compare
from digit_tui.run.commands import Prune, SetOptimizer
from digit_tui.run.events import BranchEvent, EpochEnded


def test_a_fork_is_compared_and_kept(new_run: NewRun, digits: Dataset) -> None:
    run = new_run().train()
    fork = run.fork(optimizer="sgd", learning_rate=0.5)
    assert fork.active
    assert fork.changes == ["optimizer sgd at rate 0.5"]
    assert fork.weights_sha256 == run.weights_sha256
    events = list(run.events())
    assert any(isinstance(each, BranchEvent) for each in events)
    assert sum(isinstance(each, EpochEnded) for each in events) == 1
    # Each is what it would be alone.
    alone = new_run().train(2)
    changed = new_run().train().set(optimizer="sgd", learning_rate=0.5).train()
    assert run.weights_sha256 == alone.weights_sha256
    assert fork.weights_sha256 == changed.weights_sha256
    assert run.history["optimizer"].tolist() == ["adam", "adam"]
    assert fork.history["optimizer"].tolist() == ["adam", "sgd"]
    assert fork.compare() == compare(run.evaluate(), fork.evaluate())
    assert (fork.predict(digits.test_images) == changed.predict(digits.test_images)).all()
    assert len(fork.mistakes()) == 60 - fork.evaluate().correct
    assert "with a fork" in repr(run)
    assert repr(fork).endswith("trains beside its run>")
    fork.keep()
    assert run.weights_sha256 == fork.weights_sha256 == changed.weights_sha256
    assert run.settings.optimizer == "sgd"
    assert run.history["optimizer"].tolist() == ["adam", "sgd"]
    assert repr(fork).endswith("kept as the run>")
    assert run.train(None).weights_sha256 == changed.train(None).weights_sha256
    for use in (fork.keep, fork.drop, fork.compare):
        with pytest.raises(RunError, match="the fork has ended already"):
            use()


def test_a_fork_is_dropped_and_another_is_made(new_run: NewRun) -> None:
    run = new_run().train()
    first = run.fork(Prune(0.5))
    with pytest.raises(RefusedError, match=r"There is a fork beside the run: keep\(\) or drop\(\)"):
        run.fork(optimizer="sgd")
    with pytest.raises(RefusedError, match="There is a fork"):
        run.set(optimizer="sgd")
    run.train(steps=3)
    assert run.step == 11
    first.drop()
    second = run.fork(clip_norm=0.01)
    run.train(steps=1)
    second.keep()
    run.close()
    assert repr(first).endswith("dropped>")
    assert repr(second).endswith("kept as the run>")
    assert (run.settings.pruned, run.settings.clip_norm) == (0.0, 0.01)


def test_what_a_fork_cannot_do(new_run: NewRun, kept_digits: dict[str, Any]) -> None:
    run = new_run(**kept_digits).train(steps=1)
    with pytest.raises(
        ConfigError, match="batch_size is the same in a fork; what can change is opt"
    ):
        run.fork(batch_size=8)
    with pytest.raises(ConfigError, match="did you mean learning_rate"):
        run.fork(lr=8)
    for nothing in ({}, {"optimizer": "adam", "learning_rate": 0.01}):
        with pytest.raises(RefusedError, match="No fork: it would do the same as the run"):
            run.fork(**nothing)
    fork = run.fork(SetOptimizer("sgd"))
    with pytest.raises(RunError, match="keep or drop the fork first"):
        run.save()
    run.close()
    assert repr(fork).endswith("ended with its run>")
    assert fork.evaluate().total == 60


def test_of_two_the_one_that_diverges_ends(new_run: NewRun) -> None:
    run = new_run().train()
    fork = run.fork(optimizer="sgd", learning_rate=1e30)
    with pytest.warns(RuntimeWarning, match="one diverged: it goes on as the run"):
        run.train(None)
    assert not fork.active
    assert run.weights_sha256 == new_run().train(None).weights_sha256


def test_both_are_saved(new_run: NewRun, kept_digits: dict[str, Any], tmp_path: Path) -> None:
    run = new_run(**kept_digits, folder=tmp_path / "run").train(steps=1)
    fork = run.fork(optimizer="sgd")
    run.train(steps=1)
    fork.keep()
    assert run.folder == tmp_path / "run-fork-1"
    run.train(steps=1).close()
    assert open_run(tmp_path / "run").step == 2
    kept = open_run(tmp_path / "run-fork-1")
    assert (kept.step, kept.weights_sha256) == (3, run.weights_sha256)
