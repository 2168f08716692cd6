"""What is in a checkpoint: a description in JSON, and arrays whose sizes follow from it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from digit_tui.config import MAX_EPOCHS, ConfigError, RunConfig
from digit_tui.nn import RULES, PredictionHistory
from digit_tui.nn.history import MAX_EVALUATIONS
from digit_tui.nn.network import parameter_count
from digit_tui.run.setting_ranges import check_values
from digit_tui.run.settings import OPTIONLESS, Settings
from digit_tui.run.state import Vectors
from digit_tui.storage.archive import Archive
from digit_tui.storage.journal_lines import course_up_to
from digit_tui.storage.setting_checks import NEWER_SETTINGS, SETTINGS
from digit_tui.storage.summary_check import SCHEMA, SUMMARY
from digit_tui.storage.validation import (
    Invalid,
    config_of,
    fields,
    many,
    number,
    optional,
    parse_json,
    real,
    same_as,
    whole,
    within,
    writable,
)

HISTORY = "history_"
"""Prefix of the names of the arrays of a PredictionHistory."""

LARGEST_ABOUT = 1 << 22
"""Bytes of the description: those of 50,000 commands."""

_TALLY = {
    "steps": whole(),
    "images": whole(),
    "loss": real,
    "correct": whole(),
    "gradient_norm": real,
    "clipped": whole(),
    "seconds": number(0),
}


def exactly(checks: dict[str, Any], also: dict[str, Any] | None = None) -> Any:
    """An object with these fields, perhaps others too, and no more: it becomes a class's fields."""
    known = checks | (also or {})
    inner = fields(checks, also)

    def check(value: Any) -> None:
        inner(value)
        for name in value:
            if name not in known:
                raise Invalid("there is a field too many")

    return check


_ABOUT = fields(
    {
        "schema": same_as(SCHEMA),
        "config": writable,  # see `config_of`
        "data": SUMMARY,
        "sizes": writable,  # follow from the two above
        "accuracy": optional(number(0, 1)),
        "best_accuracy": number(0, 1),
        "returns": whole(),
        "settings": exactly(SETTINGS, also=NEWER_SETTINGS),
        "slot_steps": whole(),
        "step": whole(),
        "epoch": whole(0, MAX_EPOCHS),
        "cursor": whole(),
        "tally": exactly(_TALLY),
        "course": writable,  # see `course_up_to`
    },
    also={"scalars": many(real)},
)


class Layout(NamedTuple):
    """The sizes of a checkpoint's arrays."""

    sizes: tuple[int, ...]
    """Layer widths, inputs first, classes last."""
    average: bool
    training_images: int
    monitored_images: int

    @classmethod
    def of(cls, config: RunConfig, data: dict[str, Any]) -> Layout:
        """Of a run, by its configuration and Dataset.summary()."""
        return cls(
            (data["side"] ** 2, *config.hidden, data["classes"]),
            config.average,
            data["training_images"],
            data["validation_images"] or data["test_images"],
        )

    @property
    def parameters(self) -> int:
        return parameter_count(self.sizes)

    @property
    def largest_file(self) -> int:
        """Bytes that a checkpoint has at most."""
        vectors = 1 + self.average + max(rule.slots for rule in RULES.values())
        removed = self.parameters * (1 + self.average)
        history = MAX_EVALUATIONS * (16 + 5 * self.monitored_images)
        arrays = 4 * vectors * self.parameters + 4 * removed + self.parameters + history
        return arrays + LARGEST_ABOUT + (1 << 16)


def read_about(archive: Archive) -> tuple[dict[str, Any], RunConfig]:
    """The description, and the configuration in it.

    Raises:
        Invalid: if it is not what it should be.
    """
    content = archive.array("about", np.uint8, (None,), LARGEST_ABOUT)
    about = parse_json(content.tobytes())
    _ABOUT(about)
    with within("config"):
        config = config_of(about["config"])
    with within("course"):
        course_up_to(about["step"], about["course"])
    return about, config


