"""What happened in a run. Front ends read events and nothing else of a trainer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import Evaluation, Network, PredictionHistory
from digit_tui.run.commands import Lineage
from digit_tui.run.settings import Settings

IF_HELD_OUT = {"held out": True}
"""Metadata of fields that JSON has only where they say something."""


@dataclass(frozen=True, eq=False)
class RunStarted:
    """The first event: the network is made, no step is done."""

    config: dict[str, Any]
    """RunConfig.to_json()"""
    data: dict[str, Any]
    """name, sha256, training_images, validation_images, test_images, classes, side"""
    network: tuple[int, ...]
    """Layer widths, inputs first, classes last."""
    parameters: int
    """How many numbers the network learns."""
    versions: dict[str, str]
    run: str | None
    """The run's folder."""
    settings: Settings = field(metadata={"json": False})


@dataclass(frozen=True, eq=False)
class Restored:
    """The run goes on from where it was saved, or, without a checkpoint, from its beginning."""

    step: int
    epoch: float
    epochs: list[dict[str, Any]]
    """The results of the epochs before, as EpochEnded."""
    complaints: list[str]
    """What was found wrong with the run's folder, one line each."""
    test_opened: int | None
    """The step at which the test set was opened, where digits are held out; None: not yet."""
    lineage: Lineage = field(metadata={"json": False})
    """The commands before."""
    settings: Settings = field(metadata={"json": False})


@dataclass(frozen=True, eq=False)
class StepsDone:
    """Some steps, published together about ten times a second."""

    step: int
    """Steps made since the run began."""
    epoch: float
    """Position in the run: completed epochs, with the part of the present one."""
    positions: NDArray[np.float64]
    """(n,) the position after each of these steps, in epochs."""
    losses: NDArray[np.float32]
    """(n,) mean training loss of each batch, in nats."""
    accuracies: NDArray[np.float32]
    """(n,) fraction of each batch that was classified right, before its step."""
    gradient_norms: NDArray[np.float32]
    """(n,) global norm before clipping."""
    learning_rate: float
    """Of the last step, after the schedule."""
    images: int
    """Images these steps have used."""
    seconds: float
    """Time these steps took, without pauses and evaluations."""


@dataclass(frozen=True, eq=False)
class Evaluated:
    """Digits that are not trained on were looked at.

    At the start, on a pause, and at the end of each epoch those that the run is watched with: held
    out ones, if there are any, else the test digits. And the test digits when they are opened.
    """

    step: int
    epoch: float
    evaluation: Evaluation
    seconds: float
    """How long the look took."""
    network: Network = field(metadata={"json": False})
    """A copy of what looked: the averaged weights, where there are any."""
    history: PredictionHistory = field(metadata={"json": False})
    """The predictions at the ends of the epochs so far."""
    split: str = "test"
    """Which were looked at: test or validation."""


@dataclass(frozen=True, eq=False)
class EpochEnded:
    """All training images were used once more."""

    epoch: int
    """Completed epochs."""
    step: int
    learning_rate: float
    """Of the last step, after the schedule."""
    optimizer: str
    train_loss: float
    """Mean over the epoch's batches, each before its step, in nats; of the images as deformed."""
    train_accuracy: float
    """As a fraction, likewise."""
    test_loss: float | None
    test_accuracy: float | None
    """As a fraction; None, like the loss, where the run is watched with held-out digits instead."""
    gradient_norm: float
    """Mean over the steps, before clipping."""
    clip_rate: float
    """Fraction of steps whose gradient was clipped."""
    seconds: float
    """Training time, without pauses and the evaluation."""
    images_per_second: float
    validation_loss: float | None = field(default=None, metadata=IF_HELD_OUT)
    validation_accuracy: float | None = field(default=None, metadata=IF_HELD_OUT)
    """Of the held-out digits; None where there are none."""

    @property
    def monitored(self) -> tuple[str, float, float]:
        """Which digits the run is watched with, and their loss and accuracy."""
        if self.validation_loss is not None and self.validation_accuracy is not None:
            return "validation", self.validation_loss, self.validation_accuracy
        assert self.test_loss is not None
        assert self.test_accuracy is not None
        return "test", self.test_loss, self.test_accuracy


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
    """All that are in force now."""


@dataclass(frozen=True, eq=False)
class WentBack:
    """The run stands at another moment; what was done since is undone."""

    step: int
    """Where it stands now."""
    epoch: float
    from_step: int
    from_epoch: float
    ahead: int
    """Steps that are made again first, as the moment itself is not in memory."""
    from_lineage: Lineage = field(metadata={"json": False})
    """The commands that were in force."""
    lineage: Lineage = field(metadata={"json": False})
    """Those that are now."""
    settings: Settings = field(metadata={"json": False})


