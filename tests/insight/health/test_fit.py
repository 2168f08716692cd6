"""What is learned by heart: overfitting, too few images, more epochs than help."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

import pytest
from support.health import Diagnosed, diagnose, some

from digit_tui.data import Dataset
from digit_tui.insight.health.fit import near_limits
from digit_tui.insight.health.record import SettingChange
from digit_tui.insight.health.rules import findings_of

OVERFITS = {"optimizer": "adam", "schedule": "constant"}


@pytest.fixture(scope="module")
def overfitted(sample: Dataset) -> Diagnosed:
    """Sixty epochs at a constant rate, without augmentation."""
    return diagnose(sample, epochs=60, look=False, **OVERFITS)


def test_overfitting_is_told_with_its_best_epoch(overfitted: Diagnosed) -> None:
    (found,) = [each for each in overfitted.findings[-1] if each.rule == "overfitting"]
    losses = [each.loss for each in overfitted.last.epochs]
    best = losses.index(min(losses)) + 1
    assert found.since_epoch == best
    now = losses[-1]
    assert f"best in epoch {best}: {min(losses):.4f} then, {now:.4f} now" in found.evidence
    assert found.remedies == ("timeline", "augment")


def test_it_comes_of_images_that_are_deformed_no_more(overfitted: Diagnosed) -> None:
    record, words = overfitted.last, "augmentation elastic → none"
    (before,) = [each for each in overfitted.findings[-1] if each.rule == "overfitting"]
    assert before.cause.endswith(" training images, as they are")
    step = before.since_step + 20
    change = SettingChange(step, before.since_epoch + 0.3, "augment", "elastic", "none", words)
    found = findings_of(replace(record, changes=(change,)))
    (after,) = [each for each in found if each.rule == "overfitting"]
    assert after.cause == f"{words} at step {step:,}"
    assert (after.since_step, after.since_epoch) == (step, change.epoch)
    assert after.remedies == before.remedies


def test_not_before_the_loss_rises(overfitted: Diagnosed) -> None:
    losses = [each.loss for each in overfitted.last.epochs]
    for record, found in zip(overfitted.records, overfitted.findings, strict=True):
        epoch = record.last.epoch
        if median(losses[max(0, epoch - 3) : epoch]) < 1.1 * min(losses[:epoch]):
            assert "overfitting" not in [each.rule for each in found]


def test_one_better_epoch_does_not_end_it(overfitted: Diagnosed) -> None:
    *before, last = overfitted.last.epochs
    best = min(overfitted.last.epochs, key=lambda each: each.loss)
    lucky = last._replace(loss=best.loss + 1e-4, train_loss=best.train_loss)
    rules = [each.rule for each in findings_of(replace(overfitted.last, epochs=(*before, lucky)))]
    assert "overfitting" in rules


@pytest.mark.long
def test_augmentation_mends_it(sample: Dataset, overfitted: Diagnosed) -> None:
    deformed = diagnose(sample, epochs=60, look=False, augment="elastic", **OVERFITS)
    assert "overfitting" not in deformed.rules
    assert deformed.last.epochs[-1].loss < 0.6 * overfitted.last.epochs[-1].loss


def test_more_epochs_than_help(overfitted: Diagnosed) -> None:
    (found,) = [each for each in overfitted.findings[-1] if each.rule == "useless epochs"]
    assert found.words == "more epochs bring no clear gain"
    assert found.evidence.endswith(" epochs without a clearly better loss or accuracy")
    assert found.evidence.startswith(f"{overfitted.last.last.epoch - found.since_epoch:.0f} epochs")
    assert found.remedies == ("stop", "augment")
    accuracies = overfitted.accuracies
    assert max(accuracies) - max(accuracies[: int(found.since_epoch)]) < 0.008


def test_added_epochs_do_not_change_that(overfitted: Diagnosed) -> None:
    """Another change does, until it has had as many epochs to help."""
    record = overfitted.last
    (found,) = [each for each in findings_of(record) if each.rule == "useless epochs"]
    more = SettingChange(record.step, record.epoch, "epochs", 50, 60, "epochs 50 → 60")
    assert found in findings_of(replace(record, changes=(more,)))
    for epoch, told in ((35, False), (20, True)):
        step = record.epochs[epoch - 1].step
        other = SettingChange(step, epoch, "augment", "none", "shift", "augmentation none → shift")
        fresh = findings_of(replace(record, changes=(other,)))
        useless = [each.since_epoch for each in fresh if each.rule == "useless epochs"]
        assert useless == ([epoch] if told else [])


def test_what_was_lost_since_the_best_epoch_is_told(overfitted: Diagnosed) -> None:
    *before, last = overfitted.last.epochs
    worse = last._replace(accuracy=0.5)
    record = replace(overfitted.last, epochs=(*before, worse))
    (found,) = [each for each in findings_of(record) if each.rule == "useless epochs"]
    assert found.evidence.endswith(", 50.0% are now")


def test_the_first_half_of_them_helps(overfitted: Diagnosed) -> None:
    for found in overfitted.findings[:25]:
        assert found == []


def test_few_images_are_known_by_heart(sample: Dataset) -> None:
    ran = diagnose(some(sample, 600), epochs=30, look=False)
    (found,) = [each for each in ran.findings[-1] if each.rule == "by heart"]
    accuracy = ran.accuracies[-1]
    assert found.evidence.endswith(f" are right, {accuracy:.1%} of the others")
    first = ran.last.epochs[int(found.since_epoch)]
    assert first.train_accuracy >= 0.99
    assert found.remedies == ("augment", "data")


def test_the_whole_sample_is_too_but_well_enough(overfitted: Diagnosed) -> None:
    assert overfitted.last.epochs[-1].train_accuracy == 1.0
    assert "by heart" not in overfitted.ever


@pytest.mark.parametrize(("images", "few"), [(20, True), (400, True), (600, False)])
def test_how_many_images_are_few(sample: Dataset, images: int, few: bool) -> None:
    ran = diagnose(some(sample, images), epochs=2, look=False)
    assert ("few images" in ran.rules) == few


def test_with_nothing_trained_only_the_images_are_counted(sample: Dataset) -> None:
    record = diagnose(some(sample, 20), epochs=1, look=False).last
    fresh = replace(record, epochs=(), batches=(), doubts=None, step=0, epoch=0.0)
    assert [each.rule for each in findings_of(fresh)] == ["few images"]


def test_what_is_near_a_limit_is_told(overfitted: Diagnosed) -> None:
    told = {record.last.epoch: near_limits(record) for record in overfitted.records}
    assert told[1] == []
    losses = [each.loss for each in overfitted.last.epochs]
    best = losses.index(min(losses)) + 1
    for record, found in zip(overfitted.records, overfitted.findings, strict=True):
        epoch = record.last.epoch
        rise = median(losses[max(0, epoch - 3) : epoch]) / min(losses[:epoch]) - 1
        words = f"the loss is {rise:.1%} above that of epoch {best}, its best"
        told_so = any(each.startswith(words) for each in told[epoch])
        assert told_so == (epoch >= best + 5 and 0.02 <= rise <= 0.1)
        if told_so:
            assert "overfitting" not in [each.rule for each in found]
    near = " | ".join(each for words in told.values() for each in words)
    assert "its best (overfitting: from 10%)" in near
    last = overfitted.last.epochs[-1]
    known = replace(overfitted.last, epochs=(last._replace(train_accuracy=1.0, accuracy=0.949),))
    (words,) = near_limits(replace(known, training_check=None))
    assert words.startswith("100.0% of the training images are right and 94.9% of the others (by")


@pytest.mark.parametrize(("hidden", "told"), [((3,), True), ((32,), False)])
def test_a_network_that_is_too_small_is_told_when_it_is_done(
    sample: Dataset, hidden: tuple[int, ...], told: bool
) -> None:
    ran = diagnose(sample, hidden=hidden, epochs=6)
    assert "underfitting" not in ran.ever  # it may learn more yet
    done = replace(ran.last, finished=True)
    found = {each.rule: each for each in findings_of(done)}
    assert ("underfitting" in found) == told
    if told:
        assert found["underfitting"].cause.startswith("a network of 3 hidden units")
        assert "underfitting" not in [
            each.rule for each in findings_of(replace(done, finished=False))
        ]
