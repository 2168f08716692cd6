"""What is no digit to the network of a run: made anew, and never of the run before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from digit_tui.data import Dataset
from digit_tui.nn import Network
from digit_tui.tui.state.classifier_maker import ClassifierMaker


@dataclass(frozen=True)
class Evaluated:
    network: Network
    step: int = 3


@dataclass
class Model:
    """What of a run's model is asked for."""

    dataset: Dataset
    evaluated: Evaluated
    going: bool = True
    calibration_folder: None = None
    inspected: None = None
    replay: None = None


@pytest.fixture
def models(digits: Dataset) -> list[Any]:
    """Those of two runs, one after the other, that both train."""
    network = Network((digits.pixels, 8, digits.classes))
    network.parameters[:] = 0.1
    return [Model(digits, Evaluated(network.copy())) for _ in range(2)]


def test_the_next_run_begins_without_one(models: list[Any]) -> None:
    maker = ClassifierMaker()
    job = maker.due(models[0])
    assert job is not None
    assert maker.due(models[0]) is None  # it is being made
    job()
    assert maker.classifier is not None
    assert maker.due(models[0]) is None
    job = maker.due(models[1])
    assert job is not None  # at once, though the one before was made a moment ago
    assert maker.classifier is None
    job()
    assert maker.classifier is not None


def test_one_that_is_made_when_the_run_ends_is_not_of_the_next(models: list[Any]) -> None:
    maker = ClassifierMaker()
    job = maker.due(models[0])
    assert job is not None
    assert maker.due(models[1]) is None
    job()
    assert maker.classifier is None
    assert maker.due(models[1]) is not None
