"""Networks of others in .onnx files: what ONNX Runtime computes from them is what is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.networks import IMAGES, probabilities_of, runtime_outputs, softmax, write_onnx
from support.onnx_graphs import B1, GEMM, ONE, PLAIN, TURNED, UNIT, W1, F, after, number

from digit_tui.export import read_weights

VARIANTS: dict[str, dict[str, Any]] = {
    "Gemm": {"nodes": GEMM, "constants": PLAIN},
    "Gemm with transB, as PyTorch exports": {
        "nodes": [
            ("Flatten", "x", "f", {"axis": 1}),
            ("Gemm", "f W1 b1", "h", {"transB": 1, "alpha": 1.0, "beta": 1.0}),
            ("Relu", "h", "r", ONE),
            ("Gemm", "r W2 b2", "y", {"transB": 1}),
        ],
        "constants": TURNED,
        "shape": ("n", 1, 6, 6),
    },
    "alpha and beta": {
        "nodes": [("Gemm", "x W1 b1", "h", {"alpha": 0.5, "beta": -2.0}), *GEMM[1:]],
        "constants": PLAIN,
    },
    "Gemm without biases": {
        "nodes": [("Gemm", "x W1", "h", ONE), *GEMM[1:]],
        "constants": PLAIN,
    },
    "MatMul and Add": {
        "nodes": [
            ("MatMul", "x W1", "m", ONE),
            ("Add", "b1 m", "h", ONE),
            ("Relu", "h", "r", ONE),
            ("MatMul", "r W2", "n", ONE),
            ("Add", "n b2", "y", ONE),
        ],
        "constants": PLAIN | {"b1": B1[None]},
    },
    "MatMul without biases": {
        "nodes": [
            ("MatMul", "x W1", "h", ONE),
            ("Relu", "h", "r", ONE),
            ("MatMul", "r W2", "y", ONE),
        ],
        "constants": PLAIN,
    },
    "Transpose of weights": {
        "nodes": [
            ("Transpose", "W1", "t", {"perm": [1, 0]}),
            ("MatMul", "x t", "m", ONE),
            ("Add", "m b1", "h", ONE),
            *GEMM[1:],
        ],
        "constants": PLAIN | {"W1": W1.T},
    },
    "Reshape, Identity, Dropout": {
        "nodes": after(
            ("Reshape", "x s", "a", ONE),
            ("Identity", "a", "b", ONE),
            ("Dropout", "b", "c", ONE),
            of="c",
        ),
        "constants": PLAIN | {"s": np.array([-1, 36])},
        "shape": ("n", 6, 6),
    },
    "Reshape to as many rows as there are images": {
        "nodes": after(
            ("Shape", "x", "s", ONE),
            ("Gather", "s zero", "n", {"axis": 0}),
            ("Unsqueeze", "n axes", "u", ONE),
            ("Concat", "u rest", "c", {"axis": 0}),
            ("Reshape", "x c", "a", ONE),
            of="a",
        ),
        "constants": PLAIN | {"zero": np.array(0), "axes": np.array([0]), "rest": np.array([-1])},
        "shape": ("n", 1, 6, 6),
    },
    "bytes that are made numbers": {
        "nodes": after(("Cast", "x", "a", {"to": 1}), ("Div", "a k", "b", ONE), of="b"),
        "constants": PLAIN | {"k": number(255)},
        "kind": "UINT8",
    },
    "bytes that are not scaled": {
        "nodes": after(("Cast", "x", "a", {"to": 1}), of="a"),
        "constants": PLAIN | {"W1": (W1 / 255).astype(F)},
        "kind": "UINT8",
    },
    "pixels of 0 to 255": {
        "nodes": after(("Mul", "k x", "a", ONE), of="a"),
        "constants": PLAIN | {"k": number(1 / 255)},
        "range": 255,
    },
    "normalised pixels": {
        "nodes": after(
            ("Div", "x k", "a", ONE), ("Sub", "a m", "b", ONE), ("Div", "b s", "c", ONE), of="c"
        ),
        "constants": PLAIN
        | {"k": number(255)[None], "m": number(0.1307), "s": np.array([[0.3081]], F)},
        "range": 255,
    },
    "pixels the other way round": {
        "nodes": after(("Sub", "k x", "a", ONE), ("Add", "a m", "b", ONE), of="b"),
        "constants": PLAIN | {"k": number(1), "m": number(0.25)},
    },
    "Softmax": {
        "nodes": [*GEMM[:2], ("Gemm", "r W2 b2", "l", ONE), ("Softmax", "l", "y", {"axis": 1})],
        "constants": PLAIN,
        "ends": "probabilities",
    },
    "LogSoftmax": {
        "nodes": [*GEMM[:2], ("Gemm", "r W2 b2", "l", ONE), ("LogSoftmax", "l", "y", ONE)],
        "constants": PLAIN,
    },
    "float64": {
        "nodes": [
            *after(("Cast", "x", "a", {"to": 11}), of="a")[:-1],
            ("Gemm", "r W2 b2", "z", ONE),
            ("Cast", "z", "y", {"to": 1}),
        ],
        "constants": {name: each.astype(np.float64) for name, each in PLAIN.items()},
    },
    "Constant nodes": {
        "nodes": [
            ("Constant", "", "k", {"value_float": 2.0}),
            ("Mul", "x k", "a", ONE),
            *after(of="a"),
        ],
        "constants": PLAIN,
    },
}


@pytest.mark.parametrize("name", VARIANTS)
def test_what_is_read_computes_the_same(name: str, tmp_path: Path) -> None:
    about = dict(VARIANTS[name])
    ends, pixel_range = about.pop("ends", "logits"), about.pop("range", 1)
    path = write_onnx(tmp_path / "net.onnx", **about)
    inputs = IMAGES if about.get("kind") == "UINT8" else UNIT * F(pixel_range)
    found = runtime_outputs(path, inputs.reshape(len(IMAGES), *about.get("shape", (0, 36))[1:]))[
        "y"
    ]
    expected = found if ends == "probabilities" else softmax(found.astype(np.float64))
    read = read_weights(path)
    assert read.network.sizes == (36, 8, 4)
    assert np.abs(probabilities_of(read.network) - expected).max() < 2e-6
    if name in ("Gemm", "MatMul and Add", "pixels of 0 to 255", "bytes that are made numbers"):
        assert np.array_equal(read.network.layers[0].weights, W1)  # to the bit


def test_a_temperature_is_told(tmp_path: Path) -> None:
    nodes = [*GEMM[:2], ("Gemm", "r W2 b2", "l", ONE), ("Div", "l t", "s", ONE)]
    nodes.append(("Softmax", "s", "y", ONE))
    path = write_onnx(tmp_path / "net.onnx", nodes, PLAIN | {"t": number(1.5)})
    read = read_weights(path)
    assert read.notes == (
        "the temperature 1.5 that it divides logits by is left out: digit-tui calibrate fits one",
    )


def test_weights_in_a_file_beside_it(tmp_path: Path) -> None:
    import onnx

    path = write_onnx(tmp_path / "net.onnx", GEMM, PLAIN)
    onnx.save(onnx.load(path), path, save_as_external_data=True, size_threshold=0)
    (data,) = [each for each in tmp_path.iterdir() if each != path]
    assert data.stat().st_size >= 4 * (36 * 8 + 8 + 8 * 4 + 4)
    assert np.array_equal(read_weights(path).network.layers[0].weights, W1)