def check_progress(about: dict[str, Any], config: RunConfig, layout: Layout) -> None:
    """Check that the numbers of a description fit each other, and the network.

    Raises:
        Invalid: if they do not.
    """
    settings = Settings.from_json(about["settings"])
    scalars = RULES[settings.optimizer].scalars if about["slot_steps"] else ()
    if len(about.get("scalars", ())) != len(scalars):
        raise Invalid(f"there are not {len(scalars)}", "scalars")
    try:
        check_values({name: getattr(settings, name) for name in OPTIONLESS}, config)
    except ConfigError as error:
        raise Invalid(str(error), f"settings.{error.option}") from None
    tally = about["tally"]
    bounds = {
        "sizes": (about["sizes"], list(layout.sizes)),
        "tally.images": (tally["images"], about["cursor"]),
    }
    for place, (value, wanted) in bounds.items():
        if value != wanted:
            raise Invalid(f"it is not {wanted}", place)
    for place, value, most in (
        ("cursor", about["cursor"], layout.training_images - 1),
        ("slot_steps", about["slot_steps"], about["step"]),
        ("tally.steps", tally["steps"], about["step"]),
        ("tally.correct", tally["correct"], tally["images"]),
        ("tally.clipped", tally["clipped"], tally["steps"]),
    ):
        if value > most:
            raise Invalid(f"{value:,} is not a whole number from 0 to {most:,}", place)


def read_vectors(archive: Archive, layout: Layout, optimizer: str, slot_steps: int) -> Vectors:
    """The large arrays.

    Raises:
        Invalid: if one is missing, or not of the right type and size.
    """
    count = layout.parameters
    rows = RULES[optimizer].slots if slot_steps else 0
    average = None
    if layout.average:
        average = archive.array("average", np.float32, (count,), count)
    elif "average" in archive.names:
        raise Invalid("the run keeps no average", "average")
    return Vectors(
        archive.array("parameters", np.float32, (count,), count),
        average,
        archive.array("slots", np.float32, (rows, count), rows * count),
    )


def read_history(archive: Archive, layout: Layout) -> PredictionHistory:
    """The predictions of past epochs.

    Raises:
        Invalid: if they do not fit each other, or the digits.
    """
    most, images = MAX_EVALUATIONS, layout.monitored_images
    arrays = {
        "stride": archive.array(f"{HISTORY}stride", np.int64, (), 1),
        "epochs": archive.array(f"{HISTORY}epochs", np.int64, (None,), most),
        "counts": archive.array(f"{HISTORY}counts", np.int64, (None,), most),
        "digits": archive.array(f"{HISTORY}digits", np.uint32, (None,), most * images),
        "predictions": archive.array(f"{HISTORY}predictions", np.uint8, (None,), most * images),
    }
    epochs, counts, digits = arrays["epochs"], arrays["counts"], arrays["digits"]
    right = (
        1 <= arrays["stride"] <= MAX_EPOCHS
        and len(epochs) == len(counts)
        and bool(np.all((epochs >= 0) & (epochs <= MAX_EPOCHS)))
        and bool(np.all(np.diff(epochs) > 0))
        and bool(np.all((counts >= 0) & (counts <= images)))
        and counts.sum() == len(digits) == len(arrays["predictions"])
        and (not len(counts) or counts[0] == images)
        and bool(np.all(digits < images))
        and bool(np.all(arrays["predictions"] < layout.sizes[-1]))
    )
    if right:
        # Within an evaluation the indices ascend.
        rising = np.diff(digits.astype(np.int64)) > 0
        starts = np.cumsum(counts)[:-1]
        rising[starts[(starts > 0) & (starts < len(digits))] - 1] = True
        right = bool(rising.all())
    if not right:
        raise Invalid("the predictions of past epochs do not fit together", "history")
    return PredictionHistory.from_arrays(arrays)
