"""Labels are not blamed for what a person did to the run."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.health import Diagnosed, diagnose, mislabelled

from digit_tui.data import Dataset
from digit_tui.insight.health.setback import setbacks
from digit_tui.run.commands import Command, Prune, ScaleLearningRate, SetOptimizer

STEPS = 63


def doubled(count: int, every: int) -> list[tuple[int, Command]]:
    """The rate is doubled so often, in the fifth epoch and after it."""
    return [(4 * STEPS + 20 + every * each, ScaleLearningRate(2.0)) for each in range(count)]


def trained(dataset: Dataset, script: list[tuple[int, Command]], epochs: int = 9) -> Diagnosed:
    options = {"optimizer": "rmsprop", "schedule": "constant"}
    return diagnose(dataset, script, look=False, epochs=epochs, **options)


def test_a_raised_rate_that_the_run_bears(sample: Dataset) -> None:
    """Training did worse for an epoch than the monitored digits, which the run reads well again."""
    ran = trained(sample, doubled(4, every=12))
    epoch = ran.last.epochs[5]
    assert epoch.accuracy - epoch.train_accuracy > 0.1
    assert "fighting labels" not in ran.ever


def test_a_raised_rate_that_ruins_the_run(sample: Dataset) -> None:
    options = {"optimizer": "rmsprop", "schedule": "constant", "seed": 1}
    ran = diagnose(sample, doubled(6, every=3), look=False, epochs=7, **options)
    assert "relapse" in ran.ever
    assert "fighting labels" not in ran.ever


def test_who_raised_the_rate_reads_what_it_cost_until_it_is_made_good(sample: Dataset) -> None:
    ran = trained(sample, doubled(4, every=12))
    told = ["set back" in [each.rule for each in found] for found in ran.findings]
    assert told == [False] * 5 + [True] + [False] * 3
    (finding,) = ran.findings[5]
    before, after = (ran.last.epochs[place].accuracy for place in (3, 5))
    told = f"{after:.2%} of the test digits after epoch 6, {before:.2%} after epoch 4 (p"
    assert finding.evidence.startswith(told)
    assert finding.cause.startswith("learning rate 0.001 → 0.016 at steps 272 to 308")
    # Undoing would take back the last of four doublings.
    assert finding.remedies == ("timeline", "halve_rate")


def test_who_prunes_too_much_is_not_told_of_a_rate_that_did_no_harm(sample: Dataset) -> None:
    pruned = [(20, ScaleLearningRate(2.0)), (4 * STEPS + 20, Prune(0.98))]
    ran = diagnose(sample, pruned, epochs=7)
    told = [each for found in ran.findings for each in found if each.cause]
    assert {"set back", "relapse"}.intersection(each.rule for each in told)
    assert {each.cause for each in told} == {"pruned weights none → 98% at step 272"}
    assert not any("halve_rate" in each.remedies for each in told)


def test_what_did_no_harm_is_not_blamed_after_what_did(sample: Dataset) -> None:
    ruined = [*doubled(4, every=12), (5 * STEPS + 10, Prune(0.01))]
    ran = trained(sample, ruined)
    (finding,) = (each for each in ran.findings[5] if each.rule == "set back")
    assert finding.cause.startswith("learning rate 0.001 → 0.016 at steps 272 to 308")


def test_it_is_over_when_the_loss_is_near_its_best_again(sample: Dataset) -> None:
    ran = trained(sample, [(4 * STEPS + 20, SetOptimizer("adam"))])
    behind = [setbacks(record).now for record in ran.records]
    assert behind == [False] * 4 + [True] + [False] * 4
    assert setbacks(ran.last).steady == {1, 2, 3, 4, 7, 8, 9}


def test_a_loss_that_rises_by_itself(sample: Dataset) -> None:
    record = trained(sample, [], epochs=3).last
    last = record.epochs[-1]
    for train_loss, loss, behind in ((4.0, 1.0, False), (1.0, 4.0, False), (4.0, 4.0, True)):
        worse = last._replace(train_loss=train_loss * last.train_loss, loss=loss * last.loss)
        hurt = replace(record, epochs=(*record.epochs[:-1], worse))
        assert setbacks(hurt).now == behind, (train_loss, loss)


@pytest.mark.parametrize("test", [False, True])
def test_wrong_labels_are_found_though_the_rate_was_raised(sample: Dataset, test: bool) -> None:
    script: list[tuple[int, Command]] = [(20, ScaleLearningRate(2.0))]
    ran = diagnose(mislabelled(sample, 0.3, test), script, epochs=3)
    assert ran.findings[0] == []
    assert ran.findings[-1][0].rule == "fighting labels"
