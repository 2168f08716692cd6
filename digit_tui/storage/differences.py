"""What differs between two configurations or two datasets, in words for an error message."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from digit_tui.config import RunConfig
from digit_tui.data import printable


def config_difference(one: RunConfig, other: RunConfig) -> str:
    """What differs between two configurations, for example "seed 1, not 2"; empty if nothing.

    The name of the dataset may differ: its checksum says whether it is the same one.
    """
    return ", ".join(
        f"{field.name} {getattr(one, field.name)}, not {getattr(other, field.name)}"
        for field in fields(one)
        if field.name != "data" and getattr(one, field.name) != getattr(other, field.name)
    )


def dataset_difference(one: dict[str, Any], other: dict[str, Any]) -> str:
    """What differs between two Dataset.summary(), for example "side: 28, not 25"; or empty.

    The names may differ. The checksum comes last: it differs whenever anything else does, and says
    less.
    """
    for key in sorted({*one, *other} - {"name"}, key=lambda key: (key == "sha256", key)):
        if one.get(key) != other.get(key):
            now, then = (str(each.get(key))[:12] for each in (one, other))
            return printable(f"{key[:40].replace('_', ' ')}: {now}, not {then}")
    return ""
