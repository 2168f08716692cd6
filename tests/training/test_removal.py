"""Units that are switched off, and pruned weights: they stay 0, and come back as they were."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.forks import STOP, needs_workers, of_fork
from support.rarely import endurance, rarely
from support.removal import BOTH, vectors_of

from digit_tui.config import OPTIMIZERS
from digit_tui.data import Dataset
from digit_tui.insight.significance import compare
from digit_tui.nn import (
    GradientPass,
    Network,
    parameters_of_units,
    scale_pixels,
    smallest_weights,
)
from digit_tui.run.commands import (
    Fork,
    Inspect,
    Pause,
    Prune,
    Resume,
    SetClipping,
    SetLearningRate,
    SetOptimizer,
    Stop,
    SwitchOff,
    SwitchOn,
)
from digit_tui.run.events import (
    Evaluated,
    Inspected,
    SettingChanged,
    TimelineChanged,
)
from digit_tui.run.state import RunState

SIZES = (36, 8, 4)


def looks(ran: Any) -> list[RunState]:
    return [event.state for event in ran.all(Inspected)]


# While training goes on


@pytest.mark.parametrize("threads", [1, pytest.param(2, marks=needs_workers)])
@pytest.mark.parametrize("average", [True, *rarely(False)])
@pytest.mark.parametrize("optimizer", ["adamw", "muon", *endurance(*OPTIMIZERS)])
def test_what_is_removed_stays_0_and_the_rest_learns(
    optimizer: str, average: bool, threads: int, train: Any
) -> None:
    for decay in (0.0, 0.01):
        script = [*BOTH, (5, Inspect())]
        ran = train(
            script, optimizer=optimizer, average=average, threads=threads, weight_decay=decay
        )
        state, (before,) = ran.trainer.state, looks(ran)
        assert state.step == 16
        mask = state.removed.mask
        units = parameters_of_units(SIZES, [(1, 2), (1, 5)])
        assert (mask & ~units).sum() > 50  # weights of other units are pruned
        assert mask[units].all()
        for vector in vectors_of(state):
            assert not vector[mask].any()
        learned = state.parameters[~mask] != before.parameters[~mask]
        assert learned.mean() > 0.5  # others have blank pixels


@needs_workers
@pytest.mark.parametrize("optimizer", ["momentum", *rarely("adamw")])
def test_the_bits_do_not_depend_on_the_processes(optimizer: str, train: Any) -> None:
    script = [*BOTH, (9, SwitchOn(1, (2,)))]
    options = {"optimizer": optimizer, "threads": 3}
    assert len({train(script, processes=each, **options).sha256 for each in (1, 2, 3)}) == 1


def test_the_norm_is_that_of_what_is_left(train: Any) -> None:
    """Clipping sees the gradient without the pruned weights: plain descent moves by its norm."""
    options: dict[str, Any] = {"optimizer": "sgd", "average": False, "schedule": "constant"}
    script = [(5, Prune(0.7)), (5, Inspect()), (6, Inspect()), (6, Stop())]
    ran = train([(5, SetClipping(norm=1e-3)), *script], **options)
    before, after = looks(ran)
    moved = np.linalg.norm(after.parameters.astype(float) - before.parameters.astype(float))
    assert moved == pytest.approx(0.01 * 1e-3, rel=1e-2)


def test_a_step_by_hand(train: Any, digits: Dataset) -> None:
    """One step of all images, so that the order does not matter."""
    script = [(1, SwitchOff(1, (2,))), (1, Prune(0.5)), (1, Inspect()), (2, Inspect())]
    ran = train(
        script,
        optimizer="sgd",
        average=False,
        augment="none",
        schedule="constant",
        batch_size=230,
        weight_decay=0.02,
    )
    before, after = looks(ran)
    own = GradientPass(Network(SIZES, before.parameters), 230)
    own.run(scale_pixels(digits.train_images, np.empty((230, 36), np.float32)), digits.train_labels)
    gradient = np.where(before.removed.mask, 0, own.gradient + 0.02 * before.parameters)
    expected = before.parameters - 0.01 * gradient
    np.testing.assert_allclose(after.parameters, expected, rtol=1e-5, atol=1e-7)
    assert (before.parameters != after.parameters).mean() > 0.3


# What comes back


@pytest.mark.parametrize("average", [True, False])
def test_what_was_switched_off_comes_back_exactly(average: bool, train: Any) -> None:
    script = [(5, Inspect()), (5, SwitchOff(1, (2, 5))), (12, SwitchOn(1, (5,))), (12, Inspect())]
    ran = train([*script, (13, SwitchOn(1, (2, 5))), (13, Inspect()), STOP], average=average)
    before, one, both = looks(ran)
    back = parameters_of_units(SIZES, [(1, 5)]) & ~parameters_of_units(SIZES, [(1, 2)])
    for old, new in zip(vectors_of(before)[: 1 + average], vectors_of(one), strict=False):
        np.testing.assert_array_equal(old[back], new[back])
    assert not one.slots[:, back].any()
    off = parameters_of_units(SIZES, [(1, 2)])
    for old, new in zip(vectors_of(before)[: 1 + average], vectors_of(both), strict=False):
        np.testing.assert_array_equal(old[off], new[off])
    assert both.removed is None
    assert both.settings.switched_off == ()


def test_pruned_weights_come_back_exactly(train: Any) -> None:
    script = [(5, Inspect()), (5, Prune(0.4)), (5, Inspect()), (12, Prune(0)), (12, Inspect())]
    before, pruned, after = looks(train(script))
    expected = smallest_weights(before.parameters, SIZES, 0.4)
    np.testing.assert_array_equal(pruned.removed.pruned, expected)
    for old, new in zip(vectors_of(before)[:2], vectors_of(after)[:2], strict=True):
        np.testing.assert_array_equal(old[expected], new[expected])
        assert (old[~expected] != new[~expected]).any()
    assert after.removed is None


def test_what_both_remove_comes_back_when_neither_does(train: Any) -> None:
    """A pruned weight of a unit that is off, in both orders."""
    off, prune = (5, SwitchOff(1, (2,))), (5, Prune(0.5))
    on, whole = (9, SwitchOn(1, (2,))), (9, Prune(0))
    unit = parameters_of_units(SIZES, [(1, 2)])
    for first in ([off, prune], [prune, off]):
        script = [(5, Inspect()), *first, (5, Inspect()), on, (9, Inspect())]
        ran = train([*script, whole, (9, Inspect())])
        before, both, pruned, none = looks(ran)
        weights = smallest_weights(before.parameters, SIZES, 0.5)
        assert 0 < (weights & unit).sum() < unit.sum()
        np.testing.assert_array_equal(both.removed.mask, weights | unit)
        np.testing.assert_array_equal(pruned.removed.mask, weights)
        back = unit & ~weights
        np.testing.assert_array_equal(pruned.parameters[back], before.parameters[back])
        removed = unit | weights
        np.testing.assert_array_equal(none.parameters[removed], before.parameters[removed])
        np.testing.assert_array_equal(none.average[removed], before.average[removed])
        other = looks(train([(5, Inspect()), *first, whole, (9, Inspect())]))[1]
        np.testing.assert_array_equal(other.removed.mask, unit)


def test_another_share_is_chosen_from_all_weights(train: Any) -> None:
    """Not from those that the last one left; so the way to a share does not matter."""
    there = [(5, Prune(0.6)), (5, Inspect()), (6, Stop())]
    (direct,) = looks(train(there))
    (around,) = looks(train([(5, Prune(0.3)), (5, SwitchOff(1, (4,))), (5, Prune(0.9)), *there]))
    np.testing.assert_array_equal(direct.removed.pruned, around.removed.pruned)


def test_off_and_on_at_one_step_leaves_nothing_but_the_slots(train: Any) -> None:
    script = [(5, SwitchOff(1, (2,))), (5, SwitchOn(1, (2,)))]
    ran = train(script, optimizer="sgd")  # which has none
    assert ran.sha256 == train(optimizer="sgd").sha256


# What it does to the accuracy


@pytest.mark.parametrize("paused", [True, False])
def test_the_effect_is_told(paused: bool, train: Any) -> None:
    pause = [(5, Pause())] if paused else []
    ran = train([*pause, (5, SwitchOff(1, (2, 5, 6))), (5, Resume()), (6, Stop())])
    (change,) = ran.all(SettingChanged)
    place = ran.events.index(change)
    after = ran.events[place + 1]
    before = [event for event in ran.events[:place] if isinstance(event, Evaluated)][-1]
    assert isinstance(after, Evaluated)
    assert (before.step, after.step) == (5, 5)
    effect = change.effect
    assert effect.split == "test"
    assert (effect.before, effect.after) == (before.evaluation.accuracy, after.evaluation.accuracy)
    assert effect.before != effect.after
    assert effect.comparison == compare(before.evaluation, after.evaluation)
    mask = parameters_of_units(SIZES, [(1, 2), (1, 5), (1, 6)])
    assert not after.network.parameters[mask].any()
    assert before.network.parameters[mask].any()


def test_the_effect_on_a_fork_is_told(train: Any) -> None:
    ran = train([(5, Fork((SwitchOff(1, (2, 5, 6)),)))])
    (change,) = [event for event in of_fork(ran) if isinstance(event, SettingChanged)]
    (alone,) = train([(5, SwitchOff(1, (2, 5, 6)))]).all(SettingChanged)
    assert change.effect == alone.effect


def test_other_settings_have_no_effect_at_once(train: Any) -> None:
    ran = train([(5, SetLearningRate(0.1)), (7, SetOptimizer("sgd"))])
    assert {event.effect for event in ran.all(SettingChanged)} == {None}
    assert [event.step for event in ran.all(Evaluated)] == [0, 8, 16]


def test_at_the_end_of_an_epoch_its_predictions_stay_those_before(train: Any) -> None:
    ran = train([(8, SwitchOff(1, (2, 5, 6))), (9, Stop())])
    first = [event for event in ran.all(Evaluated) if event.step == 8]
    history = ran.trainer.state.history
    assert history.epochs == (1,)
    np.testing.assert_array_equal(history.predictions_of(0)[0], first[0].evaluation.predictions[0])
    np.testing.assert_array_equal(history.latest, first[0].evaluation.predictions)


def test_the_snapshot_before_has_the_accuracy_before(train: Any) -> None:
    """Although the run was not evaluated there until then."""
    ran = train([(5, SwitchOff(1, (2, 5, 6))), (6, Stop())], interactive=True)
    (change,) = ran.all(SettingChanged)
    snapshots = ran.all(TimelineChanged)[-1].snapshots
    (before,) = [each for each in snapshots if each.step == 5]
    assert before.accuracy == change.effect.before
    assert before.following == "then switch off units 2, 5 and 6 of layer 1"
