"""Small runs that were really trained, and `digit-tui runs` on them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from support.command_script import CommandScript

from digit_tui.cli.main import cli
from digit_tui.config import RunConfig
from digit_tui.data import load_dataset, write_idx
from digit_tui.engine.holdout import hold_out
from digit_tui.run.commands import (
    Command,
)
from digit_tui.storage import run_files
from digit_tui.storage.run_writer import RunWriter
from digit_tui.training.trainer import Trainer

MakeRun = Callable[..., Path]
UNSAFE = {*map(chr, range(32)), *map(chr, range(127, 160)), "\u202e"} - {"\n"}


def write_digits(folder: Path, seed: int, classes: int = 4) -> Path:
    """IDX files of 6x6 images: a pattern for each class, with noise on top."""
    generator = np.random.default_rng(seed)
    patterns = generator.integers(0, 200, (classes, 6, 6))
    folder.mkdir()
    for split, count in (("train", 230), ("t10k", 60)):
        labels = generator.integers(0, classes, count).astype(np.uint8)
        images = patterns[labels] + generator.integers(0, 56, (count, 6, 6))
        write_idx(folder / f"{split}-images-idx3-ubyte", images.astype(np.uint8))
        write_idx(folder / f"{split}-labels-idx1-ubyte", labels)
    return folder


def edit(path: Path, **values: Any) -> None:
    """Change a run's record."""
    record = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps(record | values))


def runs(*arguments: str | Path, answer: str | None = None) -> Result:
    words = ["runs", *map(str, arguments)]
    result = CliRunner().invoke(cli, words, input=answer, prog_name="digit-tui")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert UNSAFE.isdisjoint(result.stdout + result.stderr)
    return result


def succeed(*arguments: str | Path) -> str:
    result = runs(*arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.fixture(scope="session")
def digits_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_digits(tmp_path_factory.mktemp("digits") / "patterns", seed=0)


@pytest.fixture
def runs_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for runs."""
    monkeypatch.setattr(run_files, "user_state_path", lambda *_, **__: tmp_path / "state")
    folder = run_files.runs_folder()
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def make_run(digits_folder: Path, runs_folder: Path) -> MakeRun:
    """Trains a run for two epochs of eight steps, or what a script says."""

    def train(
        path: str | Path = "run",
        script: Sequence[tuple[int, Command]] = (),
        data: Path = digits_folder,
        **options: Any,
    ) -> Path:
        values: dict[str, Any] = {"hidden": (8,), "batch_size": 32, "epochs": 2, "side": 6}
        values |= {"optimizer": "adam", "learning_rate": 0.01, "augment": "none"}
        config = RunConfig(data=str(data), threads=1, **(values | options))
        dataset = hold_out(load_dataset(config.data, config.side), config.validation)
        for _ in Trainer(
            config, dataset, CommandScript(script), RunWriter(runs_folder / path)
        ).run():
            pass
        return runs_folder / path

    return train
