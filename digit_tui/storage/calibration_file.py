"""calibration.json: the temperature of a run's network, and what it does."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from digit_tui.storage.atomic import write_whole
from digit_tui.storage.errors import RunError
from digit_tui.storage.own_files import looks_own, not_made_here
from digit_tui.storage.reading import read_file
from digit_tui.storage.run_files import CALIBRATION
from digit_tui.storage.validation import Invalid, fields, number, optional, parse_json, text, whole

LARGEST = 1 << 16
"""Bytes of calibration.json at most."""


@dataclass(frozen=True)
class Calibration:
    """The temperature of the network of one checkpoint, fitted on held-out digits."""

    step: int
    """Of the checkpoint."""
    weights_sha256: str
    """Of the checkpoint: it is true of no other weights."""
    held_out: int
    """The digits that it was fitted on."""
    folds: int
    """Copies of the run that were trained for it; 0 if the run has held-out digits of its own."""
    temperature: float
    """What logits are divided by."""
    ece_before: float
    """Expected calibration error of the held-out digits at temperature 1, as a fraction."""
    ece_after: float
    nll_before: float
    """Negative log-likelihood of the held-out digits at temperature 1, in nats."""
    nll_after: float
    novelty_threshold: float | None
    """The largest not-a-digit score of what is taken for a digit; None if it was not measured."""


_FIELDS = fields(
    {
        "step": whole(),
        "weights_sha256": text(64),
        "held_out": whole(1),
        "folds": whole(0, 1_000),
        "temperature": number(0.01, 10_000),
        "ece_before": number(0, 1),
        "ece_after": number(0, 1),
        "nll_before": number(0),
        "nll_after": number(0),
        "novelty_threshold": optional(number()),
    }
)


def read_calibration(folder: Path) -> Calibration | None:
    """The calibration in a run's folder; None if there is none.

    Raises:
        RunError: if the file is damaged.
    """
    path = folder / CALIBRATION
    try:
        values: dict[str, Any] = parse_json(read_file(path, LARGEST))
        _FIELDS(values)
    except FileNotFoundError:
        return None
    except Invalid as error:
        raise RunError(
            f"{path} is damaged: {error}; digit-tui calibrate {folder} writes it anew"
        ) from None
    return Calibration(**{name: values[name] for name in Calibration.__dataclass_fields__})


def write_calibration(folder: Path, calibration: Calibration) -> None:
    """Write the calibration into a run's folder, whole or not at all.

    Raises:
        RunError: if a file of that name was not made by this program.
        OSError: if the disk refuses; the old file is intact.
    """
    path = folder / CALIBRATION
    if (path.exists() or path.is_symlink()) and not looks_own(path):
        raise not_made_here(path)
    content = json.dumps(asdict(calibration), allow_nan=False).encode() + b"\n"
    write_whole(path, lambda file: file.write(content))


def remove_calibration(folder: Path) -> Path:
    """Remove the calibration from a run's folder; returns where it was.

    Raises:
        RunError: if there is none, or the file was not made by this program.
        OSError: if the disk refuses.
    """
    path = folder / CALIBRATION
    if not path.exists() and not path.is_symlink():
        raise RunError(f"{folder} has no calibration to remove")
    if not looks_own(path):
        raise not_made_here(path)
    path.unlink()
    return path


def calibration_of(folder: Path, weights_sha256: str) -> tuple[Calibration | None, str]:
    """The calibration of these weights, or None and why there is none, in a line.

    Args:
        folder: of the run.
        weights_sha256: of the weights that it is wanted for.
    """
    try:
        found = read_calibration(folder)
    except RunError as error:
        return None, str(error)
    if found is None:
        return None, ""
    if found.weights_sha256 != weights_sha256:
        return None, (
            f"{folder / CALIBRATION} is of other weights, saved at step {found.step:,}, and is not "
            "used: digit-tui calibrate fits it anew"
        )
    return found, ""
