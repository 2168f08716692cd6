"""Networks as other programs have them: arrays by names, and ONNX graphs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from digit_tui.nn import Network, evaluate

Array = Any
Layers = list[tuple[Array, Array]]

IMAGES = np.random.default_rng(11).integers(0, 256, (50, 36), dtype=np.uint8)


def layers_of(*sizes: int, seed: int = 3) -> Layers:
    """Weights (inputs, outputs) and biases (outputs,), float32."""
    generator = np.random.default_rng(seed)
    return [
        (
            generator.normal(0, 0.4, (before, after)).astype(np.float32),
            generator.normal(0, 0.1, after).astype(np.float32),
        )
        for before, after in pairwise(sizes)
    ]


SMALL = layers_of(36, 8, 4)


def logits_of(layers: Layers, inputs: Array) -> Array:
    """In float64, from what the first layer takes."""
    values = np.asarray(inputs, np.float64)
    for number, (weights, biases) in enumerate(layers, 1):
        values = values @ np.asarray(weights, np.float64) + np.asarray(biases, np.float64)
        if number < len(layers):
            values = np.maximum(values, 0)
    return values


def probabilities_of(network: Network, images: Array = IMAGES) -> Array:
    """(n, classes) as the program computes them, from pixels of 0 to 255."""
    return evaluate(network, images, np.zeros(len(images), np.uint8)).probabilities


def softmax(logits: Array) -> Array:
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def same_layers(network: Network, layers: Layers) -> bool:
    """Whether a network has these weights, to the bit."""
    return len(network.layers) == len(layers) and all(
        np.array_equal(own.weights, weights) and np.array_equal(own.biases, biases)
        for own, (weights, biases) in zip(network.layers, layers, strict=True)
    )


def write_onnx(
    path: Path,
    nodes: Sequence[Any],
    constants: dict[str, Array],
    shape: Sequence[Any] = ("n", 36),
    kind: str = "FLOAT",
    output: str = "y",
) -> Path:
    """An ONNX model with the input `x`; nodes are (operator, inputs, output, attributes)."""
    import onnx
    from onnx import helper, numpy_helper

    graph = helper.make_graph(
        [
            helper.make_node(operator, inputs.split(), outputs.split(), name=f"n{at}", **attributes)
            for at, (operator, inputs, outputs, attributes) in enumerate(nodes)
        ],
        "graph",
        [helper.make_tensor_value_info("x", onnx.TensorProto.DataType.Value(kind), shape)],
        [helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(each), name) for name, each in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


def runtime_outputs(path: Path, inputs: Array) -> dict[str, Array]:
    """What ONNX Runtime computes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    names = [each.name for each in session.get_outputs()]
    return dict(zip(names, session.run(names, {entry.name: inputs}), strict=True))
