from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digit_tui.nn import SCHEDULES
from digit_tui.nn.schedules import WARM_UP

PROGRESS = np.linspace(0, 1, 2_001)


def curve(name: str) -> np.ndarray:
    return np.array([SCHEDULES[name](progress) for progress in PROGRESS])


def test_constant_stays() -> None:
    assert set(curve("constant")) == {1.0}


def test_cosine_goes_from_the_base_rate_to_nothing() -> None:
    factors = curve("cosine")
    assert factors[0] == 1
    assert factors[1_000] == pytest.approx(0.5)
    assert factors[-1] == pytest.approx(0, abs=1e-15)
    assert (np.diff(factors) < 0).all()


def test_onecycle_warms_up_then_anneals() -> None:
    factors = curve("onecycle")
    assert factors[0] == pytest.approx(1 / 25)
    assert factors[-1] == pytest.approx(1 / 25 / 1e4)
    peak = int(factors.argmax())
    assert factors[peak] == pytest.approx(1)
    assert PROGRESS[peak] == pytest.approx(WARM_UP, abs=1e-3)
    assert (np.diff(factors[: peak + 1]) > 0).all()
    assert (np.diff(factors[peak:]) < 0).all()


@pytest.mark.parametrize("name", SCHEDULES)
def test_no_schedule_jumps(name: str) -> None:
    # The steepest is the warm-up: pi / 2 / WARM_UP, about 5.2.
    assert np.abs(np.diff(curve(name))).max() < 6 * (PROGRESS[1] - PROGRESS[0])


@pytest.mark.parametrize("name", SCHEDULES)
@given(st.floats(0, 1))
def test_the_base_rate_is_never_exceeded(name: str, progress: float) -> None:
    assert 0 <= SCHEDULES[name](progress) <= 1 + 1e-12
