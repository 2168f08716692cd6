"""Networks as files: what other programs compute from them is what this one computes."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from support.networks import runtime_outputs, same_layers, softmax
from support.rarely import rarely
from support.runs import Train

from digit_tui.data import Dataset, load_dataset
from digit_tui.engine.holdout import hold_out
from digit_tui.export import (
    export_npz,
    export_onnx,
    export_python,
    export_safetensors,
    read_weights,
)
from digit_tui.export.trained_network import TrainedNetwork
from digit_tui.nn import evaluate
from digit_tui.run.commands import Prune, SwitchOff
from digit_tui.storage.calibration_file import Calibration, write_calibration
from digit_tui.storage.saved_run import SavedRun

Export = Callable[..., list[Path]]


class Case(NamedTuple):
    """A network to be exported, and digits for it."""

    saved: SavedRun
    trained: TrainedNetwork
    images: Any

    @property
    def probabilities(self) -> Any:
        """As this program computes them, with the temperature."""
        labels = np.zeros(len(self.images), np.uint8)
        exact = np.log(evaluate(self.trained.network, self.images, labels).probabilities)
        return softmax(exact.astype(np.float64) / (self.trained.temperature or 1))

    @property
    def predictions(self) -> Any:
        labels = np.zeros(len(self.images), np.uint8)
        return evaluate(self.trained.network, self.images, labels).predictions


@pytest.fixture(scope="module")
def on_sample(trained: Path, sample: Dataset) -> Case:
    saved = SavedRun.read(trained)
    network, complaint = TrainedNetwork.of(saved, saved.checkpoint())
    assert complaint == ""
    return Case(saved, network, sample.test_images)


@pytest.fixture(scope="module")
def removed(train: Train, digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Side 6, four classes, a validation set, a temperature; a unit is off, weights are pruned."""
    folder = tmp_path_factory.mktemp("removed") / "run"
    script = [(9, SwitchOff(1, (0, 5))), (11, Prune(0.4))]
    train(script, dataset=hold_out(digits, 30), validation=30, folder=folder, hidden=(8, 7))
    saved = SavedRun.read(folder)
    sha256 = saved.checkpoint().state.weights_sha256
    write_calibration(folder, Calibration(14, sha256, 30, 0, 1.75, 0.1, 0.1, 0.2, 0.2, None))
    network, complaint = TrainedNetwork.of(saved, saved.checkpoint())
    assert complaint == ""
    return Case(saved, network, digits.test_images)


@pytest.fixture(params=["removed", *rarely("sample")])
def case_in_another_process(request: pytest.FixtureRequest, on_sample: Case, removed: Case) -> Case:
    return on_sample if request.param == "sample" else removed


@pytest.fixture(params=["sample", "removed"])
def case(request: pytest.FixtureRequest, on_sample: Case, removed: Case) -> Case:
    return on_sample if request.param == "sample" else removed


def test_what_is_removed_is_zero(removed: Case) -> None:
    weights, biases = removed.trained.network.layers[0]
    assert not weights[:, [0, 5]].any()
    assert not biases[[0, 5]].any()
    parameters = removed.trained.network.parameters
    assert np.count_nonzero(parameters == 0) > 0.4 * len(parameters)
    assert removed.trained.temperature == 1.75
    assert removed.trained.accuracy_of == "test"  # all epochs are done: it was opened


def test_onnx(case: Case, tmp_path: Path) -> None:
    import onnx

    path = tmp_path / "net.onnx"
    assert export_onnx(case.trained, path) == [path]
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert (model.ir_version, model.opset_import[0].version) == (8, 17)
    facts = {each.key: each.value for each in model.metadata_props}
    assert facts == case.trained.facts
    exported = hashlib.sha256(case.trained.network.parameters.tobytes()).hexdigest()
    of_run = case.saved.record["results"]["weights_sha256"]
    assert (facts["weights_sha256"], facts["run_weights_sha256"]) == (exported, of_run)
    assert json.loads(facts["config"])["hidden"] == list(case.saved.config.hidden)
    assert float(facts["accuracy"]) == case.saved.record["results"]["test_accuracy"]
    assert_the_runtime_agrees(case, path)


def assert_the_runtime_agrees(case: Case, path: Path) -> None:
    found = runtime_outputs(path, case.images.astype(np.float32) / 255)
    assert np.array_equal(found["probabilities"].argmax(axis=1), case.predictions)
    assert np.array_equal(found["logits"].argmax(axis=1), case.predictions)
    assert np.abs(found["probabilities"] - case.probabilities).max() <= 1e-5
    tempered = softmax(found["logits"] / (case.trained.temperature or 1))
    assert np.abs(tempered - found["probabilities"]).max() <= 1e-5
    one = runtime_outputs(path, case.images[:1].astype(np.float32) / 255)  # another batch size
    assert np.abs(one["logits"] - found["logits"][:1]).max() <= 1e-4


@pytest.mark.long
def test_onnx_on_all_test_digits_of_mnist(
    on_sample: Case, full_mnist: Path, tmp_path: Path
) -> None:
    images = load_dataset(str(full_mnist)).test_images
    assert len(images) == 10_000
    case = on_sample._replace(images=images)
    export_onnx(case.trained, tmp_path / "net.onnx")
    assert_the_runtime_agrees(case, tmp_path / "net.onnx")


