"""A run by the API is the run of `--batch`: the same weights, to the last bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.api import NewRun
from support.batch import events_of, record_of, run, run_saved
from support.rarely import rarely

from digit_tui import Run, open_run
from digit_tui.run.commands import Prune, Teach

OPTIONS: dict[str, Any] = {"hidden": 8, "optimizer": "adam", "batch_size": 125, "threads": 1}
"""Those of `support.batch.SMALL`."""


def test_the_weights_of_a_batch_run() -> None:
    ended = events_of(run("--epochs", "2", "--seed", "3", "--json").stdout)[-1]
    by_program = Run("classic", data="sample", epochs=2, seed=3, **OPTIONS)
    # However it is cut into pieces.
    by_program.train(steps=5).train(steps=1).train().train(None)
    assert by_program.weights_sha256 == ended["weights_sha256"]
    assert by_program.evaluate().correct == ended["test_correct"]
    assert by_program.history["test_accuracy"][-1] == ended["test_accuracy"]


def test_a_steered_run_is_replayed_and_resumed_to_the_same_bits(
    kept_digits: dict[str, Any], tmp_path: Path
) -> None:
    options = OPTIONS | kept_digits | {"epochs": 12}
    steered = Run("classic", folder=tmp_path / "run", **options)
    steered.train(steps=10).set(optimizer="sgd", learning_rate=0.5).train(steps=7).undo()
    steered.set(clip_norm=1.0).train().set(Prune(0.3), batch_size=200).train(steps=4)
    steered.close()
    assert record_of(tmp_path / "run")["state"] == "stopped"
    # On by the program, on by the API, and all anew from the journal.
    replayed = run_saved("--replay", str(tmp_path / "run"), "--run", str(tmp_path / "again"))
    assert replayed.exit_code == 0, replayed.output  # 1 if the weights differ
    assert open_run(tmp_path / "again").weights_sha256 == steered.weights_sha256
    with open_run(tmp_path / "again").resume() as on:
        on.train(None)
    assert run_saved("--resume", str(tmp_path / "run")).exit_code == 0
    assert open_run(tmp_path / "run").weights_sha256 == on.weights_sha256


@pytest.mark.parametrize("early", [True, False])
def test_a_run_that_begins_with_given_weights(
    kept_digits: dict[str, Any], tmp_path: Path, early: bool
) -> None:
    options = OPTIONS | kept_digits | {"epochs": 4}
    with Run("classic", **options) as first:
        given = [tuple(layer) for layer in first.train().weights]
        loss = first.evaluate().loss
    del options["hidden"]
    folder = tmp_path / "run"
    run = Run("classic", weights=given, folder=folder if early else None, **options)
    assert run.evaluate().loss == loss
    run.train(steps=3).set(optimizer="sgd").train().undo().train()
    run.save(folder)
    run.close()
    replayed = run_saved("--replay", str(folder), "--run", str(tmp_path / "again"))
    assert replayed.exit_code == 0, replayed.output
    assert open_run(tmp_path / "again").weights_sha256 == run.weights_sha256


def test_a_run_that_was_saved_late_is_resumed_and_replayed(
    kept_digits: dict[str, Any], tmp_path: Path
) -> None:
    options = OPTIONS | kept_digits | {"epochs": 12}
    late = Run("classic", **options)
    late.train().set(learning_rate=0.5).train(steps=3).undo().set(clip_value=0.1).train(steps=9)
    assert late.save(tmp_path / "late") == tmp_path / "late"
    before = late.weights_sha256
    late.set(augment="shift").train(steps=3).close()
    early = open_run(tmp_path / "late")
    assert early.weights_sha256 == late.weights_sha256 != before
    assert early.history["epoch"].tolist() == list(range(1, 8))
    again = run_saved("--replay", str(tmp_path / "late"), "--run", str(tmp_path / "again"))
    assert again.exit_code == 0, again.output
    with early.resume() as on:
        on.train(None)
    whole = Run("classic", **options)
    whole.train().set(clip_value=0.1).train(steps=9).set(augment="shift").train(None)
    assert on.weights_sha256 == whole.weights_sha256


@pytest.mark.parametrize("threads", rarely(2, 3))
def test_with_worker_processes(threads: int) -> None:
    options = ["--epochs", "1", "--threads", str(threads), "--json"]
    ended = events_of(run(*options).stdout)[-1]
    with Run("classic", data="sample", epochs=1, **OPTIONS | {"threads": threads}) as by_program:
        by_program.train(steps=9).train(None)
    assert by_program.weights_sha256 == ended["weights_sha256"]


def test_two_runs_take_turns(new_run: NewRun) -> None:
    alone = new_run(seed=1).train(2)
    one, other = new_run(seed=1), new_run(seed=2)
    for _ in range(2):
        one.train(steps=3)
        other.train(steps=2)
        one.train()
    other.close()
    assert one.weights_sha256 == alone.weights_sha256


@pytest.mark.long
def test_what_a_run_was_taught_in_memory_is_saved_with_it(
    teach_8: Teach, new_run: NewRun, kept_digits: dict[str, Any], tmp_path: Path
) -> None:
    taught = new_run(**kept_digits).train(steps=2)
    taught.set(teach_8).train(steps=1).save(tmp_path / "run")
    taught.close()
    again = run_saved("--replay", str(tmp_path / "run"), "--run", str(tmp_path / "again"))
    assert again.exit_code == 0, again.output
    assert open_run(tmp_path / "again").settings.taught == taught.settings.taught != ()