@dataclass(frozen=True)
class SnapshotInfo:
    """A point in time to go back to."""

    step: int
    epoch: float
    lineage: Lineage
    """The commands in force then."""
    accuracy: float | None
    """As a fraction, of the last look before at the digits that the run is watched with."""
    following: str
    """The command that came next, in words, if it came at once."""
    undone: bool
    """Whether the run has left it by going back."""


@dataclass(frozen=True, eq=False)
class TimelineChanged:
    """There are other snapshots in memory."""

    snapshots: list[SnapshotInfo] = field(metadata={"json": False})
    """In the order in which they were."""


@dataclass(frozen=True, eq=False)
class Paused:
    step: int
    epoch: float
    reason: str
    """asked, batch (one was asked for), epoch (likewise), finished, diverged, spike"""


@dataclass(frozen=True, eq=False)
class Resumed:
    step: int
    epoch: float


@dataclass(frozen=True, eq=False)
class Refused:
    """A command could not be obeyed; nothing has changed."""

    step: int
    message: str


@dataclass(frozen=True, eq=False)
class Diverged:
    """The loss or the gradient is no number any more. The step was not made; the run pauses."""

    step: int
    """Steps made before."""
    epoch: float
    what: str
    """loss or gradient"""
    value: float
    message: str
    """What happened, in words."""


@dataclass(frozen=True, eq=False)
class Spiked:
    """The network has become no better than guessing. The run pauses."""

    step: int
    epoch: float
    before: float
    """The training loss when all was well, in nats."""
    value: float
    """The training loss now."""
    message: str
    """What happened, in words."""


@dataclass(frozen=True, eq=False)
class Forked:
    """A copy of the run trains beside it from now on, on the same batches."""

    step: int
    epoch: float
    changes: list[str]
    """What it does otherwise, in words."""
    run: str | None
    """The copy's folder."""
    settings: Settings = field(metadata={"json": False})
    """The copy's."""


@dataclass(frozen=True, eq=False)
class ForkEnded:
    """One branch goes on as the run; the other stays as it is, in a folder of its own."""

    step: int
    kept: str
    """run or fork"""
    left: str | None
    """The folder of the branch that stays behind."""
    reason: str
    """asked, or diverged"""


@dataclass(frozen=True, eq=False)
class CheckpointSaved:
    step: int
    path: str
    """The run's folder."""
    asked: bool = field(default=False, metadata={"json": False})
    """Whether a person wanted it, now or by leaving."""


@dataclass(frozen=True, eq=False)
class SaveFailed:
    """A file could not be written; what was saved before is intact."""

    step: int
    message: str


@dataclass(frozen=True, eq=False)
class RunEnded:
    """The last event."""

    reason: str
    """finished, or the reason of the Stop command: stopped, interrupted, diverged; or left, for the
    branch of a fork that was not gone on with"""
    epochs: int
    """Completed epochs."""
    steps: int
    test_accuracy: float | None
    """As a fraction; None, like the numbers, if held-out digits were watched and it is not the end
    of all epochs: then the test digits were not looked at."""
    test_correct: int | None
    test_total: int | None
    weights_sha256: str
    seconds: float
    """Since the start, with everything."""
    run: str | None
    evaluated: Evaluated = field(metadata={"json": False})
    """At the test digits, or, where those were not looked at, at the held-out ones."""
    validation_accuracy: float | None = field(default=None, metadata=IF_HELD_OUT)
    """As a fraction, like the numbers of the held-out digits; None where there are none."""
    validation_correct: int | None = field(default=None, metadata=IF_HELD_OUT)
    validation_total: int | None = field(default=None, metadata=IF_HELD_OUT)
    test_opened: int | None = field(default=None, metadata=IF_HELD_OUT)
    """The step at which a person opened the test set, where digits are held out; None: nobody."""

    @property
    def monitored_accuracy(self) -> float:
        """On the digits that the run was watched with, as a fraction."""
        accuracy = self.test_accuracy if self.validation_total is None else self.validation_accuracy
        assert accuracy is not None
        return accuracy


@dataclass(frozen=True, eq=False)
class BranchEvent:
    """An envelope: what happened to the fork. The run's own events come without one."""

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
    | Paused
    | Resumed
    | Refused
    | Diverged
    | Spiked
    | Forked
    | ForkEnded
    | CheckpointSaved
    | SaveFailed
    | RunEnded
    | BranchEvent
)
