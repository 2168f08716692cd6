"""What the rules look at: plain numbers of a run, as far as they are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isfinite, log
from typing import Any, NamedTuple

from digit_tui.insight.layers import LayerFacts

LEARNED = 0.5
"""A network has learned something once its loss is below this share of the loss of guessing, ..."""
LOST = 0.95
"""... and is no better than guessing above this one; both as for the pause after a loss spike."""
WORSE = 1.5
"""Times the best loss, of training and of the monitored split, from which much of what was learned
is lost. Wrong labels that are learned by heart raise the second, but not the first."""
ARROW = " → "
"""In the words of a change, between the old value and the new one."""
STEPS = ("optimizer", "learning_rate")
"""The settings that make larger steps."""
AT_ONCE = ("switched_off", "pruned", "taught")
"""The settings that are other weights at once; of any other something comes with the next step."""
MORE_EPOCHS = "epochs"
"""The setting that more epochs change: nothing comes of it."""
IN_A_ROW = 1.0
"""Epochs between two changes of the rate from which they are no longer told as one, ..."""
IN_A_ROW_STEPS = 200
"""... if there are as many steps between them: small networks make that many on the sample, some
epochs of 32, between two keys that a person presses one after the other."""


class EpochFacts(NamedTuple):
    """The results of an epoch. Losses are in nats, accuracies fractions; what diverged is NaN."""

    epoch: int
    """Completed epochs."""
    step: int
    """Steps made until its end."""
    learning_rate: float
    """Of its last step, after the schedule."""
    optimizer: str
    train_loss: float
    """Mean over its images, augmented and each before its step; so is the accuracy."""
    train_accuracy: float
    loss: float
    """Of the monitored split, after the epoch; so is the accuracy."""
    accuracy: float
    gradient_norm: float
    """Mean over its steps, before clipping."""
    clip_rate: float
    """Fraction of its steps whose gradient was clipped."""


class Inspection(NamedTuple):
    """The layers at one moment."""

    step: int
    epoch: float
    learning_rate: float
    """Of the next step, after the schedule."""
    layers: tuple[LayerFacts, ...]
    """The first hidden layer first."""


class SettingChange(NamedTuple):
    """A setting that a person changed."""

    step: int
    epoch: float
    setting: str
    """A field of Settings."""
    old: Any
    new: Any
    words: str
    """For example "learning rate 0.002 → 0.004"."""
    first_step: int | None = None
    """Of several in a row that are told as one: the step of the first."""
    beside: str = ""
    """The words of another optimizer or rate at its step, before it: they may be the cause."""
    same_command: bool = False
    """Whether the command that made the change before made this one too."""

    @property
    def begin(self) -> int:
        """The step of the first of several in a row, or its own."""
        return self.step if self.first_step is None else self.first_step


class Batches(NamedTuple):
    """Some of the latest steps."""

    step: int
    """After them."""
    steps: int
    loss: float
    """Mean of their training losses, in nats."""


class Trouble(NamedTuple):
    """Why the run has paused by itself: its loss spiked, or is no number."""

    step: int
    epoch: float
    words: str
    back_to: float = 0.0
    """The epoch that undo leads to."""


class Doubts(NamedTuple):
    """What the monitored split says of its own labels, see `doubts_of`."""

    digits: int
    correct: int
    suspects: int
    separation: float | None
    """How well confidence tells right from wrong: the probability that a right digit has a higher
    one than a wrong digit; None where all are right, or all wrong."""


class TrainingCheck(NamedTuple):
    """Training images as they are, not deformed, classified by the network of an evaluation."""

    digits: int
    correct: int
    monitored_accuracy: float
    """Of the same network, on the monitored split."""

    @property
    def accuracy(self) -> float:
        return self.correct / self.digits


@dataclass(frozen=True)
class Record:
    """What is known of a run. Lists are in the order of time, without what was undone."""

    classes: int
    training_images: int
    monitored_images: int
    hidden: tuple[int, ...]
    """Widths of the hidden layers."""
    optimizer: str
    learning_rate: float
    """Base rate in force, before the schedule's factor."""
    augmented: bool
    """Whether the training images are deformed."""
    clip_norm: float | None
    clip_value: float | None
    step: int = 0
    epoch: float = 0.0
    epochs: tuple[EpochFacts, ...] = ()
    inspections: tuple[Inspection, ...] = ()
    changes: tuple[SettingChange, ...] = ()
    batches: tuple[Batches, ...] = ()
    trouble: Trouble | None = None
    """While the run is paused because of it."""
    doubts: Doubts | None = None
    training_check: TrainingCheck | None = None
    monitored_split: str = "test"
    """Whose digits are monitored, and shown to the layers: "test" or "validation"."""
    finished: bool = False
    """Whether all its epochs are done: what is set takes effect in further ones only."""

    @property
    def guessing(self) -> float:
        """The loss of a network that gives each class the same probability, in nats."""
        return log(self.classes)

    @property
    def began_with(self) -> tuple[float, str]:
        """The base rate and the optimizer before all changes that are known."""
        rates = [each.old for each in self.changes if each.setting == "learning_rate"]
        optimizers = [each.old for each in self.changes if each.setting == "optimizer"]
        return (*rates, self.learning_rate)[0], (*optimizers, self.optimizer)[0]

    @property
    def last(self) -> EpochFacts | None:
        return self.epochs[-1] if self.epochs else None

    @property
    def inspected(self) -> Inspection | None:
        """The latest inspection."""
        return self.inspections[-1] if self.inspections else None

    @property
    def clips(self) -> bool:
        """Whether gradients are clipped."""
        return self.clip_norm is not None or self.clip_value is not None

    @property
    def learned(self) -> bool:
        """Whether the monitored loss is well below that of guessing."""
        return self.last is not None and self.last.loss < LEARNED * self.guessing

    def has_learned_by(self, step: int) -> bool:
        """Whether it was so at the end of some epoch until this step."""
        return any(e.loss < LEARNED * self.guessing for e in self.epochs if e.step <= step)

    @property
    def changed_by(self) -> int:
        """How many commands made them: one of the optimizer may change the rate too.

        More epochs are no change of how it trains, and have no letter on the charts either.
        """
        made = [each for each in self.changes if each.setting != MORE_EPOCHS]
        return sum(not each.same_command for each in made)

    def changes_by(self, step: int, acted: bool = False) -> list[SettingChange]:
        """The changes at this step or before; a rate that is doubled key by key changes once.

        Args:
            step: steps made.
            acted: only those of which something can have come by then.
        """
        told: list[SettingChange] = []
        for change in self.changes:
            if change.step > step:
                continue
            if acted and change.step == step and change.setting not in AT_ONCE:
                continue
            if told and _goes_on(told[-1], change):
                told[-1] = _as_one(told[-1], change)
            else:
                told.append(_with_those_beside(told, change))
        return told

    def last_change(self, step: int, *settings: str) -> SettingChange | None:
        """The last change of one of these settings, at this step or before."""
        found = [each for each in self.changes_by(step) if each.setting in settings]
        return found[-1] if found else None

    def last_suspect(self, step: int, *settings: str) -> SettingChange | None:
        """The last of these changes that can have done harm by a step."""
        found = self.suspects(step, *settings)
        return found[-1] if found else None

    def suspects(self, step: int, *settings: str) -> list[SettingChange]:
        """All of these changes that can have done harm by a step: a rate that is lowered does none.

        They are in the order of time.
        """
        found = [each for each in self.changes_by(step, acted=True) if each.setting in settings]
        return [each for each in found if not _lowers_rate(each)]

    def most_harmful(self, changes: Sequence[SettingChange], end: int) -> SettingChange | None:
        """Of some changes the one after which the loss rose most; None if it rose much after none.

        Args:
            changes: in the order of time.
            end: the last step that counts.
        """
        ends = [*(each.step for each in changes), end][1:]
        rises = [self._rise_after(*pair) for pair in zip(changes, ends, strict=True)]
        worst = max(rises, default=0.0)
        return changes[rises.index(worst)] if worst > WORSE else None

    def _rise_after(self, change: SettingChange, end: int) -> float:
        """How many times as high the monitored loss was after a change, at most.

        Args:
            change: of a setting.
            end: the last step that counts.

        Returns:
            Infinity where the loss was no number, and 1 where no epoch lies before or after it.
        """
        before = self.last_before(change)
        after = [each.loss for each in self.epochs if change.step < each.step <= end]
        if before is None or not after or not isfinite(before.loss):
            return 1.0
        return max(loss if isfinite(loss) else inf for loss in after) / before.loss

    def last_before(self, change: SettingChange) -> EpochFacts | None:
        """The last epoch before a change, or before the first of several in a row."""
        before = [each for each in self.epochs if each.step <= change.begin]
        return before[-1] if before else None

    def first_seen(self, holds: Callable[[Inspection], bool]) -> Inspection:
        """The first of the inspections, without a break up to the latest, of which it holds."""
        *earlier, first = self.inspections
        for inspection in reversed(earlier):
            if not holds(inspection):
                break
            first = inspection
        return first

    def epochs_since_change(self, *settings: str) -> tuple[EpochFacts, ...]:
        """The epochs that were trained wholly after the last change of any of these settings."""
        change = self.last_change(self.step, *settings)
        start = 0 if change is None else change.step
        begins = [0, *(each.step for each in self.epochs)]
        pairs = zip(begins, self.epochs, strict=False)
        return tuple(epoch for begin, epoch in pairs if begin >= start)


def _lowers_rate(change: SettingChange) -> bool:
    return change.setting == "learning_rate" and bool(change.new < change.old)


def _with_those_beside(told: list[SettingChange], change: SettingChange) -> SettingChange:
    """With the words of another optimizer or rate at its step."""
    same_step = [each for each in told if each.step == change.step]
    words = [each.words for each in same_step if each.setting in STEPS]
    return change._replace(beside=", ".join(words))


def _goes_on(before: SettingChange, change: SettingChange) -> bool:
    """Whether a change of the learning rate goes on with the one before it."""
    if not before.setting == change.setting == "learning_rate":
        return False
    same_way = (before.new > before.old) == (change.new > change.old)
    soon = change.epoch - before.epoch < IN_A_ROW or change.step - before.step < IN_A_ROW_STEPS
    return same_way and soon


def _as_one(first: SettingChange, last: SettingChange) -> SettingChange:
    """Two changes of one setting as one, in force since the last."""
    begins, ends = first.words.partition(ARROW), last.words.partition(ARROW)
    words = f"{begins[0]}{ARROW}{ends[2]}"
    return last._replace(old=first.old, words=words, first_step=first.begin, beside=first.beside)
