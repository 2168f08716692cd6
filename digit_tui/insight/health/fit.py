"""Rules on the fit: too little is learned, or by heart; too few images; more epochs than help."""

from __future__ import annotations

from statistics import median

from digit_tui.insight.health.finding import (
    HARMED,
    NOTE,
    Finding,
    change_words,
    not_before,
    start_of,
)
from digit_tui.insight.health.record import MORE_EPOCHS, EpochFacts, Record
from digit_tui.insight.health.statistics import mann_kendall, one_sided_p, proportion_z
from digit_tui.insight.significance import p_words

FEW = 50
"""Training images for each class, below which digits cannot be learned well."""
BY_HEART = 0.99
"""Training accuracy from which the images are known by heart."""
GAP = 0.10
"""By how much the monitored accuracy is then lower. Presets have up to 0.06 on the 4,000 images of
the sample."""
SURE = 4.0
"""Standard deviations of the gap that count as sure."""
RISE = 0.10
"""Share by which the monitored loss has risen since its best epoch. Runs of the preset classic,
which has no augmentation, rise by up to 0.04 and lose nothing."""
RISE_SEEN, GAP_SEEN = 0.02, 0.02
"""Of both so much is told, as near the limit, where nothing is beyond one."""
UNDERFIT = 0.88
"""Accuracy on the training images below which a network that is done has learned too little. The
presets end above 0.98, plain gradient descent above 0.9; four hidden units at 0.74 to 0.85."""
ALIKE = 0.05
"""The other images are read so much better or worse at most: else it is the labels, or the fit."""
LATELY = 3
"""Epochs whose median is the loss of now."""
RISE_EPOCHS = 5
"""Epochs that such a rise takes at least."""
TREND = 0.01
"""Probability of as much of a rise without a trend."""
USELESS_EPOCHS = 20
"""Epochs without a gain after which more of them do not help, if they are more than half of all."""
BETTER = 1.5
"""Times the accuracy of guessing: below, other rules say what is wrong."""
SAME_LOSS = 0.05
"""Share of the best loss that is no gain."""
FALLEN = 3.0
"""Standard deviations below the highest accuracy that are told."""


def few_images(record: Record) -> Finding | None:
    """Fewer training images than digits can be learned from."""
    count, last = record.training_images, record.last
    if count >= FEW * record.classes:
        return None
    heart = _by_heart(record)
    evidence = f"{count / record.classes:.3g} for each class"
    if heart is not None and last is not None:
        evidence += f"; all are known by heart, and {last.accuracy:.1%} of the others are right"
    return Finding(
        "few images",
        HARMED,
        0.0,
        0,
        f"there are only {count:,} training images",
        evidence,
        "the data",
        ("data",) if record.augmented else ("augment", "data"),
    )


def by_heart(record: Record) -> Finding | None:
    """All training images right, and far fewer of the others."""
    first, last = _by_heart(record), record.last
    if first is None or last is None or record.training_images < FEW * record.classes:
        return None
    epoch, step = start_of(record, first)
    return Finding(
        "by heart",
        HARMED,
        epoch,
        step,
        "the training images are known by heart",
        "{:.1%} of them are right, {:.1%} of the others".format(*_accuracies(record, last)),
        f"{record.training_images:,} images for so many weights",
        ("data",) if record.augmented else ("augment", "data"),
    )


def _accuracies(record: Record, epoch: EpochFacts) -> tuple[float, float]:
    """Of the training images, as they are if that is known, and of the monitored ones."""
    check = record.training_check
    if check is not None:
        return check.accuracy, check.monitored_accuracy
    return epoch.train_accuracy, epoch.accuracy


def _by_heart(record: Record) -> EpochFacts | None:
    """The first epoch, without a break up to now, after which all was known by heart."""
    last = record.last
    if last is None:
        return None
    share, other = _accuracies(record, last)
    z = proportion_z(other, record.monitored_images, share, record.training_images)
    if not (share >= BY_HEART and share - other > GAP and z > SURE):
        return None
    first = last
    for each in reversed(record.epochs[:-1]):
        if not (each.train_accuracy >= BY_HEART and each.train_accuracy - each.accuracy > GAP):
            break
        first = each
    return first


def best_epoch(record: Record) -> EpochFacts | None:
    """The epoch whose monitored loss was lowest."""
    finite = [each for each in record.epochs if each.loss == each.loss]
    return min(finite, key=lambda each: each.loss) if finite else None


