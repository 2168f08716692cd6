"""The events of a run. They are all that a front end reads from a trainer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.insight.lesson import Lesson
from digit_tui.insight.significance import Comparison
from digit_tui.nn import Evaluation, Network, PredictionHistory
from digit_tui.run.commands import Lineage
from digit_tui.run.settings import Settings
from digit_tui.run.state import RunState

IF_KNOWN = {"if known": True}
"""Metadata of fields that are left out of the JSON where they are None."""
SETTINGS = tuple(each.name for each in fields(Settings))


@dataclass(frozen=True, eq=False)
class RunStarted:
    """The first event: the network is initialized, and no step is made yet."""

    config: dict[str, Any]
    """RunConfig.to_json()"""
    data: dict[str, Any]
    """name, sha256, training_images, validation_images, test_images, classes, side"""
    network: tuple[int, ...]
    """Layer widths, inputs first, classes last."""
    parameters: int
    """Number of weights and biases."""
    versions: dict[str, str]
    run: str | None
    """The run's folder."""
    settings: Settings = field(metadata={"json": False})
    teacher: dict[str, Any] | None = field(default=None, metadata={"if known": True})
    """runs, temperature, weight; see `run.teacher`."""


@dataclass(frozen=True, eq=False)
class Restored:
    """The run resumes from its checkpoint, or, without a usable one, from its beginning."""

    step: int
    epoch: float
    epochs: list[dict[str, Any]]
    """The results of the epochs so far, each as EpochEnded in JSON."""
    complaints: list[str]
    """What is wrong with the run's folder, one line each."""
    test_opened: int | None
    """The step at which the test set was first evaluated, in a run with a validation set; else, or
    if it was not yet, None."""
    lineage: Lineage = field(metadata={"json": False})
    """The commands applied so far."""
    settings: Settings = field(metadata={"json": False})
    evaluations: list[dict[str, Any]] = field(default_factory=list, metadata={"json": False})
    """Evaluations between the ends of epochs: epoch, loss and accuracy, as `epochs` has them."""
    start: float = field(default=0.0, metadata={"json": False})
    """The epoch at which the run began: that of the fork, or the earliest that it went back to."""
    ahead: int = field(default=0, metadata={"json": False})
    """Steps that are repeated, as it was left on its way back to some moment."""
    aim_epoch: float = field(default=0.0, metadata={"json": False})
    """Where it will be when those steps have been repeated."""
    fork: tuple[str, str] | None = field(default=None, metadata={"json": False})
    """The name of the fork that trained beside it when it was left, and what differs in it."""


@dataclass(frozen=True, eq=False)
class StepsDone:
    """Some training steps, published together."""

    step: int
    """Steps made since the run began."""
    epoch: float
    """Position in the run: completed epochs and the fraction of the current one."""
    positions: NDArray[np.float64]
    """(n,) the position after each step, in epochs."""
    losses: NDArray[np.float32]
    """(n,) mean training loss of each batch, in nats."""
    accuracies: NDArray[np.float32]
    """(n,) fraction of each batch that was classified correctly, before its step."""
    gradient_norms: NDArray[np.float32]
    """(n,) global norm before clipping."""
    learning_rate: float
    """Of the last step, after the schedule."""
    images: int
    """Number of images in these steps."""
    seconds: float
    """Duration of these steps, without pauses and evaluations."""
    rate_factor: float | None = None
    """What the optimizer multiplies the learning rate by; None if it finds no such factor."""


@dataclass(frozen=True, eq=False)
class Evaluated:
    """The network was evaluated on the validation set or the test set.

    The monitored split is evaluated at the start, on a pause, at the end of each epoch, and before
    and after something is removed from the network, put back, or taught: the validation set, if
    images are held out, else the test set. With a validation set, the test set is evaluated when
    the user opens it, and at the end of the run.
    """

    step: int
    epoch: float
    evaluation: Evaluation
    seconds: float
    """Duration of the evaluation."""
    network: Network = field(metadata={"json": False})
    """A copy of the evaluated network: with the averaged weights, if there are some."""
    history: PredictionHistory = field(metadata={"json": False})
    """The predictions for the same images at the end of each epoch so far."""
    split: str = "test"
    """test or validation"""


