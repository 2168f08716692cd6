"""Sweeps whose workers and servers are killed: no trial is lost, and none counts twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple

import pytest
from optuna.trial import TrialState
from support.postgresql import PostgresServer, postgresql
from support.rarely import endurance, rarely

from digit_tui.storage.saved_run import SavedRun
from digit_tui.sweep.crew import Crew
from digit_tui.sweep.plan import Plan
from digit_tui.sweep.running import RunningSweep
from digit_tui.sweep.space_text import parse_dimension
from digit_tui.sweep.storages import place_of
from digit_tui.sweep.study import Sweep
from digit_tui.sweep.trial_run import train
from digit_tui.training.command_source import Mailbox
from digit_tui.training.run_request import RunRequest

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="kill -9"),
    pytest.mark.timeout(1800),
]

PLAN = Plan(
    (parse_dimension("lr=1e-3..1e-1:log"), parse_dimension("hidden=2..6")),
    "classic",
    {"data": "sample", "batch_size": 400, "epochs": 3, "validation": 1000, "threads": 1},
    sampler="random",
    pruner="none",
    epochs=3,
)
WORKERS = 4
PATIENCE_SECONDS = 8.0
"""For a trial of a worker that was killed before it had put its name on it."""


class Storage(NamedTuple):
    url: str | None
    server: PostgresServer | None


@contextmanager
def storage_of(kind: str, folder: Path) -> Iterator[Storage]:
    with ExitStack() as stack:
        if kind == "postgresql":
            server = stack.enter_context(postgresql())
            yield Storage(server.url, server)
        else:
            yield Storage(f"sqlite:///{folder}/studies.db" if kind == "sqlite" else None, None)


def run_with_kills(
    running: RunningSweep, server: PostgresServer | None, trials: int, kills: int
) -> list[dict[str, Any]]:
    """Kill a worker now and then, and the server once, until the sweep has ended."""
    chance = random.Random(1)
    events: list[dict[str, Any]] = []
    ended = killed = 0
    first_ended: float | None = None
    kill_at = server_starts = None
    end = monotonic() + 120 + 10 * trials
    while not running.ended():
        assert monotonic() < end, f"not done: {states(running.sweep)}, {running.troubles}"
        if (event := running.next_event(0.1)) is not None:
            events.append(event)
            if event["event"] == "trial_ended":
                ended += 1
                first_ended = first_ended or monotonic()
        if kill_at is None and killed < kills and ended > (killed + 1) * trials // (kills + 3):
            assert first_ended is not None
            # Somewhere in a trial, as long as one takes here: a wait in seconds would outlast all.
            trial_seconds = WORKERS * (monotonic() - first_ended) / ended
            kill_at = monotonic() + chance.uniform(0, trial_seconds)
        if server_starts is not None and monotonic() > server_starts:
            assert server is not None
            server.start()
            server_starts = None
        if kill_at is not None and server_starts is None and monotonic() > kill_at:
            kill_at, killed = None, killed + 1
            if killed == kills // 2 and server is not None:
                server.kill()
                server_starts = monotonic() + 3
            elif pids := running.crew.pids:
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(pids), signal.SIGKILL)
    assert killed == kills
    return events


def states(sweep: Sweep) -> Counter[str]:
    return Counter(trial.state.name for trial in sweep.study.trials)


KINDS = ["postgresql", "journal", *endurance("sqlite")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [*rarely((30, 5)), *endurance((200, 40))], ids=str)
def test_none_is_lost_and_none_counts_twice(
    kind: str, size: tuple[int, int], tmp_path: Path
) -> None:
    trials, kills = size
    with storage_of(kind, tmp_path) as storage:
        runs = None if storage.url is None else tmp_path / "runs"
        place = place_of("s", storage.url or str(tmp_path), runs)
        with closing(Sweep.create(place, PLAN.with_budget(trials, None))) as sweep:
            running = RunningSweep(sweep, Crew(place, 1, PATIENCE_SECONDS), WORKERS)
            try:
                events = run_with_kills(running, storage.server, trials, kills)
            finally:
                running.crew.kill()
            if storage.server is not None:
                assert any("answers again" in each for each in running.troubles), running.troubles
            check(sweep, trials, events)


def check(sweep: Sweep, count: int, events: list[dict[str, Any]]) -> None:
    trials = sweep.trials()
    assert [trial.number for trial in trials] == list(range(count))
    assert {trial.state for trial in trials} == {TrialState.COMPLETE}
    assert not any(trial.state is TrialState.COMPLETE for trial in surplus(sweep))
    # Each is told once, but where the worker was killed between the result and the telling.
    told = Counter(event["trial"] for event in events if event["event"] == "trial_ended")
    assert max(told.values()) == 1
    for trial in trials:
        (result,) = trial.user_attrs["results"]
        saved = SavedRun.read(Path(result["run"]))
        assert saved.state() == "finished"
        assert saved.record["results"]["validation_accuracy"] == trial.value == result["accuracy"]
        assert saved.config == sweep.plan.config(trial.params)
        # What was killed on the way came to the same network as what was not.
        assert sorted(trial.intermediate_values) == [1, 2, 3]
    assert len({trial.user_attrs["run"] for trial in trials}) == count
    assert len({trial.params["lr"] for trial in trials}) == count
    repeated = trials[:: max(count // 4, 1)]
    dataset = RunRequest(sweep.plan.config({})).load_dataset()
    for trial in repeated:
        folder = sweep.place.folder / f"again-{trial.number}"
        config = sweep.plan.config(trial.params)
        again = train(config, [folder], dataset, Mailbox(), 1, lambda *_: None, lambda *_: None)
        assert again.weights_sha256 == trial.user_attrs["results"][0]["weights_sha256"]


def surplus(sweep: Sweep) -> list[Any]:
    return [trial for trial in sweep.study.trials if trial.user_attrs.get("surplus")]


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = monotonic() + seconds
    while not holds():
        assert monotonic() < end
        sleep(0.1)


def children_of(parent: int) -> list[int]:
    """The processes that a process has started, and that have not ended."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(stat.parent.name))
    return found


