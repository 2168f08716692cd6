"""The score of what is no digit, against scikit-learn, and on a network that has learned digits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from sklearn.decomposition import TruncatedSVD
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors
from support.strangers import blobs, halves_swapped, inverted, letters, noise, scribbles
from threadpoolctl import threadpool_limits

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.insight import novelty
from digit_tui.insight.novelty import NoveltyScorer, threshold_of
from digit_tui.nn import Network
from digit_tui.run.events import Evaluated
from digit_tui.training.command_source import Mailbox
from digit_tui.training.trainer import Trainer

BLANK = np.zeros((1, 784), np.uint8)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Others would spin beside those of other tests."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield


@pytest.fixture(scope="module")
def learned(sample: Dataset) -> Network:
    """Trained on the sample for ten epochs."""
    config = RunConfig.from_preset("classic", data="sample", epochs=10, threads=1)
    events = Trainer(config, sample, Mailbox()).run()
    return [event.network for event in events if isinstance(event, Evaluated)][-1]


@pytest.fixture(scope="module")
def scorer(learned: Network, sample: Dataset) -> NoveltyScorer:
    return NoveltyScorer(learned, sample.train_images)


def unit(rows: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths == 0, 1, lengths)


def test_the_score_is_that_of_scikit_learn(learned: Network, sample: Dataset) -> None:
    scorer = NoveltyScorer(learned, sample.train_images[:1_000])
    weights, biases = learned.layers[0]

    def features(images: np.ndarray) -> np.ndarray:
        return unit(np.maximum(images / 255 @ weights.astype(np.float64) + biases, 0))

    order = np.random.default_rng(0).permutation(1_000)
    base, others = sample.train_images[order[:800]], sample.train_images[order[800:]]
    neighbours = NearestNeighbors(n_neighbors=5, metric="cosine", algorithm="brute")
    neighbours.fit(features(base))
    components = TruncatedSVD(98, algorithm="arpack", random_state=0)
    components.fit(unit(base.astype(np.float64)))

    def two_scores(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        directions = unit(images.astype(np.float64))
        made = components.inverse_transform(components.transform(directions))
        squares = np.square(directions - made).sum(axis=1)
        squares[~images.any(axis=1)] = 1  # nothing is made of a blank image
        return neighbours.kneighbors(features(images))[0][:, -1], squares

    usual = two_scores(others)
    far, rare = np.quantile(usual[0], 0.95), np.quantile(usual[1], 0.99)
    generator = np.random.default_rng(1)
    shown = np.concatenate([sample.test_images[:300], noise(50, generator), BLANK])
    distances, residuals = two_scores(shown)
    expected = distances / far + np.maximum(0, residuals / rare - 1)
    np.testing.assert_allclose(scorer.score(shown), expected, rtol=1e-3)
    assert (residuals > rare)[300:].all()  # both parts were compared


def test_what_is_no_digit_is_refused(scorer: NoveltyScorer, sample: Dataset) -> None:
    digits, generator = sample.test_images, np.random.default_rng(2)
    scores = scorer.score(digits)
    strangers = {  # the least AUROC, and the least share that is refused
        "blank": (BLANK, 0.999, 1.0),
        "noise": (noise(100, generator), 0.999, 1.0),
        "inverted": (inverted(digits[:100]), 0.999, 1.0),
        "swapped": (halves_swapped(digits[:100]), 0.99, 0.98),
        "scribbles": (scribbles(100, generator), 0.88, 0.4),
        "blobs": (blobs(100, generator), 0.85, 0.3),
        "letters": (letters(100, generator), 0.75, 0.25),
    }
    for name, (images, area, share) in strangers.items():
        own = scorer.score(images)
        truth = np.repeat([0, 1], [len(scores), len(own)])
        assert roc_auc_score(truth, np.concatenate([scores, own])) >= area, name
        assert np.mean(own > scorer.threshold) >= share, name


def test_about_95_per_cent_of_new_digits_are_kept(scorer: NoveltyScorer, sample: Dataset) -> None:
    scores = scorer.score(sample.test_images)
    # The network has learned from the digits that the scorer's own threshold is from.
    assert 0.91 <= np.mean(scores <= scorer.threshold) <= 0.97
    fair = threshold_of(scores[:500])
    assert np.mean(scores[:500] <= fair) == 0.95
    assert 0.92 <= np.mean(scores[500:] <= fair) <= 0.98


def test_a_threshold_keeps_the_share_that_is_asked_for() -> None:
    scores = np.random.default_rng(0).permutation(1_001).astype(float)
    assert threshold_of(scores) == 950
    assert threshold_of(scores, kept=0.5) == 500
    assert threshold_of(scores, kept=1.0) == 1_000


def test_the_score_of_an_image_depends_on_no_other_image(
    scorer: NoveltyScorer, sample: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = scorer.score(sample.test_images[:40])
    monkeypatch.setattr(novelty, "CHUNK", 7)
    np.testing.assert_allclose(scorer.score(sample.test_images[:40]), whole, rtol=1e-4)
    alone = [scorer.score(sample.test_images[index : index + 1])[0] for index in range(40)]
    np.testing.assert_allclose(alone, whole, rtol=1e-4)


@pytest.mark.parametrize(("side", "count"), [(2, 1), (6, 3), (40, 30)])
def test_few_images_of_any_size_can_be_learned_from(side: int, count: int) -> None:
    generator = np.random.default_rng(0)
    network = Network((side * side, 8, 3))
    network.initialize(generator)
    images = generator.integers(0, 256, (count, side * side), np.uint8)
    scorer = NoveltyScorer(network, images)
    assert np.isfinite(scorer.threshold)
    assert np.isfinite(scorer.score(images)).all()


def test_at_most_so_many_digits_are_compared_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(novelty, "BASE", 1)
    network = Network((16, 8, 3))
    network.initialize(np.random.default_rng(3))
    images = np.random.default_rng(4).integers(0, 256, (50, 16), np.uint8)
    scorer = NoveltyScorer(network, images)
    nearest_to_itself = scorer.score(images).argmin()
    assert nearest_to_itself == np.random.default_rng(0).permutation(50)[0]
    assert scorer.score(images)[nearest_to_itself] < 1e-3


def test_scores_of_a_diverged_network_are_no_numbers(diverged: Network, sample: Dataset) -> None:
    scorer = NoveltyScorer(diverged, sample.train_images[:100])
    assert np.isnan(scorer.score(sample.test_images[:5])).all()
    assert np.isnan(scorer.threshold)
