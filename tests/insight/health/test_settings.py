"""Rules on clipping, on the rate and on the layers, where they are not those of staged failures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.health import diagnose, scaled

from digit_tui.data import Dataset
from digit_tui.insight.health import clipping, rate, weights
from digit_tui.insight.health.record import Inspection
from digit_tui.insight.health.rules import findings_of
from digit_tui.insight.layers import layer_facts
from digit_tui.nn import Network
from digit_tui.run.commands import ScaleLearningRate, SetClipping

STEPS = 63


def test_a_limit_that_is_never_reached(sample: Dataset) -> None:
    ran = diagnose(sample, clip_norm=1_000.0, epochs=4)
    assert [found and found[0].words for found in ran.findings] == [
        *([], []),
        *["no step is ever clipped"] * 2,
    ]
    assert ran.rules == ["clips never"]


@pytest.mark.parametrize("limit", [1.0, 2.0])
def test_a_limit_that_clips_often_but_little(sample: Dataset, limit: float) -> None:
    ran = diagnose(sample, optimizer="sgd", clip_norm=limit)
    assert any(each.clip_rate > 0.05 for each in ran.last.epochs)
    assert ran.ever == set()


def test_clipping_by_value_is_told_where_nothing_is_learned(sample: Dataset) -> None:
    ran = diagnose(sample, optimizer="sgd", clip_value=1e-6)
    assert ran.findings[-1][0].words == "nearly every step is clipped"
    assert ran.findings[-1][0].cause == "clipping by value 1e-06"


def test_only_epochs_after_the_limit_was_set_count(sample: Dataset) -> None:
    ran = diagnose(sample, [(STEPS + 10, SetClipping(norm=1e-3))], optimizer="sgd", epochs=4)
    found = [clipping.clips_always(record) for record in ran.records]
    assert [each is not None for each in found] == [False, False, True, True]
    assert found[-1] is not None
    assert found[-1].cause == "clipping by norm 0.001 at step 73" or "→ 0.001" in found[-1].cause
    assert found[-1].remedies == ("undo", "clip")


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_rate_far_too_low_and_doubled_until_it_learns(sample: Dataset, optimizer: str) -> None:
    usual = {"sgd": 0.1, "adamw": 0.001}[optimizer]
    low = diagnose(sample, optimizer=optimizer, learning_rate=usual / 100)
    for found in low.findings:
        assert found[0].rule == "low rate"
        assert found[0].remedies == ("double_rate",)
    script = [(2 * STEPS, ScaleLearningRate(2.0))] * 7
    mended = diagnose(sample, script, optimizer=optimizer, learning_rate=usual / 100, epochs=6)
    assert mended.rules == []
    assert mended.accuracies[-1] > 0.85


def test_a_rate_that_was_lowered_by_a_person(sample: Dataset) -> None:
    ran = diagnose(sample, [(20, ScaleLearningRate(1e-3))], epochs=3)
    (found,) = [each for each in ran.findings[-1] if each.rule == "low rate"]
    assert found.cause == "learning rate 0.001 → 1e-06 at step 20"
    assert found.since_step == 20
    assert found.remedies == ("undo", "double_rate")


def test_steps_that_change_nothing(sample: Dataset) -> None:
    ran = diagnose(sample, [(2 * STEPS, ScaleLearningRate(1e-3))], epochs=4, schedule="constant")
    assert ran.rules == ["still weights"]
    assert weights.still_weights(ran.records[1]) is None


def test_nobody_is_told_to_raise_a_rate_that_is_too_high(sample: Dataset) -> None:
    """Units that it has killed stand still."""
    ran = diagnose(sample, optimizer="sgd", learning_rate=10.0, epochs=2, schedule="constant")
    assert weights.still_weights(ran.last) is not None
    assert ran.rules[0] == "high rate"
    assert "double_rate" not in {way for each in ran.findings[-1] for way in each.remedies}


def test_what_a_look_inside_shows_is_dated_by_the_first_look(sample: Dataset) -> None:
    ran = diagnose(sample, [(2 * STEPS, ScaleLearningRate(1e-3))], epochs=5, schedule="constant")
    found = [weights.still_weights(record) for record in ran.records[2:]]
    assert [None if each is None else each.since_step for each in found] == [3 * STEPS] * 3
    ruined = diagnose(sample, optimizer="sgd", learning_rate=8.0, epochs=4)
    dates = [each.since_step for record in ruined.records if (each := rate.high_rate(record))]
    assert len({*dates}) == 1


def test_a_first_step_larger_than_the_weights_is_told_at_once(sample: Dataset) -> None:
    record = diagnose(sample, learning_rate=1e9, epochs=1, look=False).last
    seen = diagnose(sample, epochs=1).last.inspections[0]
    layers = tuple(each._replace(update_ratio=7e7) for each in seen.layers)
    early = Inspection(3, 0.05, 1e9, layers)
    fresh = replace(record, epochs=(), step=3, epoch=0.05, inspections=(early,), batches=())
    found = rate.high_rate(fresh)
    assert found is not None
    assert (
        found.evidence
        == "the update ratio of a layer is 7e+07 in the next step; near 0.001 is healthy"
    )


def test_a_schedule_may_come_to_rest(sample: Dataset) -> None:
    ran = diagnose(sample, epochs=3)
    assert ran.last.inspected is not None
    assert max(each.update_ratio for each in ran.last.inspected.layers) < weights.STILL
    assert ran.rules == []


def test_gradients_that_vanish(sample: Dataset) -> None:
    ran = diagnose(sample, before=scaled(1e-3), optimizer="sgd")
    found = weights.vanishing_gradients(ran.records[0])
    assert found is not None
    assert found.words == "the gradient vanishes toward layer 1"
    assert found.since_step == 0
    assert weights.vanishing_gradients(diagnose(sample).records[0]) is None


def test_gradients_that_explode(sample: Dataset) -> None:
    ran = diagnose(sample, optimizer="momentum", learning_rate=5.0, look=False)
    found = weights.exploding_gradients(ran.records[0])
    assert found is not None
    assert found.words == "the gradient explodes"
    norms = [each.gradient_norm for each in ran.last.epochs]
    assert norms[0] > weights.EXPLODING
    assert "exploding gradients" not in diagnose(sample, optimizer="momentum", look=False).ever


def test_gradients_do_not_explode_before_their_cause(sample: Dataset) -> None:
    script = [(STEPS + 20, ScaleLearningRate(200.0))]
    ran = diagnose(sample, script, optimizer="momentum", look=False)
    found = weights.exploding_gradients(ran.last)
    assert found is not None
    assert found.cause == "learning rate 0.05 → 10 at step 83"
    assert (found.since_epoch, found.since_step) == (pytest.approx(1 + 20 / STEPS, abs=0.01), 83)


def test_a_cause_before_the_epoch_that_shows_it_does_not_date_it(sample: Dataset) -> None:
    script = [(STEPS + 20, ScaleLearningRate(2.0)), (2 * STEPS, ScaleLearningRate(0.5))]
    record = diagnose(sample, script, optimizer="momentum", look=False, epochs=4).last
    last = record.epochs[-1]._replace(gradient_norm=50.0)
    found = weights.exploding_gradients(replace(record, epochs=(*record.epochs[:-1], last)))
    assert found is not None
    assert (found.since_epoch, found.since_step) == (3.0, 3 * STEPS)


def test_weights_that_are_no_numbers(sample: Dataset) -> None:
    record = diagnose(sample).last
    network = Network((784, 64, 32, 10))
    network.parameters[:] = np.nan
    spoiled = layer_facts(
        network, sample.test_images, network.parameters.copy(), network.parameters.copy()
    )
    seen = Inspection(record.step, record.epoch, 0.001, tuple(spoiled))
    found = findings_of(replace(record, inspections=(*record.inspections, seen)))
    assert [each.rule for each in found] == ["not finite"]


def test_without_anything_known_nothing_is_said(sample: Dataset) -> None:
    record = diagnose(sample, look=False, epochs=1).last
    fresh = replace(record, epochs=(), batches=(), doubts=None, step=0, epoch=0.0)
    assert findings_of(fresh) == []
    assert rate.high_rate(replace(fresh, learning_rate=10.0)) is None
