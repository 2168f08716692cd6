"""Checkpoints: the state of a run as one file, protected by a checksum.

The file is an .npz without pickles, whose zip comment is the SHA-256 of all bytes before it. The
checksums of zip itself do not cover its directory, and NumPy accepts an archive with extra bytes
and, at times, one with missing bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.config import RunConfig
from digit_tui.data import reason_of
from digit_tui.nn import Network
from digit_tui.run.lineage import lineage_from_json, lineage_to_json
from digit_tui.run.settings import Settings
from digit_tui.run.state import RunState, Tally
from digit_tui.storage.archive import Archive
from digit_tui.storage.checkpoint_content import (
    HISTORY,
    Layout,
    check_progress,
    read_about,
    read_history,
    read_vectors,
)
from digit_tui.storage.checkpoint_removal import read_removed, removed_arrays
from digit_tui.storage.differences import config_difference, dataset_difference
from digit_tui.storage.errors import OtherRun, RunError
from digit_tui.storage.reading import open_file
from digit_tui.storage.run_files import RECORD
from digit_tui.storage.summary_check import SCHEMA
from digit_tui.storage.validation import Invalid

Array = NDArray[Any]

_MARK = b"digit-tui sha256 "
_COMMENT_LENGTH = len(_MARK) + 2 * hashlib.sha256().digest_size
_CHUNK = 1 << 20


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The state of a run, with the run's configuration and dataset."""

    state: RunState
    config: RunConfig
    data: dict[str, Any]
    """Dataset.summary()"""
    sizes: tuple[int, ...]
    """Layer widths, inputs first, classes last."""
    accuracy: float | None
    """On the monitored split, as a fraction; None if this state was not evaluated."""
    best_accuracy: float
    """The highest accuracy of the run's checkpoints so far, this one included."""
    go_back_count: int = 0
    """How many times the run had gone back when this was saved."""

    @property
    def network(self) -> Network:
        """The network to evaluate: with the averaged weights, if there are some."""
        return Network(self.sizes, self.state.evaluated)

    @property
    def epoch(self) -> float:
        """Completed epochs, with the part of the present one."""
        images: int = self.data["training_images"]
        return self.state.epoch + self.state.cursor / images

    def to_bytes(self) -> memoryview:
        """The content of the checkpoint file."""
        state = self.state
        about = {
            "schema": SCHEMA,
            "config": self.config.to_json(),
            "data": self.data,
            "sizes": self.sizes,
            "accuracy": self.accuracy,
            "best_accuracy": self.best_accuracy,
            "returns": self.go_back_count,
            "settings": state.settings.to_json(),
            "slot_steps": state.slot_steps,
            "step": state.step,
            "epoch": state.epoch,
            "cursor": state.cursor,
            "tally": asdict(state.tally),
            "course": lineage_to_json(state.lineage),
        }
        if state.scalars:  # earlier versions know none
            about["scalars"] = state.scalars
        arrays = {
            "about": np.frombuffer(json.dumps(about).encode(), np.uint8),
            "parameters": state.parameters,
            "slots": state.kept_slots,
        }
        if state.average is not None:
            arrays["average"] = state.average
        if state.removed is not None:
            arrays |= removed_arrays(state.removed)
        for name, array in state.history.to_arrays().items():
            arrays[HISTORY + name] = array
        file = io.BytesIO()
        np.savez(file, **arrays)  # type: ignore[arg-type]  # mypy takes the arrays for options
        # A zip without a comment ends with the length of its comment: two zero bytes.
        file.seek(-2, io.SEEK_END)
        file.write(struct.pack("<H", _COMMENT_LENGTH))
        file.write(_MARK + hashlib.sha256(file.getbuffer()).hexdigest().encode())
        return file.getbuffer()


class Expected(NamedTuple):
    """What a run's checkpoints must agree with, according to its run.json."""

    config: RunConfig
    data: dict[str, Any]
    """Dataset.summary()"""


def read_checkpoint(path: Path, expected: Expected | None = None) -> Checkpoint:
    """Read a checkpoint file.

    Args:
        path: the file.
        expected: of the run; None takes what the checkpoint says of itself.

    Raises:
        FileNotFoundError: if it does not exist.
        OtherRun: if it is of another run.
        RunError: if it is damaged, or not a file made by `Checkpoint.to_bytes`.
    """
    with open_file(path) as file:
        try:
            size = os.fstat(file.fileno()).st_size
            most = None if expected is None else Layout.of(*expected).largest_file
            if most is not None and size > most:
                raise RunError(f"{path} is damaged: it has {size:,} bytes, at most {most:,} can be")
            if not _is_whole(file, size):
                raise RunError(f"{path} is damaged: its checksum is wrong")
            return _parse(path, file, size, expected)
        except Invalid as error:
            raise RunError(f"{path} is no checkpoint of this program: {error}") from None
        except OSError as error:
            raise RunError(f"{path} cannot be read: {reason_of(error)}") from error


def _is_whole(file: BinaryIO, size: int) -> bool:
    """Whether the checksum at the end is that of all before it."""
    left = size - _COMMENT_LENGTH
    digest = hashlib.sha256()
    while left > 0 and (content := file.read(min(_CHUNK, left))):
        digest.update(content)
        left -= len(content)
    return left == 0 and file.read(_COMMENT_LENGTH + 1) == _MARK + digest.hexdigest().encode()


def _parse(path: Path, file: BinaryIO, size: int, expected: Expected | None) -> Checkpoint:
    archive = Archive(file, size, _COMMENT_LENGTH)
    about, config = read_about(archive)
    if expected is not None:
        different = config_difference(expected.config, config) or dataset_difference(
            expected.data, about["data"]
        )
        if different:
            raise OtherRun(f"{path} does not belong to {RECORD}: {different}")
    layout = Layout.of(config, about["data"])
    check_progress(about, config, layout)
    settings = Settings.from_json(about["settings"])
    vectors = read_vectors(archive, layout, settings.optimizer, about["slot_steps"])
    state = RunState(
        vectors=vectors,
        settings=settings,
        slot_steps=about["slot_steps"],
        scalars=tuple(about.get("scalars", ())),
        step=about["step"],
        epoch=about["epoch"],
        cursor=about["cursor"],
        tally=Tally(**about["tally"]),
        lineage=lineage_from_json(about["course"]),
        history=read_history(archive, layout),
        removed=read_removed(archive, layout, settings, vectors),
    )
    return Checkpoint(
        state,
        config,
        about["data"],
        layout.sizes,
        about["accuracy"],
        about["best_accuracy"],
        about["returns"],
    )
