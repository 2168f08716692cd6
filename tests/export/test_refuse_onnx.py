"""Networks of others in .onnx files that are no fully connected ones: the node is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.networks import write_onnx
from support.onnx_graphs import GEMM, ONE, PLAIN, F, Node, after, number

from digit_tui.data import DataError
from digit_tui.export import read_weights

REFUSED: dict[str, tuple[list[Node], dict[str, Any], str]] = {
    "a convolution": (
        [("Conv", "x K", "c", ONE), *after(of="c")],
        PLAIN | {"K": np.zeros((1, 1, 3, 3), F)},
        "the node Conv 'n0' is not understood: only Gemm, MatMul",
    ),
    "another activation": (
        [GEMM[0], ("Tanh", "h", "r", ONE), GEMM[2]],
        PLAIN,
        "the node Tanh 'n1' is not understood",
    ),
    "no activation": (
        [("Gemm", "x W1 b1", "r", ONE), GEMM[2]],
        PLAIN,
        "Gemm 'n1' is not understood: it does not follow the image or ReLU, but a layer",
    ),
    "a branch": (
        [*GEMM[:2], ("Add", "r h", "s", ONE), ("Gemm", "s W2 b2", "y", ONE)],
        PLAIN,
        "Add 'n2' is not understood: it does not follow ReLU: the graph is no chain",
    ),
    "a node that looks back": (
        [*GEMM[:2], ("Gemm", "h W2 b2", "y", ONE)],
        PLAIN,
        "Gemm 'n2' is not understood: it does not follow ReLU",
    ),
    "ReLU at the end": (
        [*GEMM[:2], ("Gemm", "r W2 b2", "l", ONE), ("Relu", "l", "y", ONE)],
        PLAIN,
        "it ends with ReLU",
    ),
    "ReLU of the image": ([("Relu", "x", "y", ONE)], PLAIN, "but the image"),
    "no layer": ([("Identity", "x", "y", ONE)], PLAIN, "no fully connected layer"),
    "biases twice": (
        [GEMM[0], ("Add", "h b1", "i", ONE), ("Relu", "i", "r", ONE), GEMM[2]],
        PLAIN,
        "Add 'n1' is not understood",
    ),
    "numbers for each pixel": (
        after(("Mul", "x k", "a", ONE), of="a"),
        PLAIN | {"k": np.ones(36, F)},
        "one number for all pixels",
    ),
    "division by the pixels": (
        after(("Div", "k x", "a", ONE), of="a"),
        PLAIN | {"k": number(1)},
        "one number for all pixels",
    ),
    "division by 0": (
        after(("Div", "x k", "a", ONE), of="a"),
        PLAIN | {"k": number(0)},
        "0.0 is no number to reckon with",
    ),
    "weights that do not fit": (
        GEMM,
        PLAIN | {"W2": np.zeros((7, 4), F)},
        "it takes 7 numbers, the layer before has 8",
    ),
    "biases that do not fit": (
        GEMM,
        PLAIN | {"b1": np.zeros(7, F)},
        r"its biases have the shape \(7,\)",
    ),
    "images that are turned": (
        [("Gemm", "x W1 b1", "h", {"transA": 1}), *GEMM[1:]],
        PLAIN,
        "does not multiply images by weights",
    ),
    "weights times images": (
        [("MatMul", "W1 x", "h", ONE), *GEMM[1:]],
        PLAIN,
        "MatMul 'n0' is not understood",
    ),
    "softmax over the images": (
        [*GEMM[:2], ("Gemm", "r W2 b2", "l", ONE), ("Softmax", "l", "y", {"axis": 0})],
        PLAIN,
        "its axis is 0, not 1",
    ),
    "computed weights": (
        [("Add", "W1 W1", "V", ONE), ("Gemm", "x V b1", "h", ONE), *GEMM[1:]],
        PLAIN,
        "constants come from Constant, Identity, Transpose and Cast alone",
    ),
    "whole numbers": (GEMM, PLAIN | {"W1": np.zeros((36, 8), np.int64)}, "its weights have"),
    "NaN": (GEMM, PLAIN | {"b2": np.full(4, np.nan, F)}, "no finite numbers"),
    "the shape as a number": (
        after(
            ("Shape", "x", "s", ONE),
            ("Cast", "s", "t", {"to": 1}),
            ("Mul", "x t", "a", ONE),
            of="a",
        ),
        PLAIN,
        "Mul 'n2' is not understood",
    ),
    "a missing input": ([("MatMul", "x", "h", ONE), *GEMM[1:]], PLAIN, "MatMul"),
    "texts": (GEMM, PLAIN | {"t": np.array(["a"], dtype=object)}, "elements of type STRING"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_such_network(name: str, tmp_path: Path) -> None:
    nodes, constants, reason = REFUSED[name]
    path = write_onnx(tmp_path / "net.onnx", nodes, constants)
    with pytest.raises(DataError, match=reason) as caught:
        read_weights(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).isprintable()


def test_two_inputs(tmp_path: Path) -> None:
    import onnx

    path = write_onnx(tmp_path / "net.onnx", GEMM, PLAIN)
    model = onnx.load(path)
    model.graph.input.add().CopyFrom(model.graph.input[0])
    model.graph.input[1].name = "z"
    onnx.save(model, path)
    with pytest.raises(DataError, match="it has 2 inputs, not one"):
        read_weights(path)
