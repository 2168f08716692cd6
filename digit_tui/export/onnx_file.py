"""A network as an .onnx file, for ONNX Runtime and what else reads ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import digit_tui
from digit_tui.export.network_target import Part, write_parts
from digit_tui.export.optional_package import need
from digit_tui.export.trained_network import PRODUCER, TrainedNetwork

OPSET = 17
"""Version of the operators: of 2022, so that older runtimes know them too."""
IR_VERSION = 8
"""Version of the file format that came with it; the package would write its newest."""

PIXELS, LOGITS, PROBABILITIES = "pixels", "logits", "probabilities"
"""The input and the outputs."""

_HEAD = bytes([0x08, IR_VERSION, 0x12, len(PRODUCER)]) + PRODUCER.encode()
"""How such files begin: the fields ir_version and producer_name."""


def export_onnx(trained: TrainedNetwork, path: Path, force: bool = False) -> list[Path]:
    """Write a network as ONNX: Gemm and Relu nodes, and a softmax at the end.

    The input `pixels` is (batch, side²) float32, 0..1. The outputs are `logits` (batch, classes)
    and `probabilities` (batch, classes), which are those of the logits divided by the temperature
    if one was fitted.

    Args:
        trained: the network.
        path: where.
        force: whether to replace any file, unless it is a run's.

    Returns:
        The file.

    Raises:
        MissingPackage: if the package onnx is not installed.
        OSError: if it cannot be written.
    """
    content = _model(trained).SerializeToString(deterministic=True)
    write_parts([Part(path, content, lambda head: head.startswith(_HEAD))], force)
    return [path]


def _model(trained: TrainedNetwork) -> Any:
    onnx = need("onnx", "an .onnx file")
    need("onnx.numpy_helper", "an .onnx file")
    helper = onnx.helper
    weights: list[Any] = []
    nodes: list[Any] = []

    def constant(array: Any, name: str) -> str:
        weights.append(onnx.numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    layers = trained.network.layers
    value = PIXELS
    for number, layer in enumerate(layers, 1):
        last = number == len(layers)
        output = LOGITS if last else f"layer{number}"
        names = (
            constant(layer.weights, f"layer{number}.weights"),
            constant(layer.biases, f"layer{number}.biases"),
        )
        gemm = helper.make_node("Gemm", [value, *names], [output], name=f"gemm{number}")
        nodes.append(gemm)
        value = output
        if not last:
            value = f"relu{number}"
            nodes.append(helper.make_node("Relu", [output], [value], name=value))
    if trained.temperature is not None:
        divisor = constant(np.array(trained.temperature, np.float32), "temperature")
        nodes.append(helper.make_node("Div", [LOGITS, divisor], ["tempered"], name="temper"))
        value = "tempered"
    nodes.append(helper.make_node("Softmax", [value], [PROBABILITIES], name="softmax", axis=1))

    def described(name: str, width: int, words: str) -> Any:
        kind = onnx.TensorProto.FLOAT
        return helper.make_tensor_value_info(name, kind, ["batch", width], doc_string=words)

    side, classes = trained.side, trained.classes
    tempered = "" if trained.temperature is None else f" / {trained.temperature:.6g}"
    graph = helper.make_graph(
        nodes,
        PRODUCER,
        [described(PIXELS, side * side, f"images of {side} x {side}, row by row: 0..1, 1 is ink")],
        [
            described(LOGITS, classes, "before the softmax"),
            described(PROBABILITIES, classes, f"softmax(logits{tempered})"),
        ],
        weights,
    )
    model = helper.make_model(
        graph,
        producer_name=PRODUCER,
        producer_version=digit_tui.__version__,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    helper.set_model_props(model, trained.facts)
    return model
