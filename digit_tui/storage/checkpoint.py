"""Checkpoints: the state of a run in a file that is whole and true, or refused.

An .npz without pickles, whose zip comment is the SHA-256 of all bytes before it. A zip's own sums
leave out its directory, and NumPy reads an archive with bytes too many or, at times, too few.
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
"""Number of the format of checkpoints and run.json."""

HISTORY = "history_"
"""What the names of the arrays of a history of predictions begin with."""

_MARK = b"digit-tui sha256 "
_COMMENT_LENGTH = len(_MARK) + 2 * hashlib.sha256().digest_size


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A state, and what it belongs to."""

    state: RunState
    config: RunConfig
    data: dict[str, Any]
    """Dataset.summary()"""
    sizes: tuple[int, ...]
    """Layer widths, inputs first, classes last."""
    accuracy: float | None
    """Of this state on the digits that the run is watched with, as a fraction; None if nobody
    looked."""
    best_accuracy: float
    """The highest of the checkpoints so far, this one included."""
    go_back_count: int = 0
    """How often the run had gone back by then."""

    @property
    def network(self) -> Network:
        """To evaluate: with the averaged weights, where there are any."""
        average = self.state.average
        return Network(self.sizes, self.state.parameters if average is None else average)

    def to_bytes(self) -> memoryview:
        """The content of a checkpoint file."""
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
        np.savez(file, **arrays)  # type: ignore[arg-type]  # mypy takes them for options
        # The last two bytes of a zip without a comment are the comment's length.
        file.seek(-2, io.SEEK_END)
        file.write(struct.pack("<H", _COMMENT_LENGTH))
        file.write(_MARK + hashlib.sha256(file.getbuffer()).hexdigest().encode())
        return file.getbuffer()


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint file.

    Raises:
        FileNotFoundError: if there is none.
        RunError: if it is damaged, or not what `Checkpoint.to_bytes` makes.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise RunError(f"{path} can not be read: {error.strerror or error}") from error
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