def test_safetensors_is_as_pytorch_has_it(case: Case, tmp_path: Path) -> None:
    from safetensors import safe_open

    path = tmp_path / "net.safetensors"
    assert export_safetensors(case.trained, path) == [path]
    layers = case.trained.network.layers
    with safe_open(path, "numpy") as file:
        assert file.metadata() == case.trained.facts | {"format": "pt"}
        names = [f"{2 * at}.{part}" for at in range(len(layers)) for part in ("weight", "bias")]
        assert sorted(file.keys()) == sorted(names)
        for at, (weights, biases) in enumerate(layers):
            assert np.array_equal(file.get_tensor(f"{2 * at}.weight"), weights.T)
            assert np.array_equal(file.get_tensor(f"{2 * at}.bias"), biases)


def test_the_readme_of_an_npz_is_right(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "net.npz"
    assert export_npz(case.trained, path) == [path]
    with np.load(path) as arrays:  # without pickle
        readme = str(arrays["README"])
        assert json.loads(str(arrays["metadata"])) == case.trained.facts
        for name, shape in re.findall(r"(\w+_\d) +(\(\d+,(?: \d+)?\))", readme):
            assert str(arrays[name].shape) == shape
        shapes = readme.count("weights_") - 1
    assert shapes == len(case.trained.network.layers)
    assert 15 <= readme.count("\n") <= 30
    block = readme[readme.index("    import json") :]
    program = "\n".join(line.removeprefix("    ") for line in block.splitlines())
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"images": case.images}
    exec(program, names)
    assert np.array_equal(names["digits"], case.predictions)
    assert np.abs(names["p"] - case.probabilities).max() <= 1e-5
    assert names["about"]["side"] == str(case.trained.side)


PROGRAM = """
import sys, numpy as np
sys.path.insert(0, sys.argv[1])
from digits import predict, probabilities
images = np.load("images.npy")
np.savez("found.npz", classes=predict(images), p=probabilities(images))
square = images.reshape(len(images), int(images.shape[1] ** 0.5), -1)
assert (predict(square) == predict(images)).all()
for wrong in (images / 255, images[:, 1:], images[0]):
    try:
        predict(wrong)
    except ValueError:
        continue
    raise AssertionError(wrong.shape)
assert "digit_tui" not in sys.modules
"""


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )


def test_a_python_file_predicts(case_in_another_process: Case, tmp_path: Path) -> None:
    case = case_in_another_process
    (tmp_path / "net").mkdir()
    file, weights = export_python(case.trained, tmp_path / "net" / "digits.py")
    assert (file.name, weights.name) == ("digits.py", "digits_weights.npz")
    assert not re.search("@[A-Z0-9]+@", file.read_text())
    np.save(tmp_path / "images.npy", case.images)
    (tmp_path / "images.raw").write_bytes(case.images.tobytes())
    done = python(tmp_path, "-c", PROGRAM, "net")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    with np.load(tmp_path / "found.npz") as found:
        assert np.array_equal(found["classes"], case.predictions)
        assert np.abs(found["p"] - case.probabilities).max() <= 1e-5
    done = python(tmp_path, "net/digits.py", "images.npy", "images.raw")
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert [int(row[1]) for row in rows] == [*case.predictions, *case.predictions]
    assert [int(row[0]) for row in rows[: len(case.images)]] == list(range(len(case.images)))


def test_a_python_file_knows_its_weights(
    removed: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, weights = export_python(removed.trained, tmp_path / "digits.py")
    main = runpy.run_path(str(file))["main"]
    (tmp_path / "short.raw").write_bytes(bytes(35))
    (tmp_path / "cut.npy").write_bytes(b"\x93NUMPY\x01")
    for name in ("short.raw", "cut.npy", "none.raw"):
        assert main([str(tmp_path / name)]) == 1
        out, error = capsys.readouterr()
        assert (out, error.count("\n"), name in error) == ("", 1, True)
    assert main([]) == 2
    content = bytearray(weights.read_bytes())
    content[-200] ^= 1
    weights.write_bytes(content)
    wrong = runpy.run_path(str(file))
    with pytest.raises(ValueError, match=r"s_weights\.npz is not the file that was exported with"):
        wrong["predict"](removed.images)
    capsys.readouterr()
    for words in ("exported with", "digits_weights.npz, with its weights"):
        assert wrong["main"](["short.raw"]) == 1
        weights.unlink(missing_ok=True)
        out, error = capsys.readouterr()
        assert (out, error.count("\n"), words in error) == ("", 1, True)


@pytest.mark.parametrize("name", ["net.onnx", "net.safetensors", "net.npz"])
def test_it_comes_back_to_the_bit(name: str, case: Case, tmp_path: Path) -> None:
    export: Export = {
        ".onnx": export_onnx,
        ".safetensors": export_safetensors,
        ".npz": export_npz,
    }[Path(name).suffix]
    export(case.trained, tmp_path / name)
    read = read_weights(tmp_path / name)
    assert read.network.sizes == case.trained.network.sizes
    assert same_layers(read.network, list(case.trained.network.layers))
    left_out = name.endswith("onnx") and case.trained.temperature is not None
    assert [note[:15] for note in read.notes] == (["the temperature"] if left_out else [])


def test_hostile_names_stay_text(removed: Case, tmp_path: Path) -> None:
    name = '""";import os#\n\\'
    hostile = replace(removed.trained, run=name, data=name)
    file, _ = export_python(hostile, tmp_path / 'a"""b.py')
    program = runpy.run_path(str(file))
    assert np.array_equal(program["predict"](removed.images), removed.predictions)
    own, _ = export_python(removed.trained, tmp_path / "own.py")
    kinds = [[type(each) for each in ast.parse(each.read_text()).body] for each in (file, own)]
    assert kinds[0] == kinds[1]
