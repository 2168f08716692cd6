"""Rules on labels that contradict what the network finds in the images."""

from __future__ import annotations

from digit_tui.data import counted
from digit_tui.insight.health.finding import HARMED, Finding, start_of
from digit_tui.insight.health.record import EpochFacts, Record, TrainingCheck
from digit_tui.insight.health.setback import setbacks
from digit_tui.insight.health.statistics import proportion_z

SURE = 4.0
"""Standard deviations that count as sure: several epochs are looked at, so twice the usual two."""
WORSE = 0.05
"""How far training images may be below the monitored ones, as a fraction. A network knows what it
was trained on at least as well: clean runs have at most 0.02, wrong labels the share of them."""
WORSE_IN_TRAINING = 0.10
"""The same for the images of an epoch, each before its step, against the monitored accuracy before
and after it; clean runs have less than 0."""
WORSE_DEFORMED = 0.27
"""The same where they are deformed, which makes them harder: clean runs have up to 0.21 (standard
with plain SGD, elastic), 30% wrong labels 0.28 in their second epoch and 0.36 in their third."""
SEPARATION = 0.70
"""Wrong digits are less confident than right ones, but not where the labels are wrong: clean runs
have 0.80 to 0.99, 30% wrong labels at most 0.66 after two epochs, later down to 0.57."""
ERRORS = 0.03
"""Share of wrong digits from which it matters, ..."""
FEW_ERRORS = 30
"""... and their number from which the separation is known to a tenth."""
FEW_STEPS = 100
"""A network that has made fewer steps is sure of nothing: with 1,000 images separation begins at
0.65."""
ABOVE_CHANCE = 5.0
"""Times the accuracy of guessing: below, the network itself knows too little."""
ENOUGH_IMAGES = 100
"""Training images for each class: with 20 in all, separation is as low as with wrong labels."""


def fighting_labels(record: Record) -> Finding | None:
    """Training labels, or those of the monitored split too, that are often wrong."""
    if setbacks(record).now:
        return None  # a network that was hurt is wrong often, and surely
    return _training_labels(record) or _monitored_labels(record)


def _training_labels(record: Record) -> Finding | None:
    check, last = record.training_check, record.last
    if last is None:
        return None
    first = _first_epoch(record)
    if check is not None and _worse_than_others(record, check):
        evidence = (
            f"{check.accuracy:.1%} of the training images are right, "
            f"{check.monitored_accuracy:.1%} of the others"
        )
    elif first is not None and (check is None or not record.augmented):
        evidence = (
            f"in training {first.train_accuracy:.1%} were right in epoch {first.epoch}, "
            f"of the others {first.accuracy:.1%}"
        )
    else:
        return None
    epoch, step = start_of(record, first or last)
    return Finding(
        "fighting labels",
        HARMED,
        epoch,
        step,
        "many training labels look wrong",
        evidence,
        "labels in the data",
        ("data",),
    )


def _worse_than_others(record: Record, check: TrainingCheck) -> bool:
    share, other = check.accuracy, check.monitored_accuracy
    z = proportion_z(share, check.digits, other, record.monitored_images)
    return other - share > WORSE and z > SURE


def _first_epoch(record: Record) -> EpochFacts | None:
    """The first epoch in which training did much worse than the monitored images."""
    if record.last_change(record.step, "augment") is not None:
        return None  # images that are newly deformed are harder for a while
    needed = WORSE_DEFORMED if record.augmented else WORSE_IN_TRAINING
    steady = setbacks(record).steady
    for before, epoch in zip(record.epochs, record.epochs[1:], strict=False):
        if epoch.epoch not in steady or not epoch.train_loss < before.train_loss:
            continue  # it was hurt, and may have recovered before the end of the epoch
        other = min(before.accuracy, epoch.accuracy)
        z = proportion_z(
            epoch.train_accuracy, record.training_images, other, record.monitored_images
        )
        if other - epoch.train_accuracy > needed and z > SURE:
            return epoch
    return None


def _monitored_labels(record: Record) -> Finding | None:
    doubts, last = record.doubts, record.last
    if doubts is None or last is None or not doubts.digits:
        return None
    wrong = doubts.digits - doubts.correct
    if not (wrong > ERRORS * doubts.digits and wrong >= FEW_ERRORS):
        return None
    above_chance = doubts.correct * record.classes > ABOVE_CHANCE * doubts.digits
    if last.step < FEW_STEPS or not above_chance:
        return None
    if record.training_images < ENOUGH_IMAGES * record.classes:
        return None
    if min(record.hidden) < record.classes:
        return None  # a layer that is narrower mixes digits up, surely: separation is 0.6 to 0.75
    if doubts.separation is None or not doubts.separation < SEPARATION:
        return None
    evidence = f"wrong digits are about as sure as right ones (separation {doubts.separation:.2f})"
    if doubts.suspects:
        evidence += f", and {counted(doubts.suspects, 'digit')} steadily contradicted"
    epoch, step = start_of(record, last)
    return Finding(
        "fighting labels",
        HARMED,
        epoch,
        step,
        "many labels look wrong",
        evidence,
        "labels in the data",
        ("data",),
    )
