"""Commands that take something out of a network, and where it is 0 then."""

from __future__ import annotations

import numpy as np

from digit_tui.run.commands import Command, Prune, SwitchOff
from digit_tui.run.state import RunState

BOTH: list[tuple[int, Command]] = [(3, SwitchOff(1, (2, 5))), (5, Prune(0.4))]
"""Steps and commands."""


def vectors_of(state: RunState) -> list[np.ndarray]:
    """The parameters, their average and the slots."""
    average = [] if state.average is None else [state.average]
    return [state.parameters, *average, *state.slots]
