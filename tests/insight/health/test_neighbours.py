"""Each rule is silent where nothing is wrong, and close to what it tells."""

from __future__ import annotations

from typing import Any

import pytest
from support.health import diagnose, first_layer_dead, scaled, some
from support.rarely import endurance, rarely

from digit_tui.data import Dataset
from digit_tui.nn import RULES
from digit_tui.run.commands import ScaleLearningRate, SetAugmentation, SetClipping, SetOptimizer

pytestmark = pytest.mark.long

STEPS = 63


@pytest.mark.parametrize("optimizer", RULES)
@pytest.mark.parametrize("augment", ["none", *endurance("elastic")])
@pytest.mark.parametrize("look", [True, *endurance(False)])
def test_nothing_is_wrong_with_any_optimizer(
    sample: Dataset, optimizer: str, augment: str, look: bool
) -> None:
    ran = diagnose(sample, optimizer=optimizer, augment=augment, epochs=5, look=look)
    assert ran.ever == set()


@pytest.mark.long
@pytest.mark.parametrize("optimizer", RULES)
@pytest.mark.parametrize("factor", [0.2, 2.0])
def test_other_rates_that_work(sample: Dataset, optimizer: str, factor: float) -> None:
    rate = factor * RULES[optimizer].learning_rate
    ran = diagnose(sample, optimizer=optimizer, learning_rate=rate, epochs=5)
    assert ran.ever == set()


@pytest.mark.parametrize(
    "options",
    [
        {"hidden": (32,)},
        {"hidden": (64, 64, 64, 64)},
        {"batch_size": 250, "epochs": 6},
        {"batch_size": 16},
        {"schedule": "constant"},
        {"schedule": "onecycle", "epochs": 6},
        {"average": False},
        {"clip_norm": 1.5, "optimizer": "sgd"},
        {"clip_value": 0.02, "optimizer": "sgd"},
        {"side": 14, "hidden": (32,), "epochs": 4},
    ],
)
def test_other_settings_that_work(sample: Dataset, options: dict[str, Any]) -> None:
    assert diagnose(sample, **options).ever == set()


@pytest.mark.parametrize(
    "command",
    [
        ScaleLearningRate(2.0),
        ScaleLearningRate(0.1),
        SetOptimizer("sgd"),
        SetOptimizer("rmsprop"),
        SetAugmentation("elastic"),
        SetClipping(norm=1.5),
    ],
)
@pytest.mark.parametrize("look", [True, *endurance(False)])
def test_changes_that_do_no_harm(sample: Dataset, command: Any, look: bool) -> None:
    ran = diagnose(sample, [(2 * STEPS + 10, command)], epochs=5, look=look)
    assert ran.ever == set()


def test_a_few_dead_units(sample: Dataset) -> None:
    assert diagnose(sample, before=first_layer_dead(0.2)).ever == set()


def test_many_dead_units(sample: Dataset) -> None:
    ran = diagnose(sample, before=first_layer_dead(0.5), epochs=3)
    assert ran.rules == ["dead units"]
    (found,) = ran.findings[-1]
    assert found.words in ("50% of layer 1 is dead", "52% of layer 1 is dead")


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_weights_that_are_a_little_off(sample: Dataset, factor: float) -> None:
    assert diagnose(sample, before=scaled(factor)).ever == set()


@pytest.mark.parametrize("images", [600, *rarely(1_000), *endurance(2_000)])
def test_not_so_many_images(sample: Dataset, images: int) -> None:
    """What is learned by heart is told, but labels are not blamed."""
    ran = diagnose(some(sample, images), epochs=30)
    assert ran.ever <= {"by heart", "useless epochs", "overfitting"}


@pytest.mark.parametrize("hidden", [(2,), (3,), (4, 4)])
@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_a_layer_that_is_too_narrow_does_not_blame_the_labels(
    sample: Dataset, hidden: tuple[int, ...], optimizer: str
) -> None:
    ran = diagnose(sample, hidden=hidden, optimizer=optimizer, epochs=12, look=False)
    assert "fighting labels" not in ran.ever
