"""The command that repeats a run of a trial."""

from __future__ import annotations

import shlex

from digit_tui.sweep.plan import Plan
from digit_tui.sweep.space import FIELDS, Params, options_of

FLAGS = {
    "data": "data",
    **{field: name for name, field in FIELDS.items()},
    "validation": "validation",
    "seed": "seed",
    "threads": "threads",
}
"""The names of options, by the fields of RunConfig that they set."""


def repeat_command(plan: Plan, params: Params, seed_index: int = 0) -> str:
    """The command that trains the same run again, to the bit on the same machine.

    Args:
        plan: of the sweep.
        params: the settings of the trial.
        seed_index: which of its runs.
    """
    options = {**plan.options, **options_of(params)}
    options["seed"] = int(plan.options.get("seed") or 0) + seed_index
    words = ["digit-tui", "--batch", "--preset", plan.preset]
    for field, name in FLAGS.items():
        value = options.get(field)
        if value is None:
            continue
        if isinstance(value, bool):
            words.append(f"--{name}" if value else f"--no-{name}")
        else:
            shown = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
            words += [f"--{name}", shown]
    return shlex.join(words)