LONG_TRIALS = [
    *("--data", "sample", "--preset", "classic", "--epochs", "1000", "--threads", "1"),
    *("--try", "lr=1e-3..1e-1:log", "--workers", "2", "--pruner", "none", "--batch"),
]


@contextmanager
def sweeping(folder: Path) -> Iterator[tuple[subprocess.Popen[str], Sweep, list[int]]]:
    """The program with two long trials under way: its process, the study, and its workers."""
    program = subprocess.Popen(
        [sys.executable, "-m", "digit_tui", "sweep", "s", "--storage", str(folder), *LONG_TRIALS],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stderr is not None
    try:
        place = place_of("s", str(folder))
        wait_until(lambda: place.journal.exists() and place.journal.stat().st_size > 0)
        with closing(Sweep.open(place)) as sweep:
            wait_until(
                lambda: sum(len(each.intermediate_values) > 2 for each in sweep.trials()) == 2
            )
            workers = children_of(program.pid)
            assert len(workers) == 2
            yield program, sweep, workers
    finally:
        program.kill()
        program.wait()
        program.stderr.close()


def wait_for_the_end(workers: list[int]) -> None:
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def check_saved(sweep: Sweep) -> None:
    """Both trials wait, and can be resumed from where they were."""
    assert {trial.state for trial in sweep.trials()} == {TrialState.WAITING}
    runs = [SavedRun.read(Path(trial.user_attrs["run"])) for trial in sweep.trials()]
    assert {run.state() for run in runs} == {"interrupted"}
    assert all(run.checkpoint().state.step == run.history().end for run in runs)


linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.mark.long
@linux
def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    """kill -9 of a sweep leaves no process behind, and its runs saved."""
    with sweeping(tmp_path) as (program, sweep, workers):
        program.kill()
        program.wait()
        wait_for_the_end(workers)
        check_saved(sweep)


@pytest.mark.long
@linux
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_the_runs(number: signal.Signals, tmp_path: Path) -> None:
    with sweeping(tmp_path) as (program, sweep, workers):
        program.send_signal(number)
        _, told = program.communicate(timeout=60)
        assert program.returncode == 128 + number
        assert "the runs are saved; go on with: digit-tui sweep join" in told
        wait_for_the_end(workers)
        check_saved(sweep)


@pytest.mark.long
@linux
def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    with sweeping(tmp_path) as (program, _, workers):
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)  # these will not save anything
        program.send_signal(signal.SIGINT)
        sleep(1)
        assert program.poll() is None
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=60)
        assert program.returncode == 128 + signal.SIGINT
        wait_for_the_end(workers)
