"""Which of a run and its fork is called last: the one that a person sat in front of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from support.forks import STOP
from support.saved_runs import edit

from digit_tui.run.commands import AddEpochs, Fork, Keep, SetLearningRate, Stop
from digit_tui.run.events import EpochEnded, Event, ForkEnded
from digit_tui.storage import run_index
from digit_tui.storage.run_index import find_run, last_interrupted, list_runs

FORK = (5, Fork((SetLearningRate(0.03),)))
BAD_FORK = (5, Fork((SetLearningRate(1e30),)))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a run in the state directory; its fork will be beside it."""
    monkeypatch.setattr(run_index, "runs_folder", lambda: tmp_path)
    return tmp_path / "run"


def tick(monkeypatch: pytest.MonkeyPatch, minutes: int) -> None:
    """Let so many minutes pass between what is written down."""
    begun, ticks = datetime(2026, 1, 1, tzinfo=UTC), count(step=minutes)
    monkeypatch.setattr(
        "digit_tui.storage.run_writer._now",
        lambda: (begun + timedelta(minutes=next(ticks))).isoformat(timespec="seconds"),
    )


@pytest.fixture(params=[0, 1], ids=["within a second", "a minute each"])
def clock(request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tick(monkeypatch, request.param)


def last() -> str:
    found = find_run("last")
    assert list_runs()[0][-1].saved.path == found
    return found.name


def first_epoch(event: Event) -> bool:
    return isinstance(event, EpochEnded)


@pytest.mark.usefixtures("clock")
class TestTheSameEnd:
    """Both trained until it, so that it is the run."""

    @pytest.mark.parametrize("reason", ["stopped", "interrupted"])
    def test_somebody_leaves_or_a_signal_comes(self, reason: str, train: Any, folder: Path) -> None:
        train([FORK, (9, Stop(reason))], folder=folder, interactive=True, epochs=6)
        assert last() == "run"
        offered = last_interrupted()
        assert offered is not None
        assert offered.path == folder

    def test_all_epochs_are_done_and_nobody_sees(self, train: Any, folder: Path) -> None:
        train([FORK], folder=folder)
        assert last() == "run"

    def test_it_is_killed(self, kill: Any, folder: Path) -> None:
        kill(first_epoch, [FORK], folder=folder)
        assert last() == "run"

    def test_of_a_run_that_was_resumed(self, train: Any, go_on: Any, folder: Path) -> None:
        train([(3, Stop())], folder=folder, epochs=6)
        go_on(folder, [FORK, (9, Stop())])
        assert last() == "run"

    def test_of_a_fork_of_a_fork(self, train: Any, folder: Path) -> None:
        script = [FORK, (6, Keep(fork=True)), (9, Fork((SetLearningRate(0.02),)))]
        train(script, folder=folder)
        assert last() == "run-fork-5"


@pytest.mark.usefixtures("clock")
class TestOneOfThemWentOn:
    @pytest.mark.parametrize("fork", [False, True])
    @pytest.mark.parametrize("step", [8, 16])
    def test_it_was_kept(self, step: int, fork: bool, train: Any, folder: Path) -> None:
        """Also where all epochs were done."""
        script = [FORK, (step, Keep(fork)), (16, AddEpochs(1)), STOP]
        ran = train(script, folder=folder, interactive=True)
        assert len(ran.all(ForkEnded)) == 1
        assert find_run("last") == Path(ran.ended.run)
        assert last() == ("run-fork-5" if fork else "run")

    def test_the_fork_diverged(self, train: Any, folder: Path) -> None:
        (ended,) = train([BAD_FORK], folder=folder, optimizer="sgd").all(ForkEnded)
        assert (ended.kept, ended.reason) == ("run", "diverged")
        assert last() == "run"

    def test_the_run_diverged(self, train: Any, folder: Path) -> None:
        script = [(5, SetLearningRate(1e30)), FORK]
        (ended,) = train(script, folder=folder, optimizer="sgd").all(ForkEnded)
        assert (ended.kept, ended.reason) == ("fork", "diverged")
        assert last() == "run-fork-5"

    def test_the_fork_was_resumed(self, train: Any, go_on: Any, folder: Path) -> None:
        train([FORK, (9, Stop())], folder=folder, epochs=6)
        go_on(folder.with_name("run-fork-5"), [(20, Stop())])
        assert last() == "run-fork-5"

    def test_the_run_was_resumed(self, train: Any, go_on: Any, folder: Path) -> None:
        train([FORK, (9, Stop())], folder=folder, epochs=6)
        go_on(folder, [(20, Stop())])
        assert last() == "run"


def test_both_went_on_one_after_the_other(
    train: Any, go_on: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tick(monkeypatch, 1)
    fork = folder.with_name("run-fork-5")
    train([FORK, (9, Stop())], folder=folder, epochs=6)
    for path, step in ((fork, 17), (folder, 18), (fork, 19), (folder, 20)):
        go_on(path, [(step, Stop())])
        assert find_run("last") == path


def test_files_that_name_each_other_are_no_trap(train: Any, folder: Path) -> None:
    train([FORK], folder=folder)
    edit(folder, forked_from={"run": str(folder.with_name("run-fork-5")), "step": 5})
    assert last() == "run"
