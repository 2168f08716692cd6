"""The arrays of a checkpoint that say what is removed from the network, if something is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import parameters_of_units, weight_mask
from digit_tui.run.removal import Removed
from digit_tui.run.settings import Settings
from digit_tui.run.state import Vectors
from digit_tui.storage.archive import Archive
from digit_tui.storage.checkpoint_content import Layout
from digit_tui.storage.validation import Invalid

Array = NDArray[Any]

PRUNED, VALUES, AVERAGE = NAMES = ("pruned", "removed", "removed_average")
"""Bits for the parameters that are pruned, eight to a byte; what all that is removed was, in the
order of the parameters; the same of their average. Units that are off follow from the settings."""


def removed_arrays(removed: Removed) -> dict[str, Array]:
    """What is removed, as arrays for a checkpoint."""
    arrays = {VALUES: removed.values}
    if removed.pruned is not None:
        arrays[PRUNED] = np.packbits(removed.pruned)
    if removed.average is not None:
        arrays[AVERAGE] = removed.average
    return arrays


def read_removed(
    archive: Archive, layout: Layout, settings: Settings, vectors: Vectors
) -> Removed | None:
    """The inverse of `removed_arrays`; None if nothing is removed.

    Args:
        archive: the checkpoint.
        layout: its sizes.
        settings: those in force.
        vectors: of the checkpoint.

    Raises:
        Invalid: if an array is missing, or does not fit the settings or the vectors.
    """
    wanted = {
        PRUNED: bool(settings.pruned),
        VALUES: bool(settings.pruned or settings.switched_off),
        AVERAGE: layout.average and bool(settings.pruned or settings.switched_off),
    }
    for name in NAMES:
        if name in archive.names and not wanted[name]:
            raise Invalid("the settings say that there is none", name)
    if not wanted[VALUES]:
        return None
    pruned = _read_pruned(archive, layout, settings.pruned) if wanted[PRUNED] else None
    mask = parameters_of_units(layout.sizes, settings.switched_off)
    if pruned is not None:
        mask |= pruned
    for vector in (vectors.parameters, vectors.average, vectors.slots):
        if vector is not None and vector[..., mask].any():
            raise Invalid("a parameter that is removed is not 0", VALUES)
    count = int(np.count_nonzero(mask))
    average = None
    if wanted[AVERAGE]:
        average = archive.array(AVERAGE, np.float32, (count,), count)
    return Removed(pruned, mask, archive.array(VALUES, np.float32, (count,), count), average)


def _read_pruned(archive: Archive, layout: Layout, share: float) -> Array:
    """(parameters,) bool, the weights that are pruned."""
    length = -(-layout.parameters // 8)
    packed = archive.array(PRUNED, np.uint8, (length,), length)
    pruned = np.unpackbits(packed, count=layout.parameters).view(np.bool_)
    weights = weight_mask(layout.sizes)
    if (pruned & ~weights).any():
        raise Invalid("a bias is pruned", PRUNED)
    found, wanted = int(np.count_nonzero(pruned)), round(share * np.count_nonzero(weights))
    if found != wanted:
        raise Invalid(f"{found:,} weights are pruned, not {wanted:,}", PRUNED)
    return pruned
