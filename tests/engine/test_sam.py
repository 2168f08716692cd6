"""Sharpness-aware minimisation: which gradient is used, in a run and on copies of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.rarely import rarely
from support.runs import Train, digits_of
from support.workers import needs_workers

from digit_tui.config import RunConfig
from digit_tui.nn import GradientPass, Network, scale_pixels
from digit_tui.nn.sharpness import ascend
from digit_tui.run.commands import Inspect, SetSam, Stop, SwitchOff, Undo
from digit_tui.run.events import Inspected, StepsDone
from digit_tui.run.inspection import step_of
from digit_tui.storage.saved_run import SavedRun

RHO = 0.3


def test_it_goes_up_the_gradient_by_rho() -> None:
    parameters, gradient = np.array([1.0, 2.0, 3.0]), np.array([0.0, 3.0, -4.0])
    ascend(parameters, gradient.copy(), 5.0, 0.5)
    np.testing.assert_allclose(parameters, [1.0, 2.3, 2.6])
    ascend(parameters, np.zeros(3), 0.0, 0.5)
    np.testing.assert_allclose(parameters, [1.0, 2.3, 2.6])


@pytest.mark.parametrize("threads", [1, pytest.param(3, marks=needs_workers)])
def test_a_step_is_made_with_the_gradient_there_from_the_weights_here(
    threads: int, train: Train
) -> None:
    digits = digits_of(train=120)
    ran = train(
        [(4, Inspect()), (5, Inspect()), (5, Stop())],
        **{
            "dataset": digits,
            "batch_size": 120,
            "augment": "none",
            "threads": threads,
            "epochs": 9,
        },
        **{"optimizer": "sgd", "learning_rate": 0.1, "schedule": "constant", "sam": RHO},
    )
    before, after = (event.network for event in ran.all(Inspected))
    exact = Network(before.sizes, before.parameters.astype(np.float64))
    inputs = scale_pixels(digits.train_images, np.empty(digits.train_images.shape))
    own = GradientPass(exact, 120)
    loss = own.run(inputs, digits.train_labels).loss
    ascended = exact.copy()
    ascended.parameters += RHO * own.gradient / np.linalg.norm(own.gradient)
    there = GradientPass(ascended, 120)
    there.run(inputs, digits.train_labels)
    moved = after.parameters - before.parameters
    np.testing.assert_allclose(moved, -0.1 * there.gradient, atol=1e-6)
    assert np.abs(there.gradient - own.gradient).max() > 1e-3
    steps = ran.all(StepsDone)[-1]
    assert steps.losses[-1] == pytest.approx(loss, rel=1e-4)  # at the weights
    assert steps.gradient_norms[-1] == pytest.approx(np.linalg.norm(there.gradient), rel=1e-3)


@needs_workers
@pytest.mark.parametrize("optimizer", ["muon", *rarely("prodigy")])
def test_its_bits_do_not_depend_on_processes(optimizer: str, train: Train) -> None:
    options: dict[str, Any] = {"optimizer": optimizer, "sam": 0.05, "hidden": (7, 5), "threads": 3}
    script = [(5, SwitchOff(1, (2,)))]
    sums = {train(script, processes=each, **options).sha256 for each in (1, 3)}
    assert len(sums) == 1
    state = train([*script, (9, Stop())], **options).trainer.state
    assert state.removed is not None
    assert not state.parameters[state.removed.mask].any()


@pytest.mark.parametrize("at", [0, 5])
def test_the_next_step_is_known_on_a_copy(at: int, train: Train) -> None:
    digits = digits_of(train=300)
    ran = train(
        [(at, Inspect()), (at + 1, Stop())],
        **{"dataset": digits, "batch_size": 300, "augment": "none", "threads": 1, "epochs": 9},
        **{"optimizer": "momentum", "learning_rate": 0.1, "sam": RHO, "clip_norm": 0.2},
    )
    (inspected,) = ran.all(Inspected)
    made = ran.trainer.state.parameters - inspected.network.parameters
    np.testing.assert_allclose(step_of(inspected, digits).update, made, atol=2e-6)
    assert np.abs(made).max() > 1e-3


def test_it_is_set_while_a_run_trains_undone_saved_and_gone_on_with(
    train: Train, go_on: Any, tmp_path: Path
) -> None:
    plain = train()
    script = [(4, SetSam(0.1)), (9, SetSam(0.0))]
    whole = train(script)
    assert whole.sha256 != plain.sha256
    train([script[0], (7, Stop())], folder=tmp_path)
    saved = SavedRun.read(tmp_path)
    assert saved.checkpoint().state.settings.sam == 0.1
    assert go_on(tmp_path, script[1:]).sha256 == whole.sha256
    undone = train([(4, SetSam(0.1)), (6, Undo())])
    assert undone.trainer.state.settings.sam == 0.0
    assert undone.sha256 == plain.sha256
    assert train(sam=0.1).sha256 != plain.sha256


def test_a_run_without_it_is_written_as_before() -> None:
    assert "sam" not in RunConfig().to_json()
    with_it = RunConfig(sam=0.05)
    assert RunConfig.from_json(with_it.to_json()) == with_it
    assert RunConfig.from_json(RunConfig().to_json()).sam == 0.0
