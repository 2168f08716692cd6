"""Schedule-Free AdamW trains some weights and evaluates others, wherever weights are evaluated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.runs import Train

from digit_tui.data import Dataset
from digit_tui.export.trained_network import TrainedNetwork
from digit_tui.nn import evaluate
from digit_tui.run.commands import (
    Inspect,
    Prune,
    SetOptimizer,
    Stop,
    SwitchOff,
    SwitchOn,
    Teach,
)
from digit_tui.run.events import Evaluated, Inspected, Warned
from digit_tui.run.state import RunState
from digit_tui.storage.saved_run import SavedRun

Z, X = 1, 2
OPTIONS: dict[str, Any] = {"optimizer": "schedulefree", "schedule": "constant"}


def own(state: RunState) -> np.ndarray:
    weights: np.ndarray = state.slots[X]
    return weights


@pytest.mark.parametrize("average", [True, False])
def test_its_own_average_is_evaluated_saved_and_exported(
    average: bool, train: Train, digits: Dataset, tmp_path: Path
) -> None:
    ran = train([(11, Inspect()), (11, Stop())], folder=tmp_path, average=average, **OPTIONS)
    state = ran.trainer.state
    assert (own(state) != state.parameters).any()
    (looked,) = ran.all(Inspected)
    saved = SavedRun.read(tmp_path)
    exported, _ = TrainedNetwork.of(saved, saved.checkpoint())
    evaluated = ran.ended.evaluated
    assert [evaluated.step, looked.step, saved.checkpoint().state.step] == [11] * 3
    np.testing.assert_array_equal(evaluated.network.parameters, own(state))
    np.testing.assert_array_equal(looked.evaluated_network.parameters, own(state))
    np.testing.assert_array_equal(saved.checkpoint().network.parameters, own(state))
    np.testing.assert_array_equal(exported.network.parameters, own(state))
    measured = evaluate(evaluated.network, *digits.split("test"))
    assert evaluated.evaluation.correct == measured.correct
    np.testing.assert_allclose(evaluated.evaluation.losses, measured.losses, atol=1e-5)
    assert looked.evaluated_weights == "averaged weights"
    latest, _ = TrainedNetwork.of(saved, saved.checkpoint(), average=False)
    np.testing.assert_array_equal(latest.network.parameters, state.parameters)
    assert (latest.averaged, latest.measured, exported.measured) == (False, False, True)


def test_another_optimizer_goes_on_with_the_weights_that_were_trained(train: Train) -> None:
    script = [(5, Inspect()), (5, SetOptimizer("sgd")), (5, Inspect()), (5, Stop())]
    ran = train(script, average=False, **OPTIONS)
    before, after = (each.state for each in ran.all(Inspected))
    np.testing.assert_array_equal(before.parameters, after.parameters)
    assert after.scalars == ()
    # The network that the run ends with is another one than was evaluated before.
    np.testing.assert_array_equal(ran.all(Evaluated)[-1].network.parameters, after.parameters)


def test_what_is_put_back_is_evaluated_again(train: Train) -> None:
    script = [
        *((5, SwitchOff(1, (2,))), (5, Prune(0.3)), (9, Inspect())),
        *((9, SwitchOn(1, (2,))), (9, Prune(0)), (9, Inspect()), (9, Stop())),
    ]
    ran = train(script, **OPTIONS)
    before, after = (each.state for each in ran.all(Inspected))
    mask = before.removed.mask
    assert not before.slots[:, mask].any()
    assert after.parameters[mask].any()
    for point in (Z, X):
        np.testing.assert_array_equal(after.slots[point][mask], after.parameters[mask])
        np.testing.assert_array_equal(after.slots[point][~mask], before.slots[point][~mask])


def test_all_that_it_averages_is_taught(train: Train, teach_8: Teach) -> None:
    ran = train([(5, Inspect()), (5, teach_8), (5, Inspect()), (5, Stop())], **OPTIONS)
    before, after = (each.state for each in ran.all(Inspected))
    moved = own(after) - own(before)
    assert moved.any()
    for one, other in ((before.parameters, after.parameters), (before.slots[Z], after.slots[Z])):
        np.testing.assert_allclose(other - one, moved, atol=1e-6)


@pytest.mark.parametrize(
    ("schedule", "optimizer", "told"),
    [("constant", "schedulefree", 0), ("cosine", "schedulefree", 1), ("cosine", "adam", 0)],
)
def test_a_schedule_beside_it_is_warned_of(
    schedule: str, optimizer: str, told: int, train: Train
) -> None:
    ran = train([(3, Stop())], schedule=schedule, optimizer=optimizer)
    assert len(ran.all(Warned)) == told
    switched = train([(2, SetOptimizer(optimizer)), (3, Stop())], schedule=schedule)
    assert len(switched.all(Warned)) == told
