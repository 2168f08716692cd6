"""Variants of a digit, against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from digit_tui.data import Dataset
from digit_tui.insight.what_if import variants, what_if
from digit_tui.nn import Network, evaluate

NAMES = [
    "as it is", "moved 1 px left", "moved 1 px right", "moved 1 px up", "moved 1 px down",
    "turned 10° left", "turned 10° right", "thicker", "thinner",
]  # fmt: skip

SHIFTS = {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0)}
PLUS = ndimage.generate_binary_structure(2, 1)

squares = st.integers(2, 40).flatmap(lambda side: hnp.arrays(np.uint8, (side, side)))


def by_name(image: np.ndarray) -> dict[str, np.ndarray]:
    side = len(image)
    made = variants(image.reshape(-1), side)
    assert all(each.image.shape == (side * side,) for each in made)
    assert all(each.image.dtype == np.uint8 for each in made)
    return {each.name: each.image.reshape(side, side) for each in made}


@settings(deadline=None)
@given(squares)
def test_variants_are_those_of_scipy(image: np.ndarray) -> None:
    found = by_name(image)
    assert list(found) == NAMES
    assert np.array_equal(found["as it is"], image)
    for name, shift in SHIFTS.items():
        expected = ndimage.shift(image, shift, order=0, cval=0)
        assert np.array_equal(found[f"moved 1 px {name}"], expected)
    thicker = ndimage.grey_dilation(image, footprint=PLUS, mode="constant", cval=0)
    thinner = ndimage.grey_erosion(image, footprint=PLUS, mode="constant", cval=0)
    assert np.array_equal(found["thicker"], thicker)
    assert np.array_equal(found["thinner"], thinner)
    for name, degrees in (("left", 10), ("right", -10)):
        turned = ndimage.rotate(
            image.astype(np.float64), degrees, reshape=False, order=1, mode="grid-constant"
        )
        difference = found[f"turned 10° {name}"] - turned
        assert np.abs(difference).max() <= 0.5 + 1e-6


def test_left_is_anticlockwise() -> None:
    image = np.zeros((29, 29), np.uint8)
    image[:8, 14] = 255  # a stroke from the middle of the top
    found = by_name(image)
    assert np.argwhere(found["turned 10° left"])[:, 1].mean() < 13
    assert np.argwhere(found["turned 10° right"])[:, 1].mean() > 15


@pytest.mark.parametrize("side", [2, 28, 128])
def test_a_blank_image_stays_blank(side: int) -> None:
    assert not any(each.image.any() for each in variants(np.zeros(side**2, np.uint8), side))


def test_answers_are_those_of_the_network(sample: Dataset) -> None:
    network = Network((784, 32, 10))
    network.initialize(np.random.default_rng(0))
    image = sample.test_images[3]
    before = image.copy()
    answers = what_if(network, image, 28)
    assert [answer.name for answer in answers] == NAMES
    assert np.array_equal(image, before)
    for answer, variant in zip(answers, variants(image, 28), strict=True):
        looked = evaluate(network, variant.image[None], np.zeros(1, np.uint8))
        assert answer.prediction == looked.predictions[0]
        assert answer.confidence == pytest.approx(looked.probabilities.max(), rel=1e-5)


def test_a_diverged_network_answers_nonsense(diverged: Network) -> None:
    answers = what_if(diverged, np.full(784, 7, np.uint8), 28)
    assert len(answers) == len(NAMES)
    assert all(np.isnan(answer.confidence) for answer in answers)
