"""`Run(teacher=...)`: what can be given, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.api import NewRun

from digit_tui import ConfigError, DataError, Network


def test_networks_and_runs_can_teach(new_run: NewRun) -> None:
    first = new_run().train()
    student = new_run(teacher=[first, first.network], seed=2).train()
    assert student.weights_sha256 != new_run(seed=2).train().weights_sha256
    alone = new_run(teacher=first, seed=2).train()
    # Twice the same network says what it says once, but for rounding.
    np.testing.assert_allclose(
        student.network.parameters, alone.network.parameters, rtol=1e-2, atol=1e-4
    )


def test_it_is_undone_to_the_same_bits(new_run: NewRun) -> None:
    teacher = new_run().train()
    plain = new_run(teacher=teacher, seed=2).train(None)
    steered = new_run(teacher=teacher, seed=2).train(steps=5)
    steered.set(learning_rate=0.5).train(steps=3).undo()
    assert steered.train(None).weights_sha256 == plain.weights_sha256


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"distill_weight": 0.5}, ConfigError, "distill_weight is for a run with a teacher"),
        ({"teacher": Network((36, 3, 4)), "distill_weight": 2}, ConfigError, "distill_weight: 2"),
        ({"teacher": 3}, DataError, "int is no network"),
        ({"teacher": []}, DataError, "1 to 26 networks, not 0"),
        ({"teacher": Network((36, 3, 5))}, DataError, "tells 5 classes apart"),
    ],
)
def test_what_is_refused(
    options: dict[str, Any], error: type[Exception], words: str, new_run: NewRun
) -> None:
    with pytest.raises(error, match=words):
        new_run(**options)