@dataclass(frozen=True, eq=False)
class EpochEnded:
    """An epoch has ended: all training images were used once more."""

    epoch: int
    """Completed epochs."""
    step: int
    learning_rate: float
    """Of the last step, after the schedule."""
    optimizer: str
    train_loss: float
    """Mean over the images of the epoch, augmented and each before its step, in nats."""
    train_accuracy: float
    """As a fraction, of the same images."""
    test_loss: float | None
    test_accuracy: float | None
    """As a fraction; None, like the loss, if the run is monitored on a validation set instead."""
    gradient_norm: float
    """Mean over the steps, before clipping."""
    clip_rate: float
    """Fraction of the steps whose gradient was clipped."""
    seconds: float
    """Training time, without pauses and evaluations."""
    images_per_second: float
    validation_loss: float | None = field(default=None, metadata=IF_KNOWN)
    validation_accuracy: float | None = field(default=None, metadata=IF_KNOWN)
    """As a fraction; None, like the loss, if there is no validation set."""

    @property
    def monitored(self) -> tuple[str, float, float]:
        """The monitored split, and the loss and accuracy on it."""
        if self.validation_loss is not None and self.validation_accuracy is not None:
            return "validation", self.validation_loss, self.validation_accuracy
        assert self.test_loss is not None
        assert self.test_accuracy is not None
        return "test", self.test_loss, self.test_accuracy


@dataclass(frozen=True)
class Effect:
    """What a change did to the network at once, on the monitored split."""

    split: str
    """test or validation"""
    before: float
    """Accuracy, as a fraction."""
    after: float
    comparison: Comparison
    """Of the network before with the one after."""


@dataclass(frozen=True, eq=False)
class SettingChanged:
    """A command changed a setting."""

    step: int
    epoch: float
    setting: str
    """A field of Settings."""
    old: Any
    new: Any
    settings: Settings = field(metadata={"json": False})
    """All settings, after the change."""
    effect: Effect | None = field(default=None, metadata=IF_KNOWN)
    """Of units that are switched off or on, pruning and teaching; None for other settings."""
    lesson: Lesson | None = field(default=None, metadata=IF_KNOWN)
    """How drawings fare that the network was taught; None for other settings."""

    @property
    def is_harmless(self) -> bool:
        """Whether no trouble comes of it: of more epochs, or of a rate that is no higher."""
        is_no_higher = self.setting == "learning_rate" and self.new <= self.old
        return self.setting == "epochs" or bool(is_no_higher)

    @classmethod
    def all_between(
        cls,
        step: int,
        epoch: float,
        old: Settings,
        new: Settings,
        names: Iterable[str] = SETTINGS,
    ) -> list[SettingChanged]:
        """What one command changed.

        Args:
            step: where it took effect.
            epoch: the same place.
            old: the settings before it.
            new: the settings after it.
            names: the settings that it sets, in the order of the events.
        """
        values = ((name, getattr(old, name), getattr(new, name)) for name in names)
        return [
            cls(step, epoch, name, before, value, new)
            for name, before, value in values
            if before != value
        ]


@dataclass(frozen=True, eq=False)
class WentBack:
    """The run went to another step: what happened since that step is undone."""

    step: int
    """The step that it went to."""
    epoch: float
    from_step: int
    from_epoch: float
    ahead: int
    """Steps that are repeated to get there, from the nearest snapshot before it."""
    from_lineage: Lineage = field(metadata={"json": False})
    """The commands that were in force before."""
    lineage: Lineage = field(metadata={"json": False})
    """The commands that are in force now."""
    settings: Settings = field(metadata={"json": False})
    aim_epoch: float = field(metadata={"json": False})
    """Where it will be when those steps have been repeated."""
    aim_lineage: Lineage = field(metadata={"json": False})
    """The commands in force there: what is undone are those that are missing."""
    from_aim_epoch: float = field(metadata={"json": False})
    """Where it was; of a run that was on its way back, where that would have ended."""
    from_aim_lineage: Lineage = field(metadata={"json": False})
    """The commands in force there."""