def overfitting(record: Record) -> Finding | None:
    """A monitored loss that rises while the training loss falls: what is learned is no use."""
    best, last = best_epoch(record), record.last
    if best is None or last is None or last.epoch - best.epoch < RISE_EPOCHS:
        return None
    after = [each for each in record.epochs if each.epoch >= best.epoch]
    # One epoch that comes out better or worse by chance ends nothing and begins nothing.
    lately = after[-LATELY:]
    loss = median(each.loss for each in lately)
    train_loss = median(each.train_loss for each in lately)
    if not (loss - best.loss > RISE * best.loss and train_loss < best.train_loss):
        return None
    p = one_sided_p(mann_kendall([each.loss for each in after]))
    gaps = mann_kendall([each.loss - each.train_loss for each in after])
    if not (p < TREND and one_sided_p(gaps) < TREND):
        return None
    change, cause = None, f"{record.training_images:,} training images"
    if not record.augmented:
        change = record.last_change(record.step, "augment")
        cause = change_words(change) or f"{cause}, as they are"
    return Finding(
        "overfitting",
        HARMED,
        *not_before(change, (float(best.epoch), best.step)),
        f"it overfits, its {record.monitored_split} loss rises",
        f"that was best in epoch {best.epoch}: {best.loss:.4f} then, {last.loss:.4f} now, "
        f"while that of training fell to {last.train_loss:.2g} (Mann-Kendall test, {p_words(p)})",
        cause,
        ("timeline",) if record.augmented else ("timeline", "augment"),
    )


def underfitting(record: Record) -> Finding | None:
    """All epochs done, and even of the images that it learns from many are read wrong."""
    last = record.last
    known = record.training_check is not None or not record.augmented
    if last is None or not record.finished or not known or _is_reduced(record):
        return None
    share, other = _accuracies(record, last)
    if not BETTER / record.classes < share < UNDERFIT or abs(share - other) > ALIKE:
        return None
    return Finding(
        "underfitting",
        NOTE,
        0.0,
        0,
        "it underfits",
        f"when all epochs are done, {share:.1%} of the training images are right, and {other:.1%} "
        "of the others",
        f"a network of {'-'.join(map(str, record.hidden))} hidden units, or too little training",
        ("epochs", "restart"),
    )


def _is_reduced(record: Record) -> bool:
    """Whether a person has taken units or weights away."""
    return any(each.setting in ("switched_off", "pruned") and each.new for each in record.changes)


def near_limits(record: Record) -> list[str]:
    """What would be told as overfitting or as known by heart if there were more of it, in words."""
    told = []
    best, last = best_epoch(record), record.last
    if best is None or last is None:
        return []
    lately = median(each.loss for each in record.epochs[-LATELY:])
    rise = lately / best.loss - 1 if best.loss else 0.0
    if last.epoch - best.epoch >= RISE_EPOCHS and RISE_SEEN <= rise <= RISE:
        told.append(
            f"the loss is {rise:.1%} above that of epoch {best.epoch}, its best "
            f"(overfitting: from {RISE:.0%})"
        )
    share, other = _accuracies(record, last)
    if share >= BY_HEART and GAP_SEEN <= share - other <= GAP:
        told.append(
            f"{share:.1%} of the training images are right and {other:.1%} of the others "
            f"(by heart: from {100 * GAP:.0f} points)"
        )
    return told


def useless_epochs(record: Record) -> Finding | None:
    """Epochs that bring no clearly better loss, and no more digits."""
    last = record.last
    finite = [each for each in record.epochs if each.loss == each.loss]
    if last is None or not finite:
        return None
    lowest = min(each.loss for each in finite)
    highest = max(each.accuracy for each in finite)
    # One standard deviation of an accuracy is no gain.
    count = max(record.monitored_images, 1)
    same = max((highest * (1 - highest) / count) ** 0.5, 1 / count)
    loss = next(each for each in finite if each.loss <= (1 + SAME_LOSS) * lowest)
    accuracy = next(each for each in finite if each.accuracy >= highest - same)
    best = max(loss, accuracy, key=lambda each: each.epoch)
    places = [(float(best.epoch), best.step)]
    places += [(each.epoch, each.step) for each in record.changes if each.setting != MORE_EPOCHS]
    since = max(places)
    idle = int(last.epoch - since[0])
    if idle < USELESS_EPOCHS or idle <= last.epoch / 2:
        return None
    if highest < BETTER / record.classes:
        return None
    fallen = ""
    if last.accuracy < highest - FALLEN * same:
        peak = next(each for each in finite if each.accuracy == highest)
        fallen = f": {highest:.1%} were right after epoch {peak.epoch}, {last.accuracy:.1%} are now"
    return Finding(
        "useless epochs",
        NOTE,
        *since,
        "more epochs bring no clear gain",
        f"{idle} epochs without a clearly better loss or accuracy{fallen}",
        "",
        ("stop", "data") if record.augmented else ("stop", "augment"),
    )
