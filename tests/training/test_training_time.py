"""The training time that a run's results give: of all its sessions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.forks import NEVER, of_fork

from digit_tui.run.commands import Fork, Pause, Resume, Save, SetLearningRate, Stop, Undo
from digit_tui.run.events import EpochEnded, Event, RunEnded, StepsDone, WentBack
from digit_tui.storage.run_files import CHECKPOINTS
from digit_tui.storage.saved_run import SavedRun


def of_steps(events: list[Event]) -> float:
    """In seconds."""
    return sum(event.seconds for event in events if isinstance(event, StepsDone))


@pytest.mark.parametrize("step", [5, 8, 11])
def test_sessions_are_added_up(step: int, train: Any, go_on: Any, tmp_path: Path) -> None:
    first = train([(step, Stop())], folder=tmp_path / "run", epochs=3)
    second = go_on(tmp_path / "run", [(20, Stop())])
    third = go_on(tmp_path / "run")
    trained = 0.0
    for ran in (first, second, third):
        trained += of_steps(ran.events)
        assert ran.ended.seconds == pytest.approx(trained)
    assert SavedRun.read(tmp_path / "run").record["results"]["seconds"] == third.ended.seconds


@pytest.mark.usefixtures("saved_when_asked")
def test_a_killed_session_counts_as_far_as_it_was_saved(
    kill: Any, go_on: Any, tmp_path: Path
) -> None:
    told: list[Event] = []

    def when(event: Event) -> bool:
        told.append(event)
        return isinstance(event, EpochEnded) and event.epoch == 2

    kill(when, [(11, Save())], folder=tmp_path / "run", epochs=3)
    (epoch, _) = [event for event in told if isinstance(event, EpochEnded)]
    ran = go_on(tmp_path / "run")  # from step 11
    assert ran.ended.seconds > epoch.seconds + of_steps(ran.events)
    assert ran.ended.seconds < of_steps([*told, *ran.events])


def test_without_a_checkpoint_what_is_repeated_counts_once(
    train: Any, go_on: Any, tmp_path: Path
) -> None:
    train([(11, Stop())], folder=tmp_path / "run")
    for name in CHECKPOINTS:
        (tmp_path / "run" / name).unlink(missing_ok=True)
    ran = go_on(tmp_path / "run")
    assert ran.ended.seconds == pytest.approx(of_steps(ran.events))


def test_what_was_undone_does_not_count(train: Any) -> None:
    script = [(8, SetLearningRate(0.02)), (13, Undo()), (NEVER, Stop())]
    ran = train(script, interactive=True)
    (place,) = [at for at, event in enumerate(ran.events) if isinstance(event, WentBack)]
    (first, *_), after = ran.all(EpochEnded), of_steps(ran.events[place:])
    assert ran.ended.seconds == pytest.approx(first.seconds + after)


def test_a_pause_does_not_count(train: Any) -> None:
    ran = train([(5, Pause()), (5, Resume())])
    assert ran.ended.seconds == pytest.approx(of_steps(ran.events))


def test_a_fork_has_trained_as_long_as_the_run_before_it(
    train: Any, go_on: Any, tmp_path: Path
) -> None:
    train([(11, Stop())], folder=tmp_path / "run")
    ran = go_on(tmp_path / "run", [(12, Fork((SetLearningRate(0.03),)))])
    (ended,) = [event for event in of_fork(ran) if isinstance(event, RunEnded)]
    fork = SavedRun.read(Path(ended.run)).history()
    assert ended.seconds == pytest.approx(sum(line["seconds"] for line in fork.epochs))
    assert ended.seconds > of_steps(of_fork(ran))


def test_a_time_that_was_no_number_is_none(train: Any, go_on: Any, tmp_path: Path) -> None:
    train([(11, Stop())], folder=tmp_path / "run")
    journal = tmp_path / "run" / "journal.jsonl"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    changed = [line | {"seconds": None} if "seconds" in line else line for line in lines]
    journal.write_text("".join(json.dumps(line) + "\n" for line in changed))
    ran = go_on(tmp_path / "run")
    (epoch,) = ran.all(EpochEnded)
    assert ran.ended.seconds == pytest.approx(epoch.seconds)
