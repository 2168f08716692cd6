"""`digit-tui export`, from the command line."""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.cli import Program

from digit_tui.cli.export_network import FORMATS
from digit_tui.export.weight_files import read_weights
from digit_tui.storage.saved_run import SavedRun

Finished = tuple[Path, dict[str, Any]]


@pytest.mark.parametrize("suffix", FORMATS)
def test_each_format(suffix: str, finished: Finished, program: Program, tmp_path: Path) -> None:
    folder, ended = finished
    path = tmp_path / f"net{suffix}"
    done = program("export", str(folder), str(path))
    names = f"{path} and {tmp_path / 'net_weights.npz'}" if suffix == ".py" else str(path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"Wrote          {names}",
        f"Network        784-4-10, averaged weights of step {ended['steps']}",
        f"Test accuracy  {ended['test_accuracy']:.2%}",
    ]
    assert path.is_file()


def test_json(finished: Finished, program: Program, tmp_path: Path) -> None:
    folder, ended = finished
    path = tmp_path / "net.npz"
    done = program("export", str(folder), str(path), "--json", "--no-average")
    assert (done.exit_code, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "files": [str(path)],
        "run": str(folder),
        "step": ended["steps"],
        "network": [784, 4, 10],
        "averaged": False,
        "accuracy": None,
        "accuracy_of": None,
        "temperature": None,
        "weights_sha256": sha256(SavedRun.read(folder).checkpoint().state.parameters).hexdigest(),
        "run_weights_sha256": ended["weights_sha256"],
    }


def test_the_best(finished: Finished, program: Program, tmp_path: Path) -> None:
    folder, _ = finished
    path = tmp_path / "net.npz"
    assert program("export", str(folder), str(path), "--best").exit_code == 0
    best = SavedRun.read(folder).checkpoint(best=True)
    with np.load(path) as arrays:
        assert np.array_equal(arrays["weights_1"], best.network.layers[0].weights)
        assert json.loads(str(arrays["metadata"]))["step"] == str(best.state.step)


def refused(program: Program, *arguments: str) -> tuple[int, str]:
    done = program("export", *arguments)
    assert done.stdout == ""
    assert done.stderr.startswith("digit-tui: ")
    assert done.stderr.count("\n") == 1
    return done.exit_code, done.stderr


def test_what_cannot_be_written(finished: Finished, program: Program, tmp_path: Path) -> None:
    folder, run = finished[0], str(finished[0])
    for name in ("net", "net.pt", "net.onnx.txt"):
        status, error = refused(program, run, str(tmp_path / name))
        assert status == 2
        assert "must end in .onnx, .safetensors, .npz or .py" in error
    (tmp_path / "mine.npz").write_bytes(b"mine")
    status, error = refused(program, run, str(tmp_path / "mine.npz"))
    assert (status, "add --force" in error) == (2, True)
    before = (folder / "best.npz").read_bytes()
    for more in ((), ("--force",)):
        status, error = refused(program, run, str(folder / "best.npz"), *more)
        assert (status, "never replaced" in error) == (2, True)
    assert (folder / "best.npz").read_bytes() == before
    status, error = refused(program, run, str(tmp_path / "none" / "net.onnx"))
    assert (status, "cannot write" in error) == (74, True)
    assert refused(program, str(tmp_path / "none"), str(tmp_path / "net.npz"))[0] == 3
    assert [each.name for each in tmp_path.iterdir()] == ["mine.npz"]


@pytest.mark.parametrize("name", ["onnx", "safetensors"])
def test_a_package_that_is_missing(
    name: str, finished: Finished, program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in [each for each in sys.modules if each.split(".")[0] == name]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    path = tmp_path / f"net.{name}"
    words = f"needs the package {name}: pip install 'digit-tui[export]'"
    status, error = refused(program, str(finished[0]), str(path))
    assert (status, words in error) == (1, True)
    path.write_bytes(bytes(100))
    done = program("import", str(path), "--data", "sample")
    assert (done.exit_code, words in done.stderr, done.stdout) == (1, True, "")
    with pytest.raises(ImportError, match=name):  # as a program expects it
        read_weights(path)
