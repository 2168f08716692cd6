"""The loss: at that of guessing, lost again, or on a plateau."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.health import diagnose, first_layer_dead

from digit_tui.data import Dataset
from digit_tui.insight.health.record import Batches
from digit_tui.insight.health.rules import findings_of
from digit_tui.run.commands import ScaleLearningRate

STEPS = 63


def test_guessing_from_the_start(sample: Dataset) -> None:
    ran = diagnose(sample, before=first_layer_dead(1.0), look=False, epochs=3)
    assert ran.rules == ["guessing"]
    (found,) = ran.findings[-1]
    assert found.words == "it is no better than guessing"
    assert found.evidence == "the test loss is 2.3; guessing has ln 10 = 2.3"
    assert (found.since_epoch, found.since_step) == (0.0, 0)
    assert found.remedies == ("restart",)


def test_guessing_after_training_went_on_through_a_spike(sample: Dataset) -> None:
    """Far worse than a hundred times the rate: what it had learned is gone."""
    script = [(2 * STEPS + 5, ScaleLearningRate(1_000.0))]
    ran = diagnose(sample, script, look=False, epochs=4, optimizer="sgd", clip_norm=100.0)
    (found,) = [each for each in ran.findings[-1] if each.rule == "guessing"]
    assert found.words == "what it had learned is lost"
    assert (found.since_epoch, found.since_step) == (pytest.approx(2 + 5 / STEPS, abs=0.01), 131)
    assert found.cause == "learning rate 0.1 → 100 at step 131"
    assert found.remedies == ("undo", "timeline")


def test_the_latest_steps_tell_it_before_the_epoch_ends(sample: Dataset) -> None:
    record = diagnose(sample, look=False).last
    for steps, found in ((20, []), (40, ["guessing"])):
        latest = Batches(record.step + steps, steps, 2.4)
        later = replace(record, batches=(latest,), step=record.step + steps)
        assert [each.rule for each in findings_of(later)] == found
    better = replace(record, batches=(Batches(record.step + 40, 40, 0.5),), step=record.step + 40)
    assert findings_of(better) == []


def test_a_relapse(sample: Dataset) -> None:
    """It is better than guessing still, and far worse than before."""
    script = [(2 * STEPS, ScaleLearningRate(100.0))]
    ran = diagnose(sample, script, look=False, epochs=4)
    (found,) = [each for each in ran.findings[2] if each.rule == "relapse"]
    before, after = ran.last.epochs[1].loss, ran.last.epochs[2].loss
    assert found.evidence == f"the loss was {before:.3g}, and is {after:.3g}"
    assert found.cause == "learning rate 0.001 → 0.1 at step 126"
    assert 1.15 < after < 2.18


def test_a_relapse_does_not_begin_before_its_cause(sample: Dataset) -> None:
    script = [(2 * STEPS + 30, ScaleLearningRate(100.0))]
    ran = diagnose(sample, script, look=False, epochs=3, schedule="constant")
    (found,) = [each for each in ran.findings[2] if each.rule == "relapse"]
    assert found.cause == "learning rate 0.001 → 0.1 at step 156"
    assert (found.since_epoch, found.since_step) == (pytest.approx(2 + 30 / STEPS, abs=0.01), 156)


def test_a_plateau_at_too_high_a_rate_and_a_lower_one_mends_it(sample: Dataset) -> None:
    options = {"hidden": (4,), "optimizer": "adam", "learning_rate": 0.05, "schedule": "constant"}
    ran = diagnose(sample, epochs=40, look=False, **options)
    assert "plateau" in ran.rules
    (found,) = [each for each in ran.findings[-1] if each.rule == "plateau"]
    assert "no fall over 15 epochs (Mann-Kendall test, p = " in found.evidence
    assert found.since_epoch == 25
    assert found.remedies == ("halve_rate",)
    lower = [(25 * STEPS, ScaleLearningRate(0.1))]
    mended = diagnose(sample, lower, epochs=40, look=False, **options)
    assert "plateau" not in mended.ever
    assert mended.last.epochs[-1].train_loss < 0.97 * ran.last.epochs[-1].train_loss


def test_no_plateau_where_it_learns(sample: Dataset) -> None:
    options = {"optimizer": "adam", "learning_rate": 0.01, "schedule": "constant"}
    assert "plateau" not in diagnose(sample, epochs=30, look=False, **options).ever
