"""What the tests of data share: folders of digits, and servers to download from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from support.mirror import Mirror

from digit_tui.data import write_idx

MakeFolder = Callable[..., Path]


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """Writes four IDX files of random images, whose labels run through all classes."""

    def make(
        name: str = "digits",
        *,
        classes: int = 10,
        shape: tuple[int, int] = (28, 28),
        train: int = 60,
        test: int = 50,
        names: tuple[str, str] = ("train", "t10k"),
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        random = np.random.default_rng(classes)
        for split, count in zip(names, (train, test), strict=True):
            images = random.integers(0, 256, (count, *shape), np.uint8)
            labels = np.arange(count, dtype=np.uint8) % classes
            write_idx(folder / f"{split}-images-idx3-ubyte.gz", images)
            write_idx(folder / f"{split}-labels-idx1-ubyte.gz", labels)
        return folder

    return make


@pytest.fixture
def start_mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Mirror]]:
    """Starts a server; ended with the test."""
    # A proxy in the environment must not come between the test and its server.
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    mirrors: list[Mirror] = []

    def start() -> Mirror:
        mirrors.append(Mirror())
        return mirrors[-1]

    yield start
    for mirror in mirrors:
        mirror.closing.set()
        mirror.shutdown()
        mirror.server_close()


@pytest.fixture
def mirror(start_mirror: Callable[[], Mirror]) -> Mirror:
    return start_mirror()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where downloads go; it does not exist yet."""
    return tmp_path / "cache" / "mnist"
