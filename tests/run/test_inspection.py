"""The step that is looked at is the one that training makes next."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.runs import Train, digits_of

from digit_tui.nn import RULES
from digit_tui.run.commands import Inspect, Stop, SwitchOff
from digit_tui.run.events import Inspected
from digit_tui.run.inspection import facts_of, step_of


@pytest.mark.parametrize("optimizer", RULES)
@pytest.mark.parametrize("clipping", [{}, {"clip_norm": 0.05}, {"clip_value": 0.001}], ids=str)
@pytest.mark.parametrize("at", [0, 5])
def test_the_update_is_that_of_the_next_step(
    train: Train, optimizer: str, clipping: dict[str, float], at: int
) -> None:
    """A batch of all images is the same in any order, but for the last bits of sums."""
    digits = digits_of(train=300)
    settings: dict[str, Any] = {
        **{"dataset": digits, "optimizer": optimizer, "augment": "none", "batch_size": 300},
        **{"epochs": 9, "weight_decay": 0.1, "schedule": "cosine", "threads": 1},
        **clipping,
    }
    if optimizer == "prodigy":  # its steps grow from a millionth of the rate
        settings["learning_rate"] = 1.0
    off: list[Any] = [(3, SwitchOff(1, (2, 5)))] if at else []
    ran = train([*off, (at, Inspect()), (at + 1, Stop())], **settings)
    (inspected,) = ran.all(Inspected)
    made = ran.trainer.state.parameters - inspected.network.parameters
    step = step_of(inspected, digits)
    # Where the gradient is nearly 0, Adam's first step has its size, but only rounding decides
    # its direction.
    sure = np.abs(step.gradient) > 1e-6
    assert sure.mean() > 0.5
    np.testing.assert_allclose(step.update[sure], made[sure], rtol=1e-2, atol=1e-6)
    assert np.abs(made[sure]).max() > (1e-6 if optimizer == "prodigy" else 1e-5)
    removed = inspected.state.removed
    assert (removed is not None) == bool(off)
    if removed is not None:
        assert not step.update[removed.mask].any()
    facts = facts_of(inspected, digits, step)
    assert [each.shape for each in facts] == [(36, 8), (8, 4)]
