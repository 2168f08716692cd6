"""Weights on disk: an .npz without pickles that carries the SHA-256 of what is in it."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from digit_tui.nn import Network
from digit_tui.training.atomic import write_whole

Array = NDArray[Any]

WEIGHTS = "weights.npz"
"""The file's name in a run's folder."""


class RunError(Exception):
    """A run's folder can not be read or used: one line that says what is wrong and where."""


def weights_sha256(parameters: Array, average: Array | None) -> str:
    """SHA-256 over the bytes of the weights, and of their average where there is one."""
    digest = hashlib.sha256(np.ascontiguousarray(parameters).data)
    if average is not None:
        digest.update(np.ascontiguousarray(average).data)
    return digest.hexdigest()


def save_weights(
    path: Path, sizes: Sequence[int], parameters: Array, average: Array | None
) -> None:
    """Write a network's weights, whole or not at all.

    Raises:
        OSError: if the disk refuses; the old file is intact.
    """
    arrays: dict[str, Any] = {
        "sizes": np.array(sizes),
        "sha256": np.array(weights_sha256(parameters, average)),
        "parameters": parameters,
    }
    if average is not None:
        arrays["average"] = average
    write_whole(path, lambda file: np.savez(file, **arrays))


def load_network(path: Path) -> Network:
    """Read a network: with its averaged weights, where they were saved.

    Raises:
        RunError: if the file is missing, damaged, or not what `save_weights` writes.
    """
    try:
        # NumPy leaves a file open that it opened itself and could not read.
        with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        parameters, average = arrays["parameters"], arrays.get("average")
        if weights_sha256(parameters, average) != str(arrays["sha256"]):
            raise RunError(f"{path} is damaged: its checksum is wrong")
        sizes = [int(size) for size in arrays["sizes"]]
        return Network(sizes, parameters if average is None else average)
    except FileNotFoundError:
        raise RunError(f"{path.parent} has no weights yet: the run was not saved") from None
    except OSError as error:
        raise RunError(f"{path} can not be read: {error.strerror or error}") from error
    except (
        *(OSError, KeyError, TypeError, ValueError, EOFError, BadZipFile),
        *(RuntimeError, zlib.error),  # a flipped bit may claim encryption or compression
    ) as error:
        raise RunError(f"{path} is damaged, or holds no weights of digit-tui") from error
