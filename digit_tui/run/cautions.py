"""What in the settings of a run is allowed, but does not go together."""

from __future__ import annotations

from digit_tui.nn import RULES


def cautions(optimizer: str, schedule: str) -> list[str]:
    """Lines for a person.

    Args:
        optimizer: the one in force.
        schedule: the run's.
    """
    if RULES[optimizer].evaluated is None or schedule == "constant":
        return []
    return [f"{optimizer} is meant for --schedule constant; {schedule} lowers its rate"]