@dataclass(frozen=True)
class SnapshotInfo:
    """A moment of the run that one can go back to: by a snapshot, or by repeating steps."""

    step: int
    epoch: float
    lineage: Lineage
    """The commands in force at that point."""
    accuracy: float | None
    """Of the last evaluation of the monitored split at or before it, as a fraction."""
    following: str
    """The commands that were applied right after it, for example "then switch to sgd", or "undone:
    switch to sgd, then double the learning rate"."""
    undone: bool
    """Whether the run has since gone back to before it."""
    lowest_loss: float | None = None
    """On the monitored split, in nats, if no other one that is not undone has a lower loss."""
    in_force: bool = False
    """Whether a command that is in force was applied right after it."""
    left_behind: bool = False
    """Whether the run went back from it, was in no trouble there, and has not got as far again:
    of several the latest, unless another one read clearly more digits."""


@dataclass(frozen=True, eq=False)
class TimelineChanged:
    """What one can go back to has changed."""

    snapshots: list[SnapshotInfo] = field(metadata={"json": False})
    """Those in memory, oldest first, then commands in force that none of them is before."""


@dataclass(frozen=True, eq=False)
class Inspected:
    """A copy of the state, for a front end that asked to look inside the network."""

    step: int
    epoch: float
    learning_rate: float
    """Of the next step, after the schedule."""
    network: Network = field(metadata={"json": False})
    """The copy's latest weights, which training goes on with."""
    state: RunState = field(metadata={"json": False})
    """The copy."""

    @cached_property
    def evaluated_network(self) -> Network:
        """The network that an evaluation would measure: with averaged weights, if there are."""
        state = self.state
        return Network(self.network.sizes, state.evaluated) if state.averaged else self.network

    @property
    def evaluated_weights(self) -> str:
        """What an evaluation would measure, in words."""
        return "averaged weights" if self.state.averaged else "latest weights"


TROUBLES = ("diverged", "spike")
"""Reasons to pause that going back may mend."""


@dataclass(frozen=True, eq=False)
class Paused:
    step: int
    epoch: float
    reason: str
    """asked, batch or epoch (after a single one), finished, diverged, spike"""
    back_to: float | None = field(default=None, metadata={"json": False})
    """The epoch to which undo leads, if it diverged or its loss spiked in interactive use, ..."""
    undoes: Lineage = field(default=(), metadata={"json": False})
    """... and the commands that this undoes, ..."""
    back_rate: float = field(default=0.0, metadata={"json": False})
    """... and the learning rate there, before the schedule."""
    trains_on: bool = field(default=False, metadata={"json": False})
    """Whether it then trains on by itself: what may be the cause is taken back."""
    words: str = field(default="", metadata={"json": False})
    """What happened, where it was before a resume; else Diverged or Spiked says it."""
    again: bool = field(default=False, metadata={"json": False})
    """Whether it stood in that trouble already, and what undo takes back has changed."""


@dataclass(frozen=True, eq=False)
class Resumed:
    step: int
    epoch: float


@dataclass(frozen=True, eq=False)
class Refused:
    """A command could not be carried out; nothing has changed."""

    step: int
    message: str
    remedy: str = field(default="", metadata={"json": False})
    """What to do instead; see remedies.py."""


@dataclass(frozen=True, eq=False)
class Warned:
    """Settings in force are allowed, but do not go together."""

    step: int
    message: str


@dataclass(frozen=True, eq=False)
class Diverged:
    """The loss or the gradient is NaN or infinite. The step is not made, and the run pauses."""

    step: int
    """Steps made before it."""
    epoch: float
    what: str
    """loss or gradient"""
    value: float
    message: str
    """What happened, in words."""


@dataclass(frozen=True, eq=False)
class Spiked:
    """The training loss has risen to that of guessing. The run pauses."""

    step: int
    epoch: float
    before: float
    """The training loss before it rose, in nats."""
    value: float
    """The training loss now."""
    message: str
    """What happened, in words."""


