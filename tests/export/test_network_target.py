"""What an exported network replaces, and what it does not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support.networks import SMALL

from digit_tui.export import export_npz, export_onnx, export_python, export_safetensors
from digit_tui.export.trained_network import TrainedNetwork
from digit_tui.nn import Network

Export = Callable[..., list[Path]]

EXPORTS: dict[str, Export] = {
    "net.onnx": export_onnx,
    "net.safetensors": export_safetensors,
    "net.npz": export_npz,
    "net.py": export_python,
}


@pytest.fixture
def trained() -> TrainedNetwork:
    flat = [np.vstack([weights, biases]).ravel() for weights, biases in SMALL]
    network = Network((36, 8, 4), np.concatenate(flat))
    sums = "0" * 64
    return TrainedNetwork(network, 6, True, None, 0.5, "test", sums, "run", 3, "sample", {})


def files(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


@pytest.mark.parametrize("name", EXPORTS)
def test_an_older_export_is_replaced(name: str, trained: TrainedNetwork, tmp_path: Path) -> None:
    EXPORTS[name](trained, tmp_path / name)
    before = files(tmp_path)
    trained.network.parameters[:] += 1
    EXPORTS[name](trained, tmp_path / name)
    after = files(tmp_path)
    assert before.keys() == after.keys()
    assert all(before[each] != after[each] for each in before)


OTHERS = {
    "net.onnx": b"\x08\x08\x12\x07pytorch",
    "net.safetensors": b"\x10\0\0\0\0\0\0\0" + b'{"__metadata__":{"format":"pt"}}',
    "net.npz": b"PK\x03\x04 and more",
    "net.py": b"print('mine')\n",
}


@pytest.mark.parametrize("name", EXPORTS)
def test_a_file_of_others_is_kept(name: str, trained: TrainedNetwork, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(OTHERS[name])
    before = files(tmp_path)
    with pytest.raises(FileExistsError, match="no network of digit-tui"):
        EXPORTS[name](trained, tmp_path / name)
    assert files(tmp_path) == before
    EXPORTS[name](trained, tmp_path / name, force=True)
    assert files(tmp_path)[name] != OTHERS[name]


def test_weights_beside_a_python_file_are_not_replaced_either(
    trained: TrainedNetwork, tmp_path: Path
) -> None:
    np.savez(tmp_path / "net_weights.npz", mine=np.arange(3))
    before = files(tmp_path)
    with pytest.raises(FileExistsError, match="no network of digit-tui") as caught:
        export_python(trained, tmp_path / "net.py")
    assert caught.value.filename == str(tmp_path / "net_weights.npz")
    assert files(tmp_path) == before


@pytest.mark.parametrize("name", ["best.npz", "checkpoint.npz", "initial.npz"])
def test_a_file_of_a_run_is_never_replaced(
    name: str, trained: TrainedNetwork, tmp_path: Path
) -> None:
    (tmp_path / "run.json").write_text('{"state": "finished"}')
    with pytest.raises(FileExistsError, match="file of a run"):
        export_npz(trained, tmp_path / name, force=True)
    assert list(files(tmp_path)) == ["run.json"]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "link.npz").symlink_to(tmp_path / name)
    with pytest.raises(FileExistsError, match="file of a run"):
        export_npz(trained, tmp_path / "other" / "link.npz", force=True)


@pytest.mark.parametrize("name", EXPORTS)
def test_what_is_no_file_is_left_alone(name: str, trained: TrainedNetwork, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(FileExistsError, match="is no file"):
        EXPORTS[name](trained, tmp_path / name, force=True)
    assert os.listdir(tmp_path) == [name]


def test_a_python_file_and_its_weights_are_written_together(
    trained: TrainedNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_python(trained, tmp_path / "net.py")
    before = files(tmp_path)
    replace = os.replace

    def refuse(source: str | Path, target: str | Path) -> None:
        if str(target).endswith("net_weights.npz"):
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    trained.network.parameters[:] += 1
    with pytest.raises(OSError, match="No space") as caught:
        export_python(trained, tmp_path / "net.py")
    assert caught.value.filename == str(tmp_path / "net.py")  # and none of a temporary file
    assert files(tmp_path) == before
