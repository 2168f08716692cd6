"""The classifier as an estimator of scikit-learn."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from digit_tui import DigitClassifier, DivergedError, Run
from digit_tui.data import Dataset

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")

SMALL: dict[str, Any] = {"hidden": (8,), "batch_size": 32, "epochs": 2, "augment": "shift"}


def test_on_pixels_it_is_the_trainer(digits: Dataset) -> None:
    model = DigitClassifier(**SMALL, random_state=7)
    assert model.fit(digits.train_images, digits.train_labels) is model
    run = Run("classic", data=digits, **SMALL, seed=7, threads=1).train(None)
    assert model.weights_sha256_ == run.weights_sha256
    assert model.loss_curve_.tolist() == run.history["train_loss"].tolist()
    assert np.array_equal(model.parameters_, run.network.parameters)
    assert np.array_equal(model.predict(digits.test_images), run.predict(digits.test_images))
    assert model.score(digits.test_images, digits.test_labels) == run.evaluate().accuracy
    shares = model.predict_proba(digits.test_images)
    assert np.allclose(shares, run.predict_proba(digits.test_images), atol=1e-6)
    assert repr(model.network_) == "<Network 36-8-4: 332 parameters>"
    run.close()


def test_with_another_optimizer_comes_its_rate(digits: Dataset) -> None:
    model = DigitClassifier(**SMALL, optimizer="sgd")
    model.fit(digits.train_images, digits.train_labels)
    with Run("classic", data=digits, **SMALL, optimizer="sgd", threads=1) as run:
        assert run.train(None).weights_sha256 == model.weights_sha256_
        assert (run.settings.learning_rate, run.settings.weight_decay) == (0.1, 0.0)


def test_labels_of_any_kind(digits: Dataset) -> None:
    names = np.array(["zero", "one", "two", "three"])[digits.train_labels]
    model = DigitClassifier(**SMALL).fit(digits.train_images, names)
    assert model.classes_.tolist() == ["one", "three", "two", "zero"]
    assert set(model.predict(digits.test_images)) <= set(names)
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.predict(digits.test_images), model.predict(digits.test_images))


@pytest.mark.long
def test_features_are_mapped_to_their_ranges() -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, 300)
    # Of scales that differ a lot, one that is constant, and a number that is no square.
    scales = np.array([1e-9, 1, 1e300, 1, 1e4])
    features = (generator.normal(0, 0.3, (300, 5)) + labels[:, None]) * scales
    features[:, 3] = 4.0
    model = DigitClassifier(hidden=(16,), epochs=60, batch_size=32).fit(features, labels)
    assert model.sizes_ == (9, 16, 3)
    assert model.score(features, labels) > 0.9
    assert np.array_equal(model.feature_min_, features.min(axis=0))
    huge = np.where(features > 0, 1e303, -1e303)  # beyond what it saw: cut off
    assert np.isfinite(model.predict_proba(huge)).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"optimizer": "tiger"}, "'tiger' is none of sgd"),
        ({"epochs": 1.5}, "1.5 is not a whole number"),
        ({"hidden": ()}, "1 to 20 hidden layers"),
        ({"random_state": -1}, "-1 is not a whole number"),
        ({"learning_rate": "a"}, "^learning_rate: 'a' is no number"),
    ],
)
def test_parameters_are_checked_by_fit(
    digits: Dataset, parameters: dict[str, Any], message: str
) -> None:
    model = DigitClassifier(**parameters)
    with pytest.raises(ValueError, match=message):
        model.fit(digits.train_images, digits.train_labels)
    assert not hasattr(model, "classes_")


def test_it_has_no_undo_to_advise(digits: Dataset) -> None:
    model = DigitClassifier(**SMALL, optimizer="sgd", learning_rate=1e30)
    with pytest.raises(DivergedError, match=r"a smaller learning_rate may help$"):
        model.fit(digits.train_images, digits.train_labels)


def test_data_that_cannot_be_learned(digits: Dataset) -> None:
    model = DigitClassifier(**SMALL)
    with pytest.raises(ValueError, match="y has 1 class: give 2 to 256"):
        model.fit(digits.train_images, np.zeros(230))
    with pytest.raises(ValueError, match="X has 16,385 features: at most 16,384"):
        model.fit(np.zeros((2, 128 * 128 + 1)), [0, 1])
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        model.fit(digits.train_images, np.linspace(0, 1, 230))


@pytest.mark.long
def test_it_is_seeded(digits: Dataset) -> None:
    data = digits.train_images, digits.train_labels
    seeds = [0, 0, 1, np.random.RandomState(3), np.random.RandomState(3), np.int64(1)]
    sums = [
        DigitClassifier(**SMALL, random_state=seed).fit(*data).weights_sha256_ for seed in seeds
    ]
    assert sums[0] == sums[1] != sums[2] == sums[5]
    assert sums[3] == sums[4] != sums[0]
    np.random.seed(5)
    assert DigitClassifier(**SMALL, random_state=None).fit(*data).weights_sha256_ != sums[0]


@pytest.mark.long
def test_what_scikit_learn_asks_of_estimators() -> None:
    from sklearn.utils.estimator_checks import check_estimator

    results = check_estimator(DigitClassifier(), on_skip=None, on_fail=None)
    assert len(results) > 40
    failed = [each["check_name"] for each in results if each["status"] not in ("passed", "skipped")]
    skipped = {each["check_name"] for each in results if each["status"] == "skipped"}
    assert not failed
    assert skipped <= {"check_array_api_input"}  # only with an array API of SciPy's


@pytest.mark.long
def test_in_pipelines_searches_and_cross_validation(sample: Dataset) -> None:
    from sklearn.base import clone
    from sklearn.datasets import load_iris
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    iris = load_iris(return_X_y=True)
    model = DigitClassifier(hidden=(16,), epochs=40, batch_size=8)
    assert cross_val_score(make_pipeline(StandardScaler(), model), *iris, cv=2).mean() > 0.9
    search = GridSearchCV(model, {"optimizer": ["sgd", "adamw"]}, cv=2)
    search.fit(*iris)
    assert search.best_score_ > 0.9
    assert clone(model).get_params() == model.get_params()
    images, labels = sample.train_images[:500], sample.train_labels[:500]
    pixels = DigitClassifier(hidden=(32,), epochs=10)
    assert cross_val_score(pixels, images, labels, cv=2, n_jobs=2).mean() > 0.7
