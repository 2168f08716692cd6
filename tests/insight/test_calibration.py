"""Temperature, calibration error, risk and coverage, against independent computations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from digit_tui.insight.calibration import (
    COLDEST,
    HOTTEST,
    RiskCoverage,
    calibrated,
    expected_calibration_error,
    fit_temperature,
    measure,
    negative_log_likelihood,
    reliability,
    risk_coverage,
)
from digit_tui.insight.calibration_report import bin_lines, comparison_lines, to_json
from digit_tui.nn import Evaluation, Network, evaluate


def drawn(count: int = 3_000, scale: float = 1.0, seed: int = 0) -> Evaluation:
    """Digits whose labels are drawn from probabilities; the network's logits are `scale` times
    those of these."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 2, (count, 10))
    chances = np.exp(log_softmax(logits, axis=1))
    labels = (chances.cumsum(axis=1) > generator.random((count, 1))).argmax(axis=1)
    told = np.exp(log_softmax(logits * scale, axis=1)).astype(np.float32)
    return Evaluation(labels, told, -np.log(told[np.arange(count), labels]))


def loss_at(evaluation: Evaluation, temperature: float) -> float:
    logits = np.log(evaluation.probabilities.astype(np.float64)) / temperature
    chosen = log_softmax(logits, axis=1)[np.arange(len(logits)), evaluation.labels]
    return float(-chosen.mean())


@pytest.mark.parametrize("scale", [0.4, 1.0, 3.0])
def test_the_temperature_is_that_of_a_minimizer(scale: float) -> None:
    evaluation = drawn(scale=scale)
    best = minimize_scalar(
        lambda each: loss_at(evaluation, each), bounds=(0.05, 50), method="bounded"
    ).x
    found = fit_temperature(evaluation)
    assert found == pytest.approx(best, rel=1e-3)
    assert found == pytest.approx(scale, rel=0.1)  # what they were drawn with
    assert fit_temperature(evaluation, coldest=1.0) == pytest.approx(max(best, 1.0), rel=1e-3)


def test_bounds_of_the_temperature() -> None:
    labels = np.array([0, 1, 0, 1], np.uint8)
    right = np.array([[0.9, 0.1], [0.2, 0.8]] * 2, np.float32)
    losses = np.zeros(4, np.float32)
    assert fit_temperature(Evaluation(labels, right, losses)) == 1.0  # nothing is wrong
    wrong = Evaluation(labels, right[:, ::-1].copy(), losses)
    assert fit_temperature(wrong) == pytest.approx(HOTTEST, rel=1e-3)
    nearly = np.full((4, 2), 0.5, np.float32) + np.float32([[1e-3, -1e-3], [-1e-3, 1e-3]] * 2)
    nearly[3] = nearly[3, ::-1]
    assert fit_temperature(Evaluation(labels, nearly, losses)) == COLDEST


def test_a_diverged_network_has_no_measures(diverged: Network) -> None:
    evaluation = evaluate(diverged, np.ones((7, 784), np.uint8), np.arange(7, dtype=np.uint8))
    assert fit_temperature(evaluation) == 1.0
    assert measure(evaluation) is None


def test_calibrated_probabilities_keep_the_predictions() -> None:
    evaluation = drawn(200)
    for temperature in (0.3, 1.0, 4.0):
        chances = calibrated(evaluation.probabilities, temperature)
        wanted = np.exp(log_softmax(np.log(evaluation.probabilities) / temperature, axis=1))
        np.testing.assert_allclose(chances, wanted, rtol=1e-5)
        np.testing.assert_array_equal(chances.argmax(axis=1), evaluation.predictions)


def plain_error(probabilities: Any, labels: Any, bins: int) -> float:
    """By the definition, digit by digit."""
    groups: dict[int, list[tuple[float, bool]]] = {}
    for row, label in zip(probabilities, labels, strict=True):
        sure = float(max(row))
        place = max(int(np.ceil(sure * bins - 1e-12)) - 1, 0)
        groups.setdefault(place, []).append((sure, int(np.argmax(row)) == label))
    total = 0.0
    for group in groups.values():
        sure, right = np.array(group, float).T
        total += len(group) / len(labels) * abs(sure.mean() - right.mean())
    return total


@given(st.integers(0, 50), st.sampled_from([1, 7, 15]))
def test_the_error_is_that_of_a_plain_loop(seed: int, bins: int) -> None:
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.full(4, 0.3), 60)
    labels = generator.integers(0, 4, 60)
    found = expected_calibration_error(probabilities, labels, bins)
    assert found == pytest.approx(plain_error(probabilities, labels, bins), abs=1e-12)


