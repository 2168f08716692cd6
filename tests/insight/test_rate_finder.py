"""What a curve of losses says about the learning rate."""

from __future__ import annotations

from math import inf, log10, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digit_tui.insight.rate_finder import (
    FEWEST,
    HIGHEST,
    LOWEST,
    MOST,
    RateCurve,
    RateFinder,
    rates_for,
)


def loss_at(rate: float, fall_at: float = 1e-3, explode_at: float = 1.0) -> float:
    """2.3 at first, falls by half as much in e-folds of the logarithm, then explodes."""
    place = log10(rate)
    fall = 2.0 / (1 + np.exp(-4 * (place - log10(fall_at))))
    return float(2.3 - fall + 10 ** (3 * (place - log10(explode_at))))


def curve_of(losses: list[float], before: list[float] | None = None, most: int = 200) -> RateCurve:
    finder = RateFinder(np.geomspace(LOWEST, HIGHEST, most))
    for number, loss in enumerate(losses):
        if not finder.add(loss, 2.3 if before is None else before[number]):
            break
    return finder.curve()


def shaped(**options: float) -> list[float]:
    return [loss_at(rate, **options) for rate in np.geomspace(LOWEST, HIGHEST, 200)]


@pytest.mark.parametrize(("fall_at", "explode_at"), [(1e-3, 1.0), (1e-4, 0.1), (1e-2, 3.0)])
def test_a_curve_of_known_shape(fall_at: float, explode_at: float) -> None:
    curve = curve_of(shaped(fall_at=fall_at, explode_at=explode_at))
    assert curve.steepest == pytest.approx(fall_at, rel=0.3)
    rates = np.geomspace(LOWEST, HIGHEST, 2_000)
    exact = rates[np.argmin([loss_at(rate, fall_at, explode_at) for rate in rates])]
    assert curve.minimum == pytest.approx(exact, rel=0.5)
    assert curve.tenth == pytest.approx(curve.minimum / 10)
    assert curve.suggestion == max(curve.steepest, curve.tenth) < curve.minimum
    assert (curve.why, curve.reason) == ("exploded", "")
    assert explode_at < curve.stopped_at < 10 * explode_at
    assert len(curve.rates) == len(curve.losses) < 200


def test_smoothing_has_no_bias() -> None:
    """A constant loss is smoothed to itself from the first step on, and so is a straight line."""
    flat = curve_of([2.3] * 200)
    assert flat.smoothed == pytest.approx(np.full(200, 2.3))
    rates = np.geomspace(LOWEST, HIGHEST, 200)
    falling = curve_of([2.3 - 0.2 * (log10(rate) + 6) for rate in rates])
    expected = 2.3 - 0.2 * (np.log10(falling.smoothed_rates) + 6)
    assert falling.smoothed == pytest.approx(expected)
    assert falling.smoothed_rates[0] == pytest.approx(LOWEST)


def test_hard_batches_hide_nothing() -> None:
    """Of a network that has learned, one batch has many times the loss of another."""
    generator = np.random.default_rng(3)
    before = generator.lognormal(-3, 0.7, 200)
    shape = np.array(shaped()) / 2.3
    plain, noisy = curve_of([*(2.3 * shape)]), curve_of([*(before * shape)], [*before])
    assert noisy.steepest == pytest.approx(plain.steepest, rel=0.5)
    assert noisy.minimum == pytest.approx(plain.minimum, rel=0.7)
    assert np.abs(noisy.smoothed[:60] / noisy.smoothed[0] - 1).max() < 0.1  # yet nothing falls
    assert noisy.smoothed[0] == pytest.approx(before[: len(noisy.rates)].mean(), rel=0.01)


def test_a_loss_that_never_falls_suggests_nothing() -> None:
    rising = [2.3 + 10 ** (3 * (log10(rate) - 0.3)) for rate in np.geomspace(LOWEST, HIGHEST, 200)]
    for losses in ([2.3] * 200, rising, [2.3 * (1 - 0.04)] * 200):
        curve = curve_of(losses)
        assert curve.reason == "the loss falls at no rate"
        assert curve.suggestion is curve.steepest is curve.tenth is curve.minimum is None


def test_a_loss_that_never_explodes_suggests_nothing() -> None:
    rates = np.geomspace(LOWEST, HIGHEST, 200)
    curve = curve_of([loss_at(rate, explode_at=1e9) for rate in rates])
    assert curve.reason == "the loss does not explode up to the highest rate, 10"
    assert (curve.why, curve.stopped_at, curve.suggestion) == ("highest rate", None, None)
    assert len(curve.rates) == 200


def test_a_network_that_only_forgets_has_exploded_enough() -> None:
    """Its units die, and the loss is that of guessing: less than four times the least."""
    losses = [min(loss, 2.3) for loss in shaped()]
    losses = [loss if loss > 0.8 else 0.8 for loss in losses]
    curve = curve_of(losses)
    assert (curve.why, curve.reason) == ("highest rate", "")
    assert curve.steepest == pytest.approx(1e-3, rel=0.5)


@pytest.mark.parametrize("loss", [nan, inf])
def test_a_loss_that_is_not_finite_ends_it(loss: float) -> None:
    losses = shaped()
    explodes = next(place for place, each in enumerate(losses[50:], 50) if each > losses[0])
    curve = curve_of([*losses[:explodes], loss, 1.0])
    assert curve.why == "not finite"
    assert (
        curve.stopped_at
        == curve.rates[-1]
        == pytest.approx(np.geomspace(LOWEST, HIGHEST, 200)[explodes])
    )
    assert len(curve.losses) == explodes + 1 == len(curve.smoothed) + 1
    assert curve.suggestion is not None
    for at_once in (curve_of([loss]), curve_of([2.3] * 5, [2.3] * 4 + [loss])):
        assert at_once.reason == "the loss is not finite at the lowest rates already"
        assert at_once.suggestion is None


def test_the_number_of_steps_depends_on_the_work() -> None:
    assert len(rates_for(101_770, 128)) == MOST
    assert FEWEST < len(rates_for(535_818, 128)) < MOST
    assert len(rates_for(10_000_000, 65_536)) == FEWEST
    rates = rates_for(535_818, 128)
    assert (rates[0], rates[-1]) == pytest.approx((LOWEST, HIGHEST))
    assert np.diff(np.log(rates)) == pytest.approx(np.log(rates[1] / rates[0]))


@given(
    st.lists(st.floats(min_value=0) | st.just(nan), min_size=1, max_size=100),
    st.integers(1, 100),
)
def test_whatever_the_losses_are_it_answers(losses: list[float], most: int) -> None:
    finder = RateFinder(np.geomspace(LOWEST, HIGHEST, most))
    with np.errstate(all="ignore"):
        for loss in losses[:most]:
            if not finder.add(loss, abs(loss) if loss < 1e300 else 1.0):
                break
        curve = finder.curve()
    assert (curve.suggestion is None) == bool(curve.reason)
    for rate in (curve.steepest, curve.minimum):
        assert rate is None or LOWEST * 0.99 <= rate <= HIGHEST * 1.01
