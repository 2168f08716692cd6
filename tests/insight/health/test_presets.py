"""No false alarm: the presets, with seeds and optimizers, on the sample and on full MNIST."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.health import diagnose

from digit_tui.config import RunConfig
from digit_tui.data import Dataset, load_dataset

ON_THE_SAMPLE: list[tuple[str, dict[str, Any]]] = [
    ("classic", {"seed": 1}),
    ("classic", {"optimizer": "rmsprop"}),
    ("record", {"epochs": 6}),
]
MORE_ON_THE_SAMPLE: list[tuple[str, dict[str, Any]]] = [
    ("classic", {}),
    ("classic", {"optimizer": "sgd"}),
    ("classic", {"optimizer": "momentum"}),
    ("classic", {"optimizer": "adam"}),
    ("standard", {"epochs": 60}),
    ("standard", {"epochs": 30, "optimizer": "sgd"}),
    ("standard", {"epochs": 30, "optimizer": "momentum"}),
]
"""The longer ones with fewer epochs, over which the schedule takes its whole course."""
ON_MNIST: list[tuple[str, dict[str, Any]]] = [
    ("standard", {"epochs": 2}),
]
MORE_ON_MNIST: list[tuple[str, dict[str, Any]]] = [
    ("sprint", {}),
    ("classic", {}),
    ("classic", {"epochs": 10, "optimizer": "sgd"}),
    ("classic", {"epochs": 10, "optimizer": "momentum"}),
]


def in_soak(runs: list[tuple[str, dict[str, Any]]]) -> list[Any]:
    return [pytest.param(*each, marks=pytest.mark.soak) for each in runs]


def ails(dataset: Dataset, preset: str, options: dict[str, Any], look: bool = True) -> set[str]:
    config = RunConfig.from_preset(preset, data="sample", threads=1, **options)
    return diagnose(dataset, config=config, look=look).ever


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("preset", "options"),
    [
        *ON_THE_SAMPLE,
        *in_soak(MORE_ON_THE_SAMPLE),
    ],
)
def test_on_the_sample(sample: Dataset, preset: str, options: dict[str, Any]) -> None:
    assert ails(sample, preset, options) == set()


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize(("preset", "options"), [*ON_MNIST, *in_soak(MORE_ON_MNIST)])
def test_on_full_mnist(full_mnist: Path, preset: str, options: dict[str, Any]) -> None:
    dataset = load_dataset(str(full_mnist), RunConfig.from_preset(preset).side)
    assert ails(dataset, preset, options) == set()


@pytest.mark.parametrize("look", [True, False])
def test_a_preset_in_short(sample: Dataset, look: bool) -> None:
    assert ails(sample, "classic", {"epochs": 8}, look) == set()
