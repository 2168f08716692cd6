"""Snapshots of studies, the filter of trials, and what follows from them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support.sweep import BEGAN, board, trial

from digit_tui.insight.selection import SelectionError
from digit_tui.sweep.board import board_of
from digit_tui.sweep.progress import (
    improvements,
    last_end,
    seconds_left,
    shared_and_own,
    used_share,
)
from digit_tui.sweep.trial_filter import parse_filter

SETTINGS = ["lr", "optimizer", "hidden"]


def test_a_study_of_optuna_is_read() -> None:
    optuna = pytest.importorskip("optuna")
    from optuna.distributions import CategoricalDistribution, FloatDistribution
    from optuna.trial import TrialState, create_trial

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", study_name="first")
    study.set_user_attr("digit_tui", {"budget": {"trials": 9, "seconds": 60}, "started": 5.0})
    study.set_user_attr("paused", True)
    distributions = {
        "lr": FloatDistribution(1e-4, 1e-1, log=True),
        "optimizer": CategoricalDistribution(["sgd", "adam"]),
    }
    for number in range(5):
        study.add_trial(
            create_trial(
                params={"lr": 10.0 ** -(1 + number / 2), "optimizer": ("sgd", "adam")[number % 2]},
                distributions=distributions,
                value=0.9 + number / 100,
                intermediate_values={1: 0.5, 2: 0.9 + number / 100},
                user_attrs={"worker": "box-1", "epochs": 2, "run": "/runs/a"},
            )
        )
    running = study.ask(distributions)
    running.report(0.7, 1)
    running.set_user_attr("worker", "box-2")
    study.enqueue_trial({"lr": 0.01, "optimizer": "adam"})
    study.add_trial(create_trial(state=TrialState.FAIL))
    now = datetime.now() + timedelta(seconds=30)
    shares = (("lr", 1.0),)
    seen = board_of(study, storage="journal.log", importance=shares, now=now)
    assert (seen.study, seen.storage, seen.direction) == ("first", "journal.log", "maximize")
    assert (seen.budget_trials, seen.budget_seconds, seen.started) == (9, 60.0, 5.0)
    assert seen.paused
    assert seen.workers == ("box-2",)
    assert seen.logarithmic == {"lr"}
    states = [each.state for each in seen.trials]
    assert states == ["complete"] * 5 + ["running", "waiting", "failed"]
    first = seen.trials[0]
    assert (first.accuracies, first.accuracy, first.epoch, first.epochs) == ((0.5, 0.9), 0.9, 2, 2)
    assert first.run == Path("/runs/a")
    assert seen.trials[5].accuracy == 0.7
    assert 29 < seen.trials[5].seconds < 32
    assert seen.trials[6].params == {"lr": 0.01, "optimizer": "adam"}
    assert seen.importance == shares
    assert seen.ranked[0].number == 4
    study.set_user_attr("digit_tui", "of another version")
    assert board_of(study, importance=()).budget_trials is None


@pytest.mark.long
def test_the_setting_that_matters_is_the_most_important() -> None:
    optuna = pytest.importorskip("optuna")
    distributions = {
        "lr": optuna.distributions.FloatDistribution(0, 1),
        "noise": optuna.distributions.FloatDistribution(0, 1),
    }
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=1))
    for _ in range(60):
        asked = study.ask(distributions)
        study.tell(asked, asked.params["lr"])
    found = dict(board_of(study).importance)
    assert found["lr"] > 0.9
    assert sum(found.values()) == pytest.approx(1)


def test_nothing_is_said_of_few_trials_or_of_equal_ones() -> None:
    optuna = pytest.importorskip("optuna")
    study = optuna.create_study(direction="maximize")
    assert board_of(study).importance == ()
    for _ in range(6):
        asked = study.ask({"lr": optuna.distributions.FloatDistribution(0, 1)})
        study.tell(asked, 0.5)
    assert board_of(study).importance == ()


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        ("", [*range(12)]),
        ("running", [9, 10]),
        ("state=running,waiting", [9, 10, 11]),
        ("state!=complete", [5, 6, 8, 9, 10, 11]),
        ("acc>95%", [1, 3, 4, 7]),
        ("accuracy>=0.95 optimizer=sgd", [1, 4, 7]),
        ("hidden=64 lr<1e-3", [1, 4, 7]),
        ("trial=3,4", [3, 4]),
        ("epoch<5", [5, 6, 8, 11]),
        ("worker=box-1 seconds<=4", [6]),
        ("optimizer=ADAM pruned", []),
    ],
)
def test_a_filter_lists_what_it_says(text: str, listed: list[int]) -> None:
    chosen = parse_filter(text, SETTINGS)
    assert [each.number for each in board().trials if chosen.matches(each)] == listed
    assert parse_filter(str(chosen), SETTINGS) == chosen


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("optimiser=adam", "did you mean optimizer?"),
        ("zzz=1", "there are lr, optimizer, hidden, trial, state"),
        ("lr>fast", "fast is no number"),
        ("state=done", "done is no state: there are waiting, running"),
        ("what?", "what? is no condition"),
    ],
)
def test_what_is_no_filter_is_told(text: str, why: str) -> None:
    with pytest.raises(SelectionError) as error:
        parse_filter(text, SETTINGS)
    assert why in str(error.value)


def test_what_is_off_is_called_so() -> None:
    optuna = pytest.importorskip("optuna")
    study = optuna.create_study()
    study.add_trial(
        optuna.trial.create_trial(
            params={"sam": None},
            distributions={"sam": optuna.distributions.CategoricalDistribution((None, 0.05))},
            value=0.5,
        )
    )
    (row,) = board_of(study, importance=()).trials
    assert row.params == {"sam": None}
    assert parse_filter("sam=off", ["sam"]).matches(row)
    assert not parse_filter("sam!=off", ["sam"]).matches(row)
    assert not parse_filter("sam=off", ["sam"]).matches(replace(row, params={"sam": 0.05}))


def test_widths_with_commas_can_be_asked_for() -> None:
    chosen = parse_filter("hidden=256,128", ["hidden"])
    assert chosen.matches(replace(trial(0), params={"hidden": "256,128"}))
    assert chosen.matches(replace(trial(0), params={"hidden": "128"}))
    assert not chosen.matches(replace(trial(0), params={"hidden": "64"}))


def test_the_best_so_far_by_the_order_in_which_trials_ended() -> None:
    trials = [
        replace(trial(0), accuracy=0.9, started=BEGAN, ended=BEGAN + 100.0),
        replace(trial(1), accuracy=0.8, started=BEGAN, ended=BEGAN + 10.0),
        replace(trial(2), accuracy=0.85, started=BEGAN, ended=BEGAN + 50.0),
        replace(trial(3, "pruned"), accuracy=0.99, started=BEGAN, ended=BEGAN + 60.0),
        replace(trial(4), accuracy=0.9, started=BEGAN, ended=BEGAN + 120.0),
    ]
    found = improvements(board(*trials))
    assert [(each.number, each.trials, each.seconds) for each in found] == [
        (1, 1, 10.0),
        (2, 2, 50.0),
        (0, 4, 100.0),
    ]
    assert last_end(board(*trials)) == 120.0


def test_the_budget_that_is_used_and_the_time_left() -> None:
    some = board(budget_trials=60)
    assert used_share(some, BEGAN + 999) == 9 / 60
    assert seconds_left(some, BEGAN + 999) == pytest.approx(last_end(some) / 9 * 51)
    both = board(budget_seconds=400.0)
    assert used_share(both, BEGAN + 300) == 0.75
    assert seconds_left(both, BEGAN + 300) == 100
    assert used_share(board(budget_trials=None), BEGAN) is None
    assert seconds_left(board(budget_trials=None), BEGAN) is None
    assert used_share(board(budget_trials=3), BEGAN) == 1.0


def test_settings_in_common_and_of_each() -> None:
    one, two = (replace(trial(n), params={"lr": n, "a": 1}) for n in (1, 2))
    assert shared_and_own([one, two]) == ({"a": 1}, [{"lr": 1}, {"lr": 2}])
    assert shared_and_own([one]) == ({}, [{"lr": 1, "a": 1}])
    assert shared_and_own([]) == ({}, [])
