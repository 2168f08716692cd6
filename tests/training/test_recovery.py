"""A run goes on when it loses worker processes, and arrives at the same bits."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.command_script import CommandScript
from support.rarely import endurance, rarely
from support.runs import Ran
from support.workers import alive, needs_workers, wait_until, workers_of

from digit_tui.data import Dataset
from digit_tui.engine import worker_pool, worker_processes
from digit_tui.run.commands import Fork, GoBack, Prune, SetLearningRate, SetOptimizer, Stop
from digit_tui.run.events import Event, StepsDone, WorkerLost
from digit_tui.training import recovery, step_publisher
from digit_tui.training.command_source import Mailbox
from digit_tui.training.trainer import Trainer

pytestmark = needs_workers

DYING = """\
import os, sys
from pathlib import Path
from digit_tui.engine.barrier import Barrier
arrive, arrivals = Barrier.__call__, 0
def arrive_or_die(self):
    global arrivals
    arrivals += 1
    if arrivals == {arrival} and not Path({mark!r}).exists():
        Path({mark!r}).touch()
        os.kill(os.getpid(), {signal})
    arrive(self)
Barrier.__call__ = arrive_or_die
"""


@pytest.fixture(autouse=True)
def published_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_publisher, "PUBLISH_SECONDS", 0.0)


@pytest.fixture
def die_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Has the first worker process that comes to its n-th barrier die, or stop, there."""

    def die(arrival: int, number: int = signal.SIGKILL) -> None:
        mark = str(tmp_path / f"died {arrival}")
        dying = DYING.format(arrival=arrival, mark=mark, signal=int(number))
        start = worker_processes._START.replace("run_worker(task)", dying + "run_worker(task)")
        monkeypatch.setattr(worker_processes, "_START", start)

    return die


# A step takes three barriers, a deformation and each request two: 76 in all.
@pytest.mark.parametrize("arrival", [17, *rarely(2, *range(3, 60, 10)), *endurance(*range(1, 77))])
@pytest.mark.parametrize("interactive", [False, *rarely(True)])
def test_a_process_that_dies_anywhere_changes_no_bit(
    arrival: int, interactive: bool, train: Any, die_at: Callable[..., None]
) -> None:
    script = [(3, SetLearningRate(0.02)), (5, Prune(0.4)), (9, SetOptimizer("momentum"))]
    settings = {"threads": 2, "augment": "elastic", "interactive": interactive}
    if interactive:
        script = [*script, (16, Stop())]
    expected = train(script, **settings)
    die_at(arrival)
    ran = train(script, **settings)
    (lost,) = ran.all(WorkerLost)
    assert lost.reason == "was killed by signal 9 (out of memory?)"
    assert lost.processes == 2
    assert not alive(lost.pid)
    assert ran.sha256 == expected.sha256
    assert ran.ended.test_correct == expected.ended.test_correct
    assert counts(ran) == counts(expected)


def counts(ran: Ran) -> list[tuple[Any, ...]]:
    """What is told of the steps, however they are published."""
    return [
        (*map(float, each),)
        for event in ran.all(StepsDone)
        for each in zip(event.positions, event.losses, event.gradient_norms, strict=True)
    ]


@pytest.mark.parametrize("arrival", [30, *rarely(55, 80)])
def test_a_process_that_dies_while_two_branches_train_or_one_goes_back(
    arrival: int, train: Any, die_at: Callable[..., None]
) -> None:
    script = [
        (2, SetLearningRate(0.02)),
        (5, GoBack(2, ())),
        (6, Fork((SetOptimizer("sgd"),))),
        (16, Stop()),
    ]
    expected = train(script, threads=2, interactive=True)
    die_at(arrival)
    ran = train(script, threads=2, interactive=True)
    assert len(ran.all(WorkerLost)) == 1
    assert ran.sha256 == expected.sha256


@pytest.mark.parametrize("copies", ["few", "many"])
def test_lost_steps_are_computed_again_from_the_last_copy(
    copies: str, train: Any, die_at: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "COPY_SHARE", {"few": -1.0, "many": 1e9}[copies])
    expected = train(threads=2, augment="none")
    die_at(40)
    ran = train(threads=2, augment="none")
    assert len(ran.all(WorkerLost)) == 1
    assert ran.sha256 == expected.sha256


@pytest.mark.long
def test_after_three_deaths_within_a_minute_one_process_goes_on(train: Any, config: Any) -> None:
    expected = train(threads=2, epochs=40)
    killed: list[int] = []

    def kill(event: Event) -> None:
        if isinstance(event, StepsDone) and (processes := workers_of(os.getpid())):
            killed.append(processes[0])
            os.kill(processes[0], signal.SIGKILL)

    ran = drive(expected.trainer._dataset, config.with_(threads=2, epochs=40), kill)
    assert [lost.pid for lost in ran.all(WorkerLost)] == killed
    assert [lost.processes for lost in ran.all(WorkerLost)] == [2, 2, 1]
    assert ran.sha256 == expected.sha256


def drive(digits: Dataset, config: Any, met: Callable[[Event], None]) -> Ran:
    trainer = Trainer(config, digits, CommandScript([]))
    events = []
    for event in trainer.run():
        events.append(event)
        met(event)
    return Ran(trainer, events)


def test_a_process_that_fails_says_why(train: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = train(threads=2)
    monkeypatch.setattr(worker_processes, "_START", "raise RuntimeError('by design')")
    ran = train(threads=2)
    assert {lost.reason for lost in ran.all(WorkerLost)} == {
        "ended with status 1 (RuntimeError: by design)"
    }
    assert len(ran.all(WorkerLost)) == worker_pool.DEATHS
    assert ran.sha256 == expected.sha256


def test_when_no_process_can_be_started_any_more_one_goes_on(
    train: Any, die_at: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = train(threads=2, epochs=4)
    die_at(20)
    trainer = Trainer(expected.trainer._config, expected.trainer._dataset, CommandScript([]))
    run = trainer.run()
    events = [next(run)]
    wait_until(lambda: workers_of(os.getpid()))
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    events += run
    _, failed = Ran(trainer, events).all(WorkerLost)
    assert (failed.pid, failed.processes) == (None, 1)
    assert failed.reason.startswith("cannot start a worker process: No such file or directory")
    assert Ran(trainer, events).sha256 == expected.sha256


@pytest.mark.long
def test_a_process_that_does_not_answer_is_replaced(
    train: Any, die_at: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = train(threads=2)
    monkeypatch.setattr(worker_processes, "ANSWER_SECONDS", 0.3)
    die_at(25, signal.SIGSTOP)
    ran = train(threads=2)
    (lost,) = ran.all(WorkerLost)
    assert lost.reason.startswith("has not answered for 0.")
    assert not alive(lost.pid)
    assert ran.sha256 == expected.sha256


def test_nobody_who_wants_to_leave_waits_for_a_process_that_does_not_answer(
    digits: Dataset, config: Any
) -> None:
    mailbox = Mailbox()
    trainer = Trainer(config.with_(threads=2, epochs=1_000_000), digits, mailbox)
    events = []
    for event in trainer.run():
        events.append(event)
        if isinstance(event, StepsDone) and len(events) == 20:
            os.kill(workers_of(os.getpid())[0], signal.SIGSTOP)
            mailbox.send(Stop())
    (lost,) = Ran(trainer, events).all(WorkerLost)
    assert lost.reason.startswith("has not answered for 0.")
    assert Ran(trainer, events).ended.reason == "stopped"
