"""The network of a saved run, and what whoever gets it as a file should know of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

import digit_tui
from digit_tui.nn import Network
from digit_tui.storage.calibration_file import calibration_of
from digit_tui.storage.checkpoint import Checkpoint
from digit_tui.storage.errors import RunError
from digit_tui.storage.saved_run import SavedRun

PRODUCER = "digit-tui"
INPUT = "(n, side * side) float32, rows of pixels from 0 (background) to 1 (ink)"
"""What the first layer's weights are multiplied by."""


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A network with the facts about it; whatever is removed from it is 0 in its weights."""

    network: Network
    side: int
    """Of the images, in pixels."""
    averaged: bool
    """Whether the weights are an average, which `evaluate` measures."""
    temperature: float | None
    """What its logits are to be divided by before the softmax; None if none was fitted."""
    accuracy: float | None
    """As a fraction; None if these weights were not measured."""
    accuracy_of: str
    """The split that it was measured on: test or validation."""
    run_weights_sha256: str
    """Of the state of the run with its average, as `runs show` and the end of a run tell it."""
    run: str
    """The name of the run."""
    step: int
    data: str
    """The name of the dataset."""
    config: dict[str, Any]
    """The options of the run, without the folder of its dataset."""
    measured: bool = True
    """Whether these are the weights that evaluations are of."""

    @classmethod
    def of(
        cls, saved: SavedRun, checkpoint: Checkpoint, average: bool | None = None
    ) -> tuple[TrainedNetwork, str]:
        """The network of a saved run.

        Args:
            saved: the run.
            checkpoint: of it.
            average: the average of the weights, or the weights that training goes on with; None is
                what `evaluate` measures: the average, if the run keeps one.

        Returns:
            It, and in a line why a calibration of the run is not used; empty if there is none.

        Raises:
            RunError: if the run keeps no average that was asked for, or its weights are not finite.
        """
        state = checkpoint.state
        if average and not state.averaged:
            raise RunError(f"{saved.path} keeps no average of its weights: leave out --average")
        averaged = state.averaged and average is not False
        network = checkpoint.network if averaged else Network(checkpoint.sizes, state.parameters)
        if not np.isfinite(network.parameters).all():
            raise RunError(
                f"{saved.path} has diverged: weights at step {state.step:,} are no numbers; "
                "perhaps its best ones are (--best)"
            )
        calibration, complaint = calibration_of(saved.path, state.weights_sha256)
        measured = averaged or not state.averaged
        if calibration is not None and not measured:
            calibration = None
            complaint = "the temperature was fitted to the averaged weights, and is left out"
        accuracy, split = _accuracy(saved, checkpoint) if measured else (None, "test")
        name = str(saved.record["data"]["name"])
        trained = cls(
            network=network,
            side=checkpoint.data["side"],
            averaged=averaged,
            temperature=None if calibration is None else calibration.temperature,
            accuracy=accuracy,
            accuracy_of=split,
            run_weights_sha256=state.weights_sha256,
            run=saved.path.name,
            step=state.step,
            data=name,
            config=checkpoint.config.to_json() | {"data": name},
            measured=measured,
        )
        return trained, complaint

    @property
    def classes(self) -> int:
        return self.network.sizes[-1]

    @property
    def layers(self) -> str:
        """Widths, such as 784-128-10."""
        return "-".join(map(str, self.network.sizes))

    @property
    def weights_sha256(self) -> str:
        """Hex SHA-256 of the float32 numbers: of each layer the weights, (inputs, outputs) row by
        row, then the biases."""
        return hashlib.sha256(np.ascontiguousarray(self.network.parameters).data).hexdigest()

    @property
    def facts(self) -> dict[str, str]:
        """What every format says of the network, as texts."""
        facts = {
            "producer": f"{PRODUCER} {digit_tui.__version__}",
            "input": INPUT,
            "side": str(self.side),
            "classes": str(self.classes),
            "layers": self.layers,
            "activation": "ReLU after each layer but the last",
            "weights": "averaged" if self.averaged else "latest",
            "weights_sha256": self.weights_sha256,
            "run_weights_sha256": self.run_weights_sha256,
            "run": self.run,
            "step": str(self.step),
            "data": self.data,
            "config": json.dumps(self.config),
        }
        if self.accuracy is not None:
            facts |= {"accuracy": repr(self.accuracy), "accuracy_of": self.accuracy_of}
        if self.temperature is not None:
            facts["temperature"] = repr(self.temperature)
        return facts


def _accuracy(saved: SavedRun, checkpoint: Checkpoint) -> tuple[float | None, str]:
    """What is known of how many digits a state gets right, and of which split."""
    results = saved.record["results"]
    if results and results["weights_sha256"] == checkpoint.state.weights_sha256:
        for split in ("test", "validation"):
            if results[f"{split}_accuracy"] is not None:
                return float(results[f"{split}_accuracy"]), split
    return checkpoint.accuracy, saved.config.monitored_split
