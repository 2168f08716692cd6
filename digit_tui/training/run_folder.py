"""A run on disk: run.json (config, data, versions, results) and weights.npz."""

from __future__ import annotations

import contextlib
import json
import os
import platform
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_state_path
from threadpoolctl import threadpool_info

import digit_tui
from digit_tui.config import ConfigError, RunConfig
from digit_tui.nn import Network
from digit_tui.training.atomic import write_whole
from digit_tui.training.state import RunState
from digit_tui.training.weights import WEIGHTS, RunError, load_network, save_weights

Array = NDArray[Any]

SCHEMA = 1
"""Number of the format of run.json and weights.npz."""


def runs_folder() -> Path:
    """Where runs go when the user names no folder."""
    return user_state_path("digit-tui") / "runs"


def versions() -> dict[str, str]:
    """What else decides the last bits of a result."""
    blas: dict[str, Any] = next(
        (info for info in threadpool_info() if info["user_api"] == "blas"), {}
    )
    words = (blas.get(key) for key in ("internal_api", "version", "architecture"))
    return {
        "digit_tui": digit_tui.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "blas": " ".join(str(word) for word in words if word) or "unknown",
        "machine": platform.machine(),
    }


class RunFolder:
    """The folder of one run. Files are written whole or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._record: dict[str, Any] = {}
        self._made: list[Path] = []

    @classmethod
    def fresh(cls, config: RunConfig) -> RunFolder:
        """A folder of its own in the state directory, named for the time and the preset."""
        base = f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{config.preset}"
        return cls(runs_folder() / f"{base}_{os.getpid():x}{os.urandom(2).hex()}")

    def begin(self, config: RunConfig, data: dict[str, Any]) -> None:
        """Make the folder and write what is known before the first step.

        Raises:
            RunError: if the folder holds a run already.
            OSError: if it can not be made or written.
        """
        taken = f"{self.path} holds a run already: name another folder with --run"
        if (self.path / WEIGHTS).exists():
            raise RunError(taken)
        for folder in (self.path, *self.path.parents):
            if folder.exists():
                break
            self._made.append(folder)
        self.path.mkdir(parents=True, exist_ok=True)
        try:  # exclusively: another process may be about to use the same folder
            (self.path / "run.json").touch(exist_ok=False)
        except FileExistsError:
            raise RunError(taken) from None
        self._record = {
            "schema": SCHEMA,
            "state": "running",
            "started": datetime.now().astimezone().isoformat(timespec="seconds"),
            "config": config.to_json(),
            "data": data,
            "versions": versions(),
            "results": None,
        }
        self._write_record()

    def save(
        self, state: str, sizes: Sequence[int], run: RunState, results: dict[str, Any]
    ) -> None:
        """Write the weights, then the record of what they reached.

        Args:
            state: what the run is doing: running, paused, finished, stopped, interrupted, diverged.
            sizes: the network's layer widths.
            run: the state to save the weights of.
            results: what the weights reached.

        Raises:
            OSError: if the disk refuses; the files that were there are intact.
        """
        save_weights(self.path / WEIGHTS, sizes, run.parameters, run.average)
        self._record |= {"state": state, "results": results}
        self._write_record()

    def discard(self) -> None:
        """Remove what `begin` made, unless something was saved since."""
        if self._record.get("results") is not None:
            return
        with contextlib.suppress(OSError):
            (self.path / "run.json").unlink(missing_ok=True)
            for folder in self._made:
                folder.rmdir()

    def _write_record(self) -> None:
        text = json.dumps(self._record, indent=2, ensure_ascii=False) + "\n"
        write_whole(self.path / "run.json", lambda file: file.write(text.encode()))


def load_run(path: Path) -> tuple[RunConfig, Network, dict[str, Any]]:
    """Read a saved run: its config, the network to evaluate, and run.json as it stands.

    Raises:
        RunError: if the folder is no run, has no weights yet, or a file of it is damaged.
    """
    record_path = path / "run.json"
    try:
        record = json.loads(record_path.read_text(encoding="utf-8"))
        if record["schema"] != SCHEMA:
            raise RunError(f"{record_path} has schema {record['schema']}, not {SCHEMA}")
        config = RunConfig.from_json(record["config"])
        if config.data == "auto":  # which may mean other digits by now
            config = config.with_(data=record["data"]["name"])
    except FileNotFoundError:
        raise RunError(f"{path} is no run of digit-tui: it has no run.json") from None
    except OSError as error:
        raise RunError(f"{record_path} can not be read: {error.strerror}") from error
    except ConfigError as error:
        raise RunError(f"{record_path} is damaged: {error.option}: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{record_path} is damaged, or no record of a run") from error
    network = load_network(path / WEIGHTS)
    if network.sizes[:-1] != (config.side**2, *config.hidden):
        raise RunError(f"{record_path} does not fit {WEIGHTS}: another side or hidden layers")
    return config, network, record