def test_bins_are_those_of_scikit_learn() -> None:
    evaluation = drawn(scale=2.0)
    chances = evaluation.probabilities.astype(np.float64)
    found = reliability(chances, evaluation.labels)
    right = evaluation.predictions == evaluation.labels
    accuracy, confidence = calibration_curve(right, chances.max(axis=1), n_bins=15)
    there = found.counts > 0
    np.testing.assert_allclose(found.accuracy[there], accuracy)
    np.testing.assert_allclose(found.confidence[there], confidence)
    assert found.counts.sum() == len(right)
    assert np.isnan(found.accuracy[~there]).all()


def test_the_likelihood_is_that_of_scikit_learn() -> None:
    evaluation = drawn(500)
    chances = calibrated(evaluation.probabilities, 1.7)
    wanted = log_loss(evaluation.labels, chances, labels=range(10))
    assert negative_log_likelihood(chances, evaluation.labels) == pytest.approx(wanted)


def hand_made() -> RiskCoverage:
    """Sure with 0.9 (right), 0.8 (right and wrong), 0.7 (right), 0.6 (wrong)."""
    sure = np.array([0.7, 0.9, 0.8, 0.6, 0.8])
    labels = np.array([0, 0, 1, 1, 0])
    return risk_coverage(np.stack([sure, 1 - sure], axis=1), labels)


def test_risk_and_coverage_by_hand() -> None:
    curve = hand_made()
    assert curve.confidence.tolist() == [0.9, 0.8, 0.7, 0.6]
    assert curve.answered.tolist() == [1, 3, 4, 5]
    assert curve.wrong.tolist() == [0, 1, 1, 2]
    np.testing.assert_allclose(curve.coverage, [0.2, 0.6, 0.8, 1])
    np.testing.assert_allclose(curve.risk, [0, 1 / 3, 1 / 4, 2 / 5])
    assert curve.area == pytest.approx(0.4 / 3 + 0.2 / 4 + 0.2 * 2 / 5)
    for accuracy, coverage in ((1.0, 0.2), (0.75, 0.8), (0.7, 0.8), (0.6, 1), (0.0, 1)):
        assert curve.coverage_at(accuracy) == pytest.approx(coverage)


def test_nothing_can_be_answered_where_the_surest_is_wrong() -> None:
    curve = risk_coverage(np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([1, 0]))
    assert curve.coverage_at(0.999) == 0
    assert curve.coverage_at(0.5) == 1


def test_one_in_a_thousand_is_99_9_percent() -> None:
    sure = np.linspace(0.9, 0.6, 1_001)
    labels = np.zeros(1_001, int)
    labels[[700, 1_000]] = 1
    curve = risk_coverage(np.stack([sure, 1 - sure], axis=1), labels)
    assert curve.coverage_at(0.999) == pytest.approx(1_000 / 1_001)


@given(st.integers(0, 50))
def test_the_area_is_the_mean_risk(seed: int) -> None:
    generator = np.random.default_rng(seed)
    chances, labels = generator.dirichlet(np.ones(3), 40), generator.integers(0, 3, 40)
    wrong = (chances.argmax(axis=1) != labels)[np.argsort(-chances.max(axis=1))]
    risks = [wrong[:count].mean() for count in range(1, 41)]
    assert risk_coverage(chances, labels).area == pytest.approx(np.mean(risks))


def test_what_was_drawn_too_sure_is_mended() -> None:
    evaluation = drawn(scale=3.0)
    before = measure(evaluation)
    after = measure(evaluation, fit_temperature(evaluation))
    assert before is not None
    assert after is not None
    assert before.ece > 0.1 > 0.03 > after.ece
    assert after.nll < before.nll == pytest.approx(evaluation.loss, rel=1e-5)
    values = to_json(before, after)
    assert (values["ece_before"], values["ece"]) == (before.ece, after.ece)
    assert values["coverage"] == after.curve.coverage_at(0.999)
    lines = comparison_lines(before, after)
    assert lines[1].split() == ["Temperature", "1.000", f"{after.temperature:.3f}"]
    assert lines[2].split()[-2:] == [f"{before.ece:.2%}", f"{after.ece:.2%}"]
    counts = [int(line.split()[1].replace(",", "")) for line in bin_lines(after.reliability)[1:]]
    assert sum(counts) == evaluation.total
