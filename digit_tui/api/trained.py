"""What can be asked of a network that was trained, wherever it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from digit_tui.api.digits import as_pixels
from digit_tui.api.history import History
from digit_tui.api.mistakes import Mistakes
from digit_tui.api.predicting import predict, predict_proba
from digit_tui.data import Dataset
from digit_tui.insight.digit_table import DigitTable
from digit_tui.nn import Evaluation, Layer, Network, PredictionHistory, evaluate

SPLITS = ("test", "validation")


class Measured(NamedTuple):
    """An evaluation of a split, and what was predicted for it at the end of each epoch."""

    evaluation: Evaluation
    history: PredictionHistory


def read_only(network: Network) -> Network:
    """A network that nobody can change: its arrays refuse it."""
    network.parameters.flags.writeable = False
    return Network(network.sizes, network.parameters)  # its views refuse it, too


class Trained(ABC):
    """A run, the fork beside one, or a saved run."""

    @property
    @abstractmethod
    def network(self) -> Network:
        """The network that is evaluated and predicts, as it is now: a copy, read-only.

        With averaged weights, if the run keeps an average.
        """

    @property
    @abstractmethod
    def history(self) -> History:
        """The results of the epochs that led here, as arrays."""

    @property
    @abstractmethod
    def dataset(self) -> Dataset:
        """The digits that it is trained on and measured with."""

    @abstractmethod
    def _measure(self, split: str) -> Measured:
        """Evaluate a split of the dataset."""

    @property
    def weights(self) -> list[Layer]:
        """Of each layer `weights` (inputs, outputs) and `biases` (outputs,), read-only.

        They are those of `network`.
        """
        return self.network.layers

    def predict(self, images: ArrayLike) -> NDArray[np.intp]:
        """The most probable class of some images, (n,); see `digit_tui.predict`."""
        return predict(self.network, images)

    def predict_proba(
        self, images: ArrayLike, *, temperature: float | None = 1.0
    ) -> NDArray[np.float32]:
        """The probability of each class, (n, classes); see `digit_tui.predict_proba`."""
        return predict_proba(self.network, images, temperature=temperature)

    def evaluate(
        self,
        images: ArrayLike | None = None,
        labels: ArrayLike | None = None,
        *,
        split: str | None = None,
    ) -> Evaluation:
        """Measure the network: accuracy, loss, and predictions image by image.

        Args:
            images: of your own, see `predict_proba`; None takes those of the dataset.
            labels: (n,) the true classes of these.
            split: of the dataset: "test" or "validation"; None is the one that the run is
                monitored on, the validation set if images are held out. To open the test set of
                such a run while it trains is recorded.

        Raises:
            ValueError: if the images or labels are not what is needed, or there is no such split.
        """
        if images is None and labels is None:
            return self._measure(self._split(split)).evaluation
        if images is None or labels is None or split is not None:
            raise ValueError("give images with their labels, or a split of the dataset")
        pixels, given = as_pixels(images, self.network.sizes[0]), np.asarray(labels)
        classes = self.network.sizes[-1]
        if given.shape != (len(pixels),):
            raise ValueError(f"labels of shape {given.shape} for {len(pixels):,} images")
        whole = given.dtype.kind in "iu"
        if len(given) and not (whole and given.min() >= 0 and given.max() < classes):
            raise ValueError(f"labels must be whole numbers from 0 to {classes - 1}")
        return evaluate(self.network, pixels, given.astype(np.uint8))

    def mistakes(self, select: str = "wrong", order: str = "loss") -> Mistakes:
        """The digits of the monitored split that it gets wrong; see `digit_tui.mistakes`."""
        if not isinstance(select, str):
            raise ValueError(f"select: {select!r} is no text such as 'true=4 pred=9'")
        split = self.dataset.monitored_split
        table = DigitTable(*self._measure(split))
        images, _ = self.dataset.split(split)
        return Mistakes(table, images, self.dataset.side, split, select, order)

    def _split(self, split: str | None) -> str:
        if split is None:
            return self.dataset.monitored_split
        if split not in SPLITS:
            raise ValueError(f"split {split!r} is none of {', '.join(SPLITS)}")
        if split == "validation" and self.dataset.validation_labels is None:
            raise ValueError("no images are held out: give Run(validation=...) a number of them")
        return split


def told(accuracy: float | None, split: str) -> str:
    """For example "test accuracy 97.20%"."""
    return "not measured" if accuracy is None else f"{split} accuracy {accuracy:.2%}"


def count_words(step: int, epoch: float, epochs: Any) -> str:
    """For example "epoch 2.5 of 10, step 80"."""
    return f"epoch {epoch:g} of {epochs}, step {step:,}" if step else "not trained yet"
