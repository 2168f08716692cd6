"""The lines of a journal: which there are, and what their fields must be."""

from __future__ import annotations

from typing import Any

from digit_tui.config import MAX_EPOCHS, MAX_WIDTH
from digit_tui.run.events import TROUBLES
from digit_tui.run.lineage import is_valid, lineage_from_json
from digit_tui.storage.setting_checks import (
    DRAWINGS_COUNT,
    LAYER,
    NEWER_SETTINGS,
    SETTINGS,
    UNIT,
    drawings_sum,
)
from digit_tui.storage.validation import (
    Check,
    Invalid,
    fields,
    many,
    number,
    one_of,
    optional,
    shown,
    text,
    time,
    whole,
    within,
    writable,
)

TEST_OPENED = "test_opened"
"""The event of the line that records the first evaluation of the test set, in a run that is
monitored on a validation set."""
EVALUATED = "evaluated"
"""The event of the line with an evaluation of the monitored split that was no end of an epoch."""
ENDED = "ended"
"""The event of the line that says how a run ended."""

STEP: dict[str, Check] = {"step": whole()}
FRACTION = optional(number(0, 1))
FIGURE = optional(number())
"""Of an epoch; null is NaN."""
TROUBLE = fields(
    {"reason": one_of(TROUBLES), "words": text(), "back_to": whole(), "commands": whole()}
)

COMMANDS = {
    name: fields(STEP | checks)
    for name, checks in {
        "set_optimizer": {
            "name": SETTINGS["optimizer"],
            "learning_rate": optional(SETTINGS["learning_rate"]),
        },
        "set_learning_rate": {"value": SETTINGS["learning_rate"]},
        "scale_learning_rate": {"factor": number(0, above=0)},
        "set_clipping": {"norm": SETTINGS["clip_norm"], "value": SETTINGS["clip_value"]},
        "set_sam": {"rho": NEWER_SETTINGS["sam"]},
        "set_augmentation": {"name": SETTINGS["augment"]},
        "set_batch_size": {"value": SETTINGS["batch_size"]},
        "add_epochs": {"count": whole(-MAX_EPOCHS, MAX_EPOCHS)},
        "switch_off": {"layer": LAYER, "units": many(UNIT, MAX_WIDTH)},
        "switch_on": {"layer": LAYER, "units": many(UNIT, MAX_WIDTH)},
        "prune": {"share": NEWER_SETTINGS["pruned"]},
        "teach": {"drawings": drawings_sum, "count": DRAWINGS_COUNT},
    }.items()
}
"""Those that change a setting."""

EVENTS = {
    "epoch_ended": fields(
        {
            "epoch": whole(1),
            "step": whole(),
            "optimizer": SETTINGS["optimizer"],
            **dict.fromkeys(("train_accuracy", "test_accuracy", "clip_rate"), FRACTION),
            **dict.fromkeys(("learning_rate", "train_loss", "test_loss", "gradient_norm"), FIGURE),
            **dict.fromkeys(("seconds", "images_per_second"), FIGURE),
        },
        also={"validation_loss": FIGURE, "validation_accuracy": FRACTION},
    ),
    "resumed": fields(STEP, also={"time": time}),
    "checkpoint_saved": fields(STEP),
    TEST_OPENED: fields(STEP),
    EVALUATED: fields(STEP | {"epoch": number(0)}),
    "forked": fields(STEP, also={"run": text(), "changes": text()}),
    ENDED: fields(STEP, also={"state": text(), "trouble": TROUBLE, "trained_on": TROUBLE}),
}
OTHER = fields({}, also=STEP)
"""A line of a later version, perhaps."""


def applied_command(value: Any) -> None:
    """Check a command that changed a setting, with its step."""
    name = value.get("command") if isinstance(value, dict) else None
    check = COMMANDS.get(name) if isinstance(name, str) else None
    if check is None:
        raise Invalid(f"{shown(name)} is no command", "command")
    check(value)


def course_up_to(step: int, value: Any) -> None:
    """Check the commands that led to a state, in the order of their steps, none after `step`."""
    many(applied_command)(value)
    if not is_valid(step, lineage_from_json(value)):
        raise Invalid(f"its steps are not in order up to {step:,}")


GO_BACK = fields(STEP | {"to": whole(), "course": writable})


def check_line(line: dict[str, Any], monitored_split: str | None = None) -> None:
    """Check a line.

    Args:
        line: a JSON object.
        monitored_split: the run's, whose loss and accuracy evaluations must have.

    Raises:
        Invalid: if a field that is read later is missing, or is not what it should be.
    """
    if "command" in line:
        if line["command"] != "go_back":
            applied_command(line)
            return
        GO_BACK(line)
        with within("course"):
            course_up_to(line["to"], line["course"])
        return
    event = line.get("event")
    (EVENTS.get(event, OTHER) if isinstance(event, str) else OTHER)(line)
    if event in ("epoch_ended", EVALUATED) and monitored_split is not None:
        name = f"{monitored_split}_accuracy"
        with within(name):
            number(0, 1)(line.get(name))
        if f"{monitored_split}_loss" not in line:
            raise Invalid("it is missing", f"{monitored_split}_loss")
