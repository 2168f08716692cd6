"""Checkpoints: the state of a run as one file, protected by a checksum.

The file is an .npz without pickles, whose zip comment is the SHA-256 of all bytes before it. The
checksums of zip itself do not cover its directory, and NumPy accepts an archive with extra bytes
and, at times, one with missing bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from digit_tui.config import ConfigError, RunConfig
from digit_tui.nn import Network, PredictionHistory
from digit_tui.run.lineage import lineage_from_json, lineage_to_json
from digit_tui.run.settings import Settings
from digit_tui.run.state import RunState, Tally, Vectors
from digit_tui.storage.errors import RunError

Array = NDArray[Any]

SCHEMA = 3
"""Version of the format of checkpoints and run.json."""

HISTORY = "history_"
"""Prefix of the names of the arrays of a PredictionHistory."""

_MARK = b"digit-tui sha256 "
_COMMENT_LENGTH = len(_MARK) + 2 * hashlib.sha256().digest_size


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
        """The network to evaluate: with the averaged weights, if the run keeps an average."""
        average = self.state.average
        return Network(self.sizes, self.state.parameters if average is None else average)

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
            "settings": asdict(state.settings),
            "slot_steps": state.slot_steps,
            "step": state.step,
            "epoch": state.epoch,
            "cursor": state.cursor,
            "tally": asdict(state.tally),
            "course": lineage_to_json(state.lineage),
        }
        arrays = {
            "about": np.frombuffer(json.dumps(about).encode(), np.uint8),
            "parameters": state.parameters,
            "slots": state.kept_slots,
        }
        if state.average is not None:
            arrays["average"] = state.average
        for name, array in state.history.to_arrays().items():
            arrays[HISTORY + name] = array
        file = io.BytesIO()
        np.savez(file, **arrays)  # type: ignore[arg-type]  # mypy takes the arrays for options
        # A zip without a comment ends with the length of its comment: two zero bytes.
        file.seek(-2, io.SEEK_END)
        file.write(struct.pack("<H", _COMMENT_LENGTH))
        file.write(_MARK + hashlib.sha256(file.getbuffer()).hexdigest().encode())
        return file.getbuffer()


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint file.

    Raises:
        FileNotFoundError: if it does not exist.
        RunError: if it is damaged, or not a file made by `Checkpoint.to_bytes`.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror or error}") from error
    end = len(content) - _COMMENT_LENGTH
    digest = hashlib.sha256(memoryview(content)[: max(end, 0)]).hexdigest()
    if content[max(end, 0) :] != _MARK + digest.encode():
        raise RunError(f"{path} is damaged: its checksum is wrong")
    try:
        return _parse(content)
    except ConfigError as error:
        raise RunError(f"{path} is no checkpoint of this program: {error}") from error
    except (
        *(OSError, KeyError, TypeError, ValueError, EOFError, BadZipFile),
        *(RuntimeError, zlib.error),
    ) as error:
        raise RunError(f"{path} is no checkpoint of this program") from error


def _parse(content: bytes) -> Checkpoint:
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    about = json.loads(arrays["about"].tobytes())
    if about["schema"] != SCHEMA:
        raise ValueError(f"schema {about['schema']}, not {SCHEMA}")
    vectors = Vectors(arrays["parameters"], arrays.get("average"), arrays["slots"])
    state = RunState(
        vectors=vectors,
        settings=Settings(**about["settings"]),
        slot_steps=about["slot_steps"],
        step=about["step"],
        epoch=about["epoch"],
        cursor=about["cursor"],
        tally=Tally(**about["tally"]),
        lineage=lineage_from_json(about["course"]),
        history=PredictionHistory.from_arrays(
            {name.removeprefix(HISTORY): array for name, array in arrays.items() if HISTORY in name}
        ),
    )
    return Checkpoint(
        state,
        RunConfig.from_json(about["config"]),
        about["data"],
        tuple(about["sizes"]),
        about["accuracy"],
        about["best_accuracy"],
        about["returns"],
    )
