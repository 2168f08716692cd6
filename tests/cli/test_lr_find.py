"""`digit-tui lr-find`: a range test of a fresh network, or of a saved run."""

from __future__ import annotations

import json
from pathlib import Path
from signal import SIGTERM, raise_signal
from typing import Any

import numpy as np
import pytest
from support.cli import run
from support.command_script import CommandScript
from support.rarely import endurance, rarely
from support.saved_runs import write_digits
from threadpoolctl import threadpool_limits

from digit_tui.cli.lr_find import fresh
from digit_tui.config import RunConfig
from digit_tui.data import Dataset, load_dataset
from digit_tui.insight import rate_finder
from digit_tui.insight.rate_finder import RateCurve
from digit_tui.nn import RULES
from digit_tui.run.commands import Inspect, Stop, SwitchOff
from digit_tui.run.events import Inspected, RunEnded
from digit_tui.run.rate_search import FoundRate, RateSearch
from digit_tui.storage.run_writer import RunWriter
from digit_tui.training.trainer import Trainer

LEARNS = {"hidden": (16,), "batch_size": 32, "augment": "none", "threads": 1, "epochs": 4}


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Few steps, but for the long tests."""
    if "long" not in request.keywords:
        monkeypatch.setattr(rate_finder, "FEWEST", 80)
        monkeypatch.setattr(rate_finder, "MOST", 80)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_digits(tmp_path / "digits", seed=3)


def options(folder: Path, **others: Any) -> list[str]:
    given = {"data": folder, "side": 6, **LEARNS, "hidden": "16", **others}
    return [
        word
        for name, value in given.items()
        for word in (f"--{name.replace('_', '-')}", str(value))
    ]


def found_of(inspected: Inspected, dataset: Dataset, seed: int = 0) -> FoundRate:
    search = RateSearch(inspected, dataset, RunConfig(side=6, seed=seed))
    with threadpool_limits(limits=1, user_api="blas"):
        assert len(list(search.steps())) > 1
    return search.found()


def test_text_and_json_say_the_same() -> None:
    words = ["--data", "sample", "--preset", "classic", "--optimizer", "momentum"]
    told = run("lr-find", *words)
    assert told.exit_code == 0, told.stdout
    result = json.loads(run("lr-find", *words, "--json").stdout)
    assert result["optimizer"] == "momentum"
    assert result["present"] == result["base"] == RULES["momentum"].learning_rate
    assert len(result["rates"]) == len(result["losses"]) <= 80
    assert len(result["smoothed"]) == len(result["smoothed_rates"])
    assert result["rates"][0] == pytest.approx(1e-6)
    assert result["tenth"] == pytest.approx(result["minimum"] / 10)
    assert result["stopped_at"] == result["rates"][-1]
    assert result["why"] in ("exploded", "not finite")
    assert result["reason"] == ""
    found = f"steepest fall at {result['steepest']:.2g}; a tenth of the minimum's: "
    assert found + f"{result['tenth']:.2g}; you are at 0.05\n" in told.stdout
    assert f"to take the suggested rate: --lr {result['suggestion']:g}\n" in told.stdout
    assert "Loss by learning rate, log" in told.stdout
    assert "1e-5" in told.stdout


def test_it_is_that_of_a_run_before_its_first_step(folder: Path) -> None:
    """Every front end tests the copy that the trainer hands out."""
    config = RunConfig(data=str(folder), side=6, optimizer="adamw", **LEARNS)
    dataset = load_dataset(str(folder), 6)
    trainer = Trainer(config, dataset, CommandScript([(0, Inspect()), (0, Stop())]))
    (handed,) = [event for event in trainer.run() if isinstance(event, Inspected)]
    expected = found_of(handed, dataset)
    words = options(folder, optimizer="adamw", weight_decay=0)
    result = json.loads(run("lr-find", *words, "--json").stdout)
    assert result["losses"] == expected.curve.losses.tolist()
    assert result["smoothed"] == expected.curve.smoothed.tolist()
    assert result["steepest"] == expected.curve.steepest
    assert np.array_equal(fresh(config, dataset).state.parameters, handed.state.parameters)


@pytest.mark.parametrize("optimizer", ["adam", *rarely("sgd", "momentum", "rmsprop")])
def test_a_run_does_not_notice(folder: Path, tmp_path: Path, optimizer: str) -> None:
    """To the last bit, with units off and slots that remember."""
    config = RunConfig(data=str(folder), side=6, optimizer=optimizer, **LEARNS)
    dataset = load_dataset(str(folder), 6)
    off = SwitchOff(1, (2, 3))
    hashes = set()
    for tested in (False, True):
        asked = [(step, Inspect()) for step in (0, 5, 11, 20) if tested]
        script = CommandScript(sorted([(7, off), *asked], key=lambda each: each[0]))
        found = []
        for event in Trainer(config, dataset, script).run():
            if isinstance(event, Inspected):
                before = event.state.copy()
                found.append(found_of(event, dataset))
                assert np.array_equal(before.parameters, event.state.parameters)
                assert np.array_equal(before.slots, event.state.slots)
            if isinstance(event, RunEnded):
                hashes.add(event.weights_sha256)
        assert len(found) == len(asked)
    assert len(hashes) == 1
    assert found[0].curve.losses[0] != found[1].curve.losses[0]


def saved(folder: Path, path: Path, stop: int) -> Path:
    config = RunConfig(data=str(folder), side=6, optimizer="adam", **LEARNS)
    script = CommandScript([(stop, Stop())])
    for _ in Trainer(config, load_dataset(str(folder), 6), script, RunWriter(path)).run():
        pass
    return path


def test_a_saved_run_is_tested_as_it_is(folder: Path, tmp_path: Path) -> None:
    path = saved(folder, tmp_path / "run", stop=20)
    before = {each.name: each.read_bytes() for each in path.iterdir()}
    result = run("lr-find", "--resume", str(path), "--json")
    assert (result.exit_code, result.stderr) in ((0, ""), (1, result.stderr))
    found = json.loads(result.stdout)
    assert (found["step"], found["optimizer"]) == (20, "adam")
    assert found["present"] < found["base"] == 0.001  # cosine
    assert {each.name: each.read_bytes() for each in path.iterdir()} == before
    again = json.loads(run("lr-find", "--resume", str(path), "--json", "--threads", "1").stdout)
    assert again == found
    assert " at step 20\n" in run("lr-find", "--resume", str(path)).stdout


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--resume", "nowhere"], 3, "nowhere"),
        (["--best"], 2, "--best needs --resume"),
        (["--lr", "-1"], 2, "--lr: -1.0 is not a positive number"),
        (["--data", "/nowhere"], 3, "/nowhere"),
        (["extra"], 2, "extra"),
    ],
)
def test_what_cannot_be_done_is_said(
    arguments: list[str], status: int, words: str, program: Any
) -> None:
    ended = program("lr-find", *arguments)
    assert (ended.exit_code, ended.stdout) == (status, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith("digit-tui: ")
    assert words in line


def test_another_option_than_the_saved_runs(folder: Path, tmp_path: Path, program: Any) -> None:
    path = saved(folder, tmp_path / "run", stop=20)
    ended = program("lr-find", "--resume", str(path), "--optimizer", "sgd")
    assert ended.exit_code == 2
    assert "the run has --optimizer adam, not sgd; leave it out" in ended.stderr


def test_digits_that_are_too_easy_suggest_nothing(folder: Path) -> None:
    """Their loss only falls."""
    told = run("lr-find", *options(folder, optimizer="momentum"))
    reason = "no rate is suggested: the loss does not explode up to the highest rate, 10"
    assert (told.exit_code, told.stderr) == (1, f"digit-tui: {reason}\n")
    assert f"\n{reason}; you are at 0.05\n" in told.stdout


def test_prodigys_rate_is_left_alone(folder: Path) -> None:
    told = run("lr-find", *options(folder, optimizer="prodigy"))
    assert "prodigy finds its step size itself: leave the rate at 1" in told.stdout
    assert told.exit_code == (told.stderr != "")


def test_no_suggestion_is_a_failure_with_its_reason(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_finder, "FALL", 0.9999)
    told = run("lr-find", *options(folder))
    assert told.exit_code == 1
    assert told.stderr == "digit-tui: no rate is suggested: the loss falls at no rate\n"
    assert "no rate is suggested: the loss falls at no rate; you are at 0.002\n" in told.stdout
    assert "to take the suggested" not in told.stdout
    result = json.loads(run("lr-find", *options(folder), "--json").stdout)
    assert result["suggestion"] is result["steepest"] is result["tenth"] is None
    assert result["reason"] == "the loss falls at no rate"


def test_a_signal_ends_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = RateSearch.steps

    def interrupted(search: RateSearch) -> Any:
        for made in steps(search):
            if made == 2:
                raise_signal(SIGTERM)
            assert made < 4
            yield made

    monkeypatch.setattr(RateSearch, "steps", interrupted)
    ended = run("lr-find", *options(folder))
    assert (ended.exit_code, ended.stdout) == (128 + SIGTERM, "")


@pytest.mark.parametrize(
    "optimizer",
    [*rarely("adamw"), *endurance("sgd", "momentum", "nesterov", "rmsprop", "adam")],
)
def test_training_at_the_suggested_rate_works(sample: Dataset, optimizer: str) -> None:
    """It is about as good as the usual rate, and better than rates that are far from it."""
    config = RunConfig.from_preset("classic", data="sample", optimizer=optimizer, threads=1)
    suggestion = found_of(fresh(config, sample), sample).curve.suggestion
    assert suggestion is not None

    def accuracy(rate: float | None) -> float:
        for event in Trainer(config.with_(learning_rate=rate), sample, CommandScript([])).run():
            if isinstance(event, RunEnded):
                return event.test_accuracy or 0.0
        raise AssertionError("it has no end")

    reached = accuracy(suggestion)
    assert reached > accuracy(config.learning_rate) - 0.02
    assert reached > accuracy(suggestion / 30) + 0.01
    assert reached > accuracy(suggestion * 100) + 0.01


@pytest.mark.parametrize(
    ("base", "fits"), [(0.009, False), (0.01, True), (0.1, True), (0.9, True), (1.1, False)]
)
def test_a_rate_fits_that_does_as_well_as_the_suggested_one_or_better(
    base: float, fits: bool
) -> None:
    rates, losses = np.array([0.001, 0.01, 0.1, 1.0, 10.0]), np.array([2.0, 1.0, 0.5, 1.0, 9.0])
    curve = RateCurve(rates, losses, rates, losses, "exploded", 0.1, 0.003, 0.01, "")
    assert FoundRate(0, 0.0, "sgd", 10, base / 2, base, curve).fits == fits
