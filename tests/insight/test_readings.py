from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.drawn_digits import page

from digit_tui.data import normalise_digit, resample_area
from digit_tui.data.picture_ink import ink_of
from digit_tui.insight.answers import Answer
from digit_tui.insight.readings import CROP, picture_words, read_digits, reading_words
from digit_tui.nn import Network


@pytest.mark.parametrize("side", [10, 28])
def test_each_digit_is_read_as_the_network_is_trained_to(side: int) -> None:
    network = Network((side * side, 10))
    network.initialize(np.random.default_rng(0))

    readings = read_digits(network, ink_of(np.asarray(page("38", 50, 5))))

    assert len(readings) == 2
    for each in readings:
        image = resample_area(normalise_digit(each.part.ink).image[None], side)[0]
        assert (each.image == image).all()
        weights, biases = network.layers[0]
        logits = image.reshape(-1) / 255 @ weights + biases
        expected = np.exp(logits) / np.exp(logits).sum()
        assert each.probabilities == pytest.approx(expected, rel=1e-4)
        assert each.predicted == logits.argmax()
        assert each.confidence == pytest.approx(expected.max(), rel=1e-4)


def test_the_words_of_readings() -> None:
    network = Network((784, 12))
    network.parameters[-12:] = [0] * 11 + [3]
    two = read_digits(network, ink_of(np.asarray(page("38", 50, 5))))
    assert reading_words(two) == "11 11 (11 64.6%, 11 64.6%)"
    assert reading_words(two[:1]) == "11 (64.6%)"
    assert reading_words([]) == "no digit found"
    refused = replace(two[1], answer=Answer((), ()))
    assert reading_words([two[0], refused]) == "11 ? (11 64.6%, ? not a digit)"
    below = replace(two[1], part=two[1].part._replace(row=1))
    assert reading_words([two[0], below]) == "11 / 11 (11 64.6% / 11 64.6%)"
    network.parameters[-12:] = [0] * 7 + [3] + [0] * 4
    assert reading_words(read_digits(network, two[0].part.ink)).startswith("7 (")


def test_ink_that_may_be_a_table_is_hinted_at() -> None:
    network = Network((784, 10))
    blank = np.zeros((100, 80), np.uint8)
    assert picture_words(blank, []) == "no digit found"
    whole = blank + np.uint8(255)
    assert picture_words(whole, []).startswith("no digit found: if the paper does not fill")
    (large,) = read_digits(network, whole)
    assert "crop it" not in picture_words(whole, [large])
    refused = replace(large, answer=Answer((), ()))
    assert picture_words(whole, [refused]).endswith("%): " + CROP)
    beside = np.pad(whole, 20)
    assert "crop it" not in picture_words(beside, [refused])
