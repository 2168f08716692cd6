"""The steps that workers are asked for at once."""

from __future__ import annotations

import marshal

from digit_tui.engine.step_group import MAX_STEPS, StepGroup
from digit_tui.engine.worker_group import REQUEST_BYTES


def test_the_longest_step_group_has_room() -> None:
    batches = tuple((60_000 + number, 1e-9 + number) for number in range(MAX_STEPS))
    long = 10**12
    limits = (1e-9, 1e-9, 1e-9)
    group = StepGroup(long, long, long, True, "schedulefree", *limits, long, True, long, batches)
    group = group._replace(scalars=limits)
    assert len(marshal.dumps(("steps", tuple(group)))) < REQUEST_BYTES
