"""The classifier as an estimator of scikit-learn, which must be installed."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(
        "DigitClassifier needs scikit-learn 1.6 or later: pip install scikit-learn"
    ) from error

from digit_tui.api.digits import MAX_CLASSES
from digit_tui.api.run import Run
from digit_tui.config import MAX_SIDE
from digit_tui.data import Dataset
from digit_tui.nn import Network, evaluate
from digit_tui.nn.network import WHITE

Array = NDArray[Any]
MAX_DRAWN_SEED = 2**31 - 1


class DigitClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The network of digit-tui as an estimator: `fit`, `predict`, `predict_proba`, `score`.

    It is the trainer of a `Run`: fitted on pixels (n, side * side) of type uint8, it has the same
    weights, to the last bit, as a run with the same options and the seed `random_state`.

    Other features are made pixels first: what `fit` saw of each, from its smallest value to its
    largest, is mapped to the 256 levels from 0 to 255, and what is beyond is cut off. This loses
    what is finer than 1/255 of the range, or has outliers far from the rest: transform such
    features before. Where their number is no square, blank ones are added.

    The defaults are the preset classic. Parameters are checked by `fit`.

    Attributes:
        classes_: (classes,) the labels, sorted.
        n_features_in_: number of features.
        feature_min_: (features,) float64, what is 0 to the network; likewise `feature_max_`, 255.
        parameters_: (n,) float32, all weights and biases, with averaged values if `average`.
        sizes_: layer widths, inputs first, classes last.
        n_iter_: epochs.
        loss_curve_: (epochs,) mean training loss of each, in nats.
        weights_sha256_: hex SHA-256 of the weights and their average.
    """

    def __init__(
        self,
        hidden: Sequence[int] = (128,),
        *,
        optimizer: str = "adamw",
        learning_rate: float | None = None,
        schedule: str = "cosine",
        batch_size: int = 128,
        epochs: int = 25,
        weight_decay: float | None = None,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        sam: float = 0.0,
        augment: str = "none",
        average: bool = True,
        threads: int = 1,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        """Set parameters.

        Args:
            hidden: widths of the hidden layers.
            optimizer: as an option of `Run`; likewise all others that are not named here.
            learning_rate: the base rate; None is 0.005 with adamw, else the optimizer's own.
            schedule: constant, cosine or onecycle.
            batch_size: images in a step.
            epochs: length of the training.
            weight_decay: see `Run`; None is 0.1 with adamw, else 0.
            clip_norm: see `Run`.
            clip_value: see `Run`.
            sam: see `Run`.
            augment: other than none only for pictures.
            average: predict with an exponential average of the weights.
            threads: how many processors to train on.
            random_state: the seed; None draws one from NumPy's global generator.
        """
        self.hidden = hidden
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.epochs = epochs
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.clip_value = clip_value
        self.sam = sam
        self.augment = augment
        self.average = average
        self.threads = threads
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train a network from its beginning.

        Args:
            X: (n, features) numbers; pixels, if they are uint8.
            y: (n,) the labels, of any type.

        Raises:
            ConfigError: if a parameter is out of range.
            DivergedError: if the network diverged.
            ValueError: if X or y cannot be learned from.
        """
        features, y = validate_data(self, X, y, dtype="numeric")
        check_classification_targets(y)
        classes, labels = np.unique(y, return_inverse=True)
        count, width = len(classes), features.shape[1]
        if not 2 <= count <= MAX_CLASSES:
            raise ValueError(f"y has {count} class{'es' * (count > 1)}: give 2 to {MAX_CLASSES}")
        side = max(ceil(sqrt(width)), 2)
        if side > MAX_SIDE:
            raise ValueError(f"X has {width:,} features: at most {MAX_SIDE**2:,} are possible")
        if features.dtype == np.uint8:
            low, high = np.zeros(width), np.full(width, float(WHITE))
        else:
            low, high = (
                np.asarray(each(features, axis=0), np.float64) for each in (np.min, np.max)
            )
        # The trainer wants test images, too; nobody here looks at what it finds: one will do.
        images, known = _pixels(features, side, low, high), labels.astype(np.uint8)
        dataset = Dataset(
            "features", "features", images, known, images[:1], known[:1], side, classes=count
        )
        with Run("classic", data=dataset, **self._options()) as run:
            if not run.finished:
                run._session.known.undoable = False
                run.train(None)
            network, history, sha256 = run.network, run.history, run.weights_sha256
        self.classes_, self.feature_min_, self.feature_max_ = classes, low, high
        self.sizes_, self.parameters_ = network.sizes, network.parameters.copy()
        self.loss_curve_, self.n_iter_ = history["train_loss"], history.epochs
        self.weights_sha256_ = sha256
        return self

    def _options(self) -> dict[str, Any]:
        """The options of the run."""
        seed = self.random_state
        if not isinstance(seed, (int, np.integer)):
            seed = int(check_random_state(seed).randint(MAX_DRAWN_SEED))
        given = {name: value for name, value in self.get_params().items() if name != "random_state"}
        return given | {"seed": int(seed)}

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """The probability of each class, (n, classes) float64, in the order of `classes_`."""
        check_is_fitted(self)
        features = validate_data(self, X, dtype="numeric", reset=False)
        side = round(sqrt(self.sizes_[0]))
        images = _pixels(features, side, self.feature_min_, self.feature_max_)
        # In float64 it does not depend on which other rows are asked for with one.
        network = Network(self.sizes_, self.parameters_.astype(np.float64))
        found: NDArray[Any] = evaluate(
            network, images, np.zeros(len(images), np.uint8)
        ).probabilities
        return found

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The most probable label, (n,)."""
        probabilities = self.predict_proba(X)
        labels: NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
        return labels

    @property
    def network_(self) -> Network:
        """The network, with float32 weights of its own."""
        check_is_fitted(self)
        return Network(self.sizes_, self.parameters_.copy())


def _pixels(features: Array, side: int, low: Array, high: Array) -> NDArray[np.uint8]:
    """Features (n, width) as images (n, side * side), from `low` (width,), 0, to `high`, 255."""
    images = np.zeros((len(features), side * side), np.uint8)
    own = images[:, : features.shape[1]]
    if features.dtype == np.uint8 and not low.any() and (high == WHITE).all():
        own[:] = features  # as they would be, but at once
    else:
        # Halved first: the range of huge numbers may be more than a float can hold.
        spread = np.maximum(high / 2 - low / 2, np.finfo(np.float64).tiny)
        within = np.clip(features.astype(np.float64), low, high)
        own[:] = np.rint((within / 2 - low / 2) / spread * WHITE)
    images.flags.writeable = False
    return images
