"""initial.npz: the weights that a run began with, where they were not drawn from its seed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.config import RunConfig
from digit_tui.storage.begun_files import packed, read_begun, unpacked, write_begun
from digit_tui.storage.checkpoint_content import Layout
from digit_tui.storage.errors import RunError
from digit_tui.storage.run_files import INITIAL
from digit_tui.storage.validation import Invalid

ROOM = 1 << 12
"""Bytes of the file besides the numbers, at most."""


@dataclass(frozen=True, eq=False)
class InitialWeights:
    """Weights to begin a run with."""

    parameters: NDArray[Any]
    """(n,) float32, as in `nn.Network`."""
    source: str
    """The name of the file that they came from."""

    @cached_property
    def content(self) -> bytes:
        """The content of the file."""
        return packed({"parameters": self.parameters})

    @cached_property
    def sha256(self) -> str:
        """Hex, of the content."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def record(self) -> dict[str, str]:
        """What run.json says of them."""
        return {"source": self.source, "sha256": self.sha256}


def write_initial(folder: Path, initial: InitialWeights) -> None:
    """Write them into the folder of a run that begins.

    Raises:
        RunError: if somebody else has a file in their place.
        OSError: if the disk refuses; then there is no part of them.
    """
    write_begun(folder / INITIAL, initial.content)


def read_initial(folder: Path, record: dict[str, Any], config: RunConfig) -> InitialWeights | None:
    """The weights that a run began with; None if they follow from its seed.

    Args:
        folder: of the run.
        record: the content of its run.json.
        config: the run's.

    Raises:
        RunError: if the file is missing, or is not the one that the run began with.
    """
    about = record.get("initial_weights")
    if about is None:
        return None
    path = folder / INITIAL
    count = Layout.of(config, record["data"]).parameters
    lacking = "the run cannot be resumed or repeated without the weights that it began with"
    content = read_begun(path, 4 * count + ROOM, about["sha256"], lacking)
    try:
        parameters = unpacked(content).array("parameters", np.float32, (count,), count)
    except Invalid as error:
        raise RunError(f"{path} does not fit the network: {error}") from None
    return InitialWeights(parameters, about["source"])
