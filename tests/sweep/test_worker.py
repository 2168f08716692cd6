"""Trials are ordinary runs, counted once, and none is lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from optuna.pruners import BasePruner
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState
from support.killed import Killed
from support.rarely import rarely
from support.runs import GoOn
from support.sweeps import MakeSweep, Told, work

from digit_tui.cli.main import cli
from digit_tui.cli.options import make_config
from digit_tui.config import RunConfig
from digit_tui.storage.saved_run import SavedRun
from digit_tui.sweep import lease, study, trial_in_hand, trial_run
from digit_tui.sweep.repeat_command import repeat_command
from digit_tui.sweep.study import Sweep, best_of
from digit_tui.sweep.summary import summarize, summary_lines, summary_to_json
from digit_tui.sweep.worker import Worker
from digit_tui.training.evaluator import Evaluator

STORAGES = ["journal", *rarely("sqlite")]


def url_of(kind: str, folder: Path) -> str | None:
    return f"sqlite:///{folder}/studies.db" if kind == "sqlite" else None


def killed_at(trial: int, epoch: int) -> Callable[[dict[str, Any]], None]:
    """What a worker tells, which ends at an epoch of a trial as if the process were killed."""

    def tell(event: dict[str, Any]) -> None:
        if event["event"] == "trial_epoch" and (event["trial"], event["epoch"]) == (trial, epoch):
            raise Killed

    return tell


def values_of(sweep: Sweep) -> list[tuple[TrialState, float | None, dict[str, Any]]]:
    return [(trial.state, trial.value, trial.params) for trial in sweep.trials()]


@pytest.mark.parametrize("kind", STORAGES)
def test_trials_are_runs_that_never_saw_the_test_set(
    kind: str, make_sweep: MakeSweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(*_: object) -> None:
        raise AssertionError("the test set")

    sweep = make_sweep(storage=url_of(kind, tmp_path), seeds=2)
    with monkeypatch.context() as patch:
        patch.setattr(Evaluator, "test", opened)
        told = work(sweep)
    trials = sweep.trials()
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 3
    assert len(told.of("trial_ended")) == 3
    for trial in trials:
        runs = [SavedRun.read(tmp_path / "s" / name) for name in _names(trial, 2)]
        assert [run.config.seed for run in runs] == [0, 1]
        assert {run.state() for run in runs} == {"finished"}
        results = [run.record["results"] for run in runs]
        assert [each["test_total"] for each in results] == [None, None]
        mean = sum(each["validation_accuracy"] for each in results) / 2
        assert trial.value == pytest.approx(mean)
        curves = [[line["validation_accuracy"] for line in run.history().epochs] for run in runs]
        means = [sum(each) / 2 for each in zip(*curves, strict=True)]
        assert list(trial.intermediate_values.values()) == pytest.approx(means)
        assert trial.user_attrs["run"] == str(runs[1].path)


def _names(trial: FrozenTrial, seeds: int) -> list[str]:
    return [f"{trial.number}" + (f"-{index}" if index else "") for index in range(seeds)]


@pytest.mark.parametrize("visible", [True, *rarely(False)])
def test_a_killed_worker_s_trial_goes_on_elsewhere_from_its_checkpoint(
    visible: bool,
    make_sweep: MakeSweep,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    saved_each_epoch: None,
) -> None:
    undisturbed = make_sweep(name="other")
    work(undisturbed)
    sweep = make_sweep()
    with pytest.raises(Killed):
        Worker(sweep, killed_at(1, 2), name="there:1").work()
    assert [trial.state.name for trial in sweep.trials()] == ["COMPLETE", "RUNNING"]
    if not visible:
        shutil.rmtree(tmp_path / "s" / "1")
    monkeypatch.setattr(study, "has_ended", lambda _: True)
    told = work(sweep)
    assert [event["trial"] for event in told.of("worker_lost")] == [1]
    epochs = [event["epoch"] for event in told.of("trial_epoch") if event["trial"] == 1]
    assert epochs == ([2, 3] if visible else [1, 2, 3])  # it ended before that epoch was saved
    assert values_of(sweep) == values_of(undisturbed)
    assert sweep.trials()[1].user_attrs["worker"] == "here:1"


def test_a_worker_that_shows_nothing_is_taken_for_lost(
    make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = make_sweep(trials=1)
    with pytest.raises(Killed):
        Worker(sweep, killed_at(0, 2), name="there:1").work()
    now = 100.0
    monkeypatch.setattr(lease, "monotonic", lambda: now)
    watch = lease.Watch(sweep, patience_seconds=60)
    assert watch.release_abandoned() == []
    now += 59
    assert watch.release_abandoned() == []
    sweep.beat(sweep.trials()[0]._trial_id, 2)  # it was not lost
    now += 59
    assert watch.release_abandoned() == []
    now += 61
    assert [trial.number for trial in watch.release_abandoned()] == [0]
    assert sweep.trials()[0].state is TrialState.WAITING
    assert watch.release_abandoned() == []


def test_a_worker_whose_trial_was_taken_over_leaves_it_alone(make_sweep: MakeSweep) -> None:
    sweep = make_sweep(trials=1)
    told = Told()
    worker = Worker(sweep, lambda event: hear(event), name="slow:1")

    def hear(event: dict[str, Any]) -> None:
        told.append(event)
        if event["event"] == "trial_epoch" and event["epoch"] == 2:
            sweep.study._storage.set_trial_user_attr(
                sweep.trials()[0]._trial_id, "worker", "quick:2"
            )
        if event["event"] == "trial_left":
            worker.stop()

    worker.work()
    assert [event["state"] for event in told.of("trial_left")] == ["lost"]
    assert not told.of("trial_ended")
    (trial,) = sweep.trials()
    assert (trial.state, trial.user_attrs["worker"]) == (TrialState.RUNNING, "quick:2")


def test_what_is_stopped_is_saved_and_goes_on_to_the_same_bits(make_sweep: MakeSweep) -> None:
    undisturbed = make_sweep(name="other")
    work(undisturbed)
    sweep = make_sweep()
    told = Told()

    def hear(event: dict[str, Any]) -> None:
        told.append(event)
        if event["event"] == "trial_epoch" and event["trial"] == 1:
            worker.stop()

    worker = Worker(sweep, hear)
    worker.work()
    assert [event["state"] for event in told.of("trial_left")] == ["left"]
    assert [trial.state.name for trial in sweep.trials()] == ["COMPLETE", "WAITING"]
    work(sweep)
    assert values_of(sweep) == values_of(undisturbed)
    sums = [
        [each["weights_sha256"] for trial in one.trials() for each in trial.user_attrs["results"]]
        for one in (sweep, undisturbed)
    ]
    assert sums[0] == sums[1]


class Second(BasePruner):
    """Gives up on the second trial after an epoch."""

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        return trial.number == 1


def test_a_pruned_run_is_saved_as_interrupted_and_can_be_resumed(
    make_sweep: MakeSweep, tmp_path: Path, go_on: GoOn
) -> None:
    sweep = make_sweep(pruner="median")
    sweep.study.pruner = Second()
    told = work(sweep)
    assert [event["state"] for event in told.of("trial_ended")] == [
        "complete",
        "pruned",
        "complete",
    ]
    pruned = sweep.trials()[1]
    assert (pruned.state, pruned.last_step) == (TrialState.PRUNED, 1)
    folder = tmp_path / "s" / "1"
    assert SavedRun.read(folder).state() == "interrupted"
    digits = Worker(sweep, told.append).dataset(sweep.plan.config(pruned.params))
    assert go_on(folder, dataset=digits).ended.reason == "finished"


def test_a_trial_that_diverges_is_given_up_and_says_so(make_sweep: MakeSweep) -> None:
    sweep = make_sweep("lr=1e25,1e26", optimizer="sgd", trials=1)
    (ended,) = work(sweep).of("trial_ended")
    assert ended["state"] == "pruned"
    assert ended["why"].startswith("diverged: ")
    assert sweep.trials()[0].state is TrialState.PRUNED


def test_a_fault_of_the_program_is_no_end_of_the_sweep(
    make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = make_sweep()

    def train_or_fail(config: RunConfig, *rest: Any) -> Any:
        if len(sweep.trials()) == 2:
            raise ZeroDivisionError("so it is")
        return trial_run.train(config, *rest)

    monkeypatch.setattr(trial_in_hand, "train", train_or_fail)
    told = work(sweep)
    states = [event["state"] for event in told.of("trial_ended")]
    assert states == ["complete", "failed", "complete"]
    assert "so it is" in told.of("trial_ended")[1]["why"]
    assert summarize(sweep, "trials").counts == {"complete": 2, "failed": 1}

    hopeless = make_sweep(name="other", trials=9)
    monkeypatch.setattr(trial_in_hand, "train", lambda *_: 1 / 0)
    worker = Worker(hopeless, told.append)
    worker.work()
    assert worker.failed == (1, "3 trials in a row failed")


def test_the_budget_holds_where_two_begin_the_last_trial_at_once(
    make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = make_sweep(trials=2)
    work(sweep)
    trials = sweep.trials
    monkeypatch.setattr(sweep, "trials", lambda: trials()[:1])  # as it was a moment before
    assert sweep.claim("late:1") is None
    monkeypatch.undo()
    assert [trial.number for trial in sweep.trials()] == [0, 1]
    assert len(sweep.study.trials) == 3
    assert sweep.done()


def test_more_trials_may_be_asked_for_later(make_sweep: MakeSweep) -> None:
    work(make_sweep(trials=1))
    more = make_sweep(trials=3)
    assert len(work(more).of("trial_ended")) == 2
    with pytest.raises(study.StudyError, match="with another space"):
        make_sweep("lr=1,2")
    with pytest.raises(study.StudyError, match="with another batch-size"):
        make_sweep(batch_size=16)


def test_time_is_a_budget_too(make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = make_sweep(trials=None, minutes=10)
    now = study.time()
    monkeypatch.setattr(study, "time", lambda: now)
    told = Told()

    def hear(event: dict[str, Any]) -> None:
        nonlocal now
        told.append(event)
        if len(told.of("trial_ended")) == 2:
            now += 601

    Worker(sweep, hear).work()
    assert len(sweep.trials()) == 2
    assert sweep.end_words() == "minutes"


def test_a_paused_sweep_begins_nothing(make_sweep: MakeSweep) -> None:
    sweep = make_sweep(trials=1)
    sweep.set_paused(True)
    waits = 0

    class Patient(Worker):
        def wait(self, seconds: float) -> bool:
            nonlocal waits
            waits += 1
            if waits == 3:
                assert sweep.trials() == []
                sweep.set_paused(False)
            return False

    Patient(sweep, lambda _: None).work()
    assert (waits, len(sweep.trials())) == (3, 1)


def test_the_best_are_measured_once_and_compared(
    make_sweep: MakeSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = make_sweep("lr=1e-4..1e-1:log", trials=4)
    work(sweep)
    summary = summarize(sweep, "trials")
    assert [each.number for each in summary.finalists] == [
        trial.number for trial in best_of(sweep.trials(), 3)
    ]
    first = summary.finalists[0]
    assert first.interval is not None
    assert first.test_accuracy is not None
    assert first.interval[0] <= first.test_accuracy <= first.interval[1]
    assert summary.comparison is not None
    lines = "\n".join(summary_lines(summary))
    assert ("this difference may well be noise" in lines) == summary.comparison.is_noise
    assert "4 trials: 4 complete" in lines
    json.dumps(summary_to_json(summary), allow_nan=False)

    def measured(*_: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr("digit_tui.sweep.summary.evaluate", measured)
    again = summarize(sweep, "trials")
    assert again == summary


@pytest.mark.parametrize("tried", [["optimizer=sgd,adamw", "lr=1e-3..1:log"], ["average=off"]])
def test_the_command_repeats_the_run(tried: list[str], make_sweep: MakeSweep) -> None:
    sweep = make_sweep(*tried, trials=1, seeds=2)
    work(sweep)
    (trial,) = sweep.trials()
    for index, result in enumerate(trial.user_attrs["results"]):
        program, *arguments = repeat_command(sweep.plan, trial.params, index).split()
        assert program == "digit-tui"
        context = cli.make_context("digit-tui", arguments, resilient_parsing=True)
        names = SavedRun.read(Path(result["run"])).config.to_json()
        options = {name: context.params[name] for name in names if name != "preset"}
        config = make_config(context.params["preset"], options)
        saved = SavedRun.read(Path(result["run"])).config
        assert config.with_(data=saved.data) == saved


def test_another_dataset_is_refused(make_sweep: MakeSweep) -> None:
    sweep = make_sweep()
    object.__setattr__(sweep.plan, "data_sha256", "0" * 64)
    with pytest.raises(study.StudyError, match="not the dataset of the study"):
        Worker(sweep, lambda _: None).work()
    assert sweep.trials() == []