@dataclass(frozen=True, eq=False)
class Teaching:
    """The network of the run, or of a fork that is being made, is taught: that takes seconds."""

    step: int
    epoch: float
    count: int
    """How many drawings."""
    classes: int
    """That the network knows."""
    unknown: list[tuple[int, int]]
    """Number and label of the drawings of other classes: these are left out."""


@dataclass(frozen=True, eq=False)
class Forked:
    """A copy of the run trains beside it from now on, on the same batches."""

    step: int
    epoch: float
    changes: list[str]
    """The settings that differ in the copy, in words."""
    run: str | None
    """The copy's folder."""
    settings: Settings = field(metadata={"json": False})
    """The copy's."""


@dataclass(frozen=True, eq=False)
class ForkEnded:
    """One branch continues as the run; the other one stops, and stays saved in its own folder."""

    step: int
    kept: str
    """run or fork"""
    left: str | None
    """The folder of the branch that stopped."""
    reason: str
    """asked, or diverged"""


@dataclass(frozen=True, eq=False)
class CheckpointSaved:
    step: int
    path: str
    """The run's folder."""
    asked: bool = field(default=False, metadata={"json": False})
    """Whether the user asked for it, by the command or by leaving."""


@dataclass(frozen=True, eq=False)
class SaveFailed:
    """A file could not be written; what was saved before is intact."""

    step: int
    message: str


@dataclass(frozen=True, eq=False)
class WorkerLost:
    """A worker process has ended or does not answer. What it worked on is computed again, to the
    same bits: the run goes on as if nothing had happened."""

    step: int
    pid: int | None
    """Of the process; None if no new ones can be started."""
    reason: str
    """For example "was killed by signal 9"."""
    processes: int
    """How many train from now on, the one of the program included."""


@dataclass(frozen=True, eq=False)
class RunEnded:
    """The last event."""

    reason: str
    """finished; the reason of the Stop command: stopped, interrupted or diverged; or left, for the
    branch of a fork that was not continued"""
    epochs: int
    """Completed epochs."""
    steps: int
    test_accuracy: float | None
    """As a fraction; None, like the counts, if the test set was not evaluated: in a run with a
    validation set that ended before its last epoch, or that is a trial of a sweep."""
    test_correct: int | None
    test_total: int | None
    weights_sha256: str
    seconds: float
    """Training time of all steps that led here, before the run was resumed too. Pauses, evaluations
    and what was undone do not count."""
    run: str | None
    evaluated: Evaluated = field(metadata={"json": False})
    """The final evaluation of the test set, or, if it was not evaluated, of the validation set."""
    validation_accuracy: float | None = field(default=None, metadata=IF_KNOWN)
    """As a fraction; None, like the counts, if there is no validation set."""
    validation_correct: int | None = field(default=None, metadata=IF_KNOWN)
    validation_total: int | None = field(default=None, metadata=IF_KNOWN)
    test_opened: int | None = field(default=None, metadata=IF_KNOWN)
    """The step at which the user first opened the test set, in a run with a validation set; None if
    that did not happen."""

    @property
    def monitored_accuracy(self) -> float:
        """Of the monitored split, as a fraction."""
        accuracy = self.test_accuracy if self.validation_total is None else self.validation_accuracy
        assert accuracy is not None
        return accuracy


@dataclass(frozen=True, eq=False)
class BranchEvent:
    """An envelope around an event of the fork. Events of the run itself come without one."""

    event: Event
    branch: str = "fork"


Event = (
    RunStarted
    | Restored
    | StepsDone
    | Evaluated
    | EpochEnded
    | SettingChanged
    | WentBack
    | TimelineChanged
    | Inspected
    | Paused
    | Resumed
    | Refused
    | Warned
    | Diverged
    | Spiked
    | Teaching
    | Forked
    | ForkEnded
    | CheckpointSaved
    | SaveFailed
    | WorkerLost
    | RunEnded
    | BranchEvent
)
