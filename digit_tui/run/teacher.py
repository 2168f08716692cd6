"""The teacher of a run that is distilled; see `nn.distillation`."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from digit_tui.config import ConfigError
from digit_tui.data import DataError, Dataset, counted
from digit_tui.nn import Network, teacher_outputs

TEMPERATURE, WEIGHT = 2.0, 0.5
"""Of who gives none, by 10,000 training images that were held out of teachers and students: 15
epochs of `standard`, taught by a committee of three (tests/benchmarks/distill.py). Two students had
99.04% and 99.10% of them right and a loss of 0.031 and 0.030; from the labels alone they had 98.91%
and 99.00%, and 0.033. With temperatures of 1, 2, 4, 8 and weights of 0.5 and 0.9 the first student
had 98.93% to 99.06%, which is mostly chance; but the loss was lower with 0.5 than with 0.9."""
HOTTEST = 100.0
"""Beyond that all classes are as good as equally probable."""
MOST = 26
"""Networks of one teacher."""
SHOWN = 100
"""Images that tell whether it has diverged."""


class TeacherMember(NamedTuple):
    """One network of a teacher."""

    source: str
    """The name of the run that it comes from."""
    network: Network
    temperature: float | None = None
    """That was fitted to the network, which its logits are divided by besides; None if none was."""


@dataclass(frozen=True, eq=False)
class Teacher:
    """Networks that say together how probable each class is: the mean of their softmaxes.

    Raises:
        ConfigError: if temperature or weight are out of range; the option is `distill_temperature`
            or `distill_weight`.
        DataError: if the networks are none, too many, or not of the same images and classes.
    """

    members: tuple[TeacherMember, ...]
    temperature: float = TEMPERATURE
    """T: what the logits of teacher and student are divided by."""
    weight: float = WEIGHT
    """a: the share of the loss that the teacher decides, from 0 to 1; the labels have the rest."""

    def __post_init__(self) -> None:
        check_distillation(self.temperature, self.weight)
        if not 1 <= len(self.members) <= MOST:
            raise DataError(f"a teacher has 1 to {MOST} networks, not {len(self.members)}")
        first = self.members[0].network.sizes
        for source, network, _ in self.members:
            if (network.sizes[0], network.sizes[-1]) != (first[0], first[-1]):
                raise DataError(
                    f"the teacher {source} reads other images than {self.members[0].source}, or "
                    "tells other classes apart"
                )

    @property
    def about(self) -> dict[str, Any]:
        """What RunStarted says of it."""
        return {
            "runs": [each.source for each in self.members],
            "temperature": self.temperature,
            "weight": self.weight,
        }

    @property
    def told_workers(self) -> dict[str, Any]:
        """What a WorkerSpec says of it; the weights are in memory that the workers share."""
        return {
            "teacher": tuple(
                (each.network.sizes, self.temperature * (each.temperature or 1))
                for each in self.members
            ),
            "distill_temperature": self.temperature,
            "distill_weight": self.weight,
        }

    def check(self, dataset: Dataset) -> None:
        """Check that it can teach a network of a dataset.

        Raises:
            DataError: if it reads other images, tells other classes apart, or has diverged.
        """
        sizes, source = self.members[0].network.sizes, self.members[0].source
        if sizes[0] != dataset.pixels:
            side = round(sizes[0] ** 0.5)
            raise DataError(
                f"the teacher {source} reads images of {side} pixels a side, and those of the run "
                f"have {dataset.side}"
            )
        if sizes[-1] != dataset.classes:
            own = counted(sizes[-1], "class", "classes")
            raise DataError(
                f"the teacher {source} tells {own} apart, and {dataset.name} has {dataset.classes}"
            )
        said = np.empty((min(SHOWN, len(dataset.train_labels)), sizes[-1]), np.float32)
        for name, network, _ in self.members:
            teacher_outputs([(network, self.temperature)], dataset.train_images[: len(said)], said)
            if not np.isfinite(said).all():
                raise DataError(f"the teacher {name} has diverged: what it says is no number")


def check_distillation(temperature: Any, weight: Any) -> None:
    """Check the two numbers of a distillation.

    Raises:
        ConfigError: if one is out of its range.
    """
    for option, value, high in (
        ("distill_temperature", temperature, HOTTEST),
        ("distill_weight", weight, 1),
    ):
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        low_enough = number and isfinite(value) and 0 <= value <= high
        if not low_enough or (option == "distill_temperature" and value == 0):
            limits = "above 0 and at most" if option == "distill_temperature" else "from 0 to"
            raise ConfigError(option, f"{value!r} is not a number {limits} {high:g}")
