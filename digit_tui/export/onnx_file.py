"""A network as an .onnx file, for ONNX Runtime and what else reads ONNX."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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
    tempered = "" if trained.temperature is None else f" / {trained.temperature:.6g}"
    graph = _Graph()
    graph.add_network(trained, LOGITS, PROBABILITIES)
    outputs = {LOGITS: "before the softmax", PROBABILITIES: f"softmax(logits{tempered})"}
    return _write(graph.model(trained, outputs, trained.facts), path, force)


def export_committee(
    members: Sequence[TrainedNetwork], path: Path, force: bool = False
) -> list[Path]:
    """Write networks that predict together as ONNX: their probabilities, and the mean of them.

    The input is that of `export_onnx`. The output is `probabilities` (batch, classes), the mean of
    those of the members, each at its own temperature; see `insight.committee`.

    Args:
        members: two or more, of images of the same side and of the same classes.
        path: where.
        force: whether to replace any file, unless it is a run's.

    Returns:
        The file.

    Raises:
        MissingPackage: if the package onnx is not installed.
        OSError: if it cannot be written.
    """
    graph = _Graph()
    names = [f"member{number}." for number in range(1, len(members) + 1)]
    for each, name in zip(members, names, strict=True):
        graph.add_network(each, f"{name}{LOGITS}", f"{name}{PROBABILITIES}", name)
    graph.add_node("Mean", [f"{name}{PROBABILITIES}" for name in names], PROBABILITIES, "mean")
    known = ("producer", "input", "side", "classes")
    facts = {name: value for name, value in members[0].facts.items() if name in known}
    facts["members"] = json.dumps([each.facts for each in members])
    words = f"mean of the softmax of {len(members)} networks"
    return _write(graph.model(members[0], {PROBABILITIES: words}, facts), path, force)


def _write(model: Any, path: Path, force: bool) -> list[Path]:
    content = model.SerializeToString(deterministic=True)
    write_parts([Part(path, content, lambda head: head.startswith(_HEAD))], force)
    return [path]


class _Graph:
    """Nodes and weights of a file that is being made."""

    def __init__(self) -> None:
        self._onnx = need("onnx", "an .onnx file")
        need("onnx.numpy_helper", "an .onnx file")
        self._nodes: list[Any] = []
        self._weights: list[Any] = []

    def add_node(self, kind: str, inputs: Sequence[str], output: str, name: str, **how: Any) -> str:
        """Add an operator; returns the name of its output."""
        node = self._onnx.helper.make_node(kind, inputs, [output], name=name, **how)
        self._nodes.append(node)
        return output

    def _constant(self, array: Any, name: str) -> str:
        contiguous = np.ascontiguousarray(array)
        self._weights.append(self._onnx.numpy_helper.from_array(contiguous, name))
        return name

    def add_network(
        self, trained: TrainedNetwork, logits: str, probabilities: str, prefix: str = ""
    ) -> None:
        """Add all nodes of a network.

        Args:
            trained: the network.
            logits: name of this output.
            probabilities: likewise, after the temperature.
            prefix: of all other names.
        """
        layers = trained.network.layers
        value = PIXELS
        for number, layer in enumerate(layers, 1):
            last = number == len(layers)
            name = f"{prefix}layer{number}"
            inputs = [
                value,
                self._constant(layer.weights, f"{name}.weights"),
                self._constant(layer.biases, f"{name}.biases"),
            ]
            value = self.add_node("Gemm", inputs, logits if last else name, f"{prefix}gemm{number}")
            if not last:
                relu = f"{prefix}relu{number}"
                value = self.add_node("Relu", [value], relu, relu)
        if trained.temperature is not None:
            temperature = np.array(trained.temperature, np.float32)
            divisor = self._constant(temperature, f"{prefix}temperature")
            value = self.add_node("Div", [logits, divisor], f"{prefix}tempered", f"{prefix}temper")
        self.add_node("Softmax", [value], probabilities, f"{prefix}softmax", axis=1)

    def model(
        self, trained: TrainedNetwork, outputs: Mapping[str, str], facts: dict[str, str]
    ) -> Any:
        """The whole of it.

        Args:
            trained: a network of the images and classes.
            outputs: their names, and what they are.
            facts: for its metadata.
        """
        helper, kind = self._onnx.helper, self._onnx.TensorProto.FLOAT

        def described(name: str, width: int, words: str) -> Any:
            return helper.make_tensor_value_info(name, kind, ["batch", width], doc_string=words)

        side = trained.side
        pixels = f"images of {side} x {side}, row by row: 0..1, 1 is ink"
        graph = helper.make_graph(
            self._nodes,
            PRODUCER,
            [described(PIXELS, side * side, pixels)],
            [described(name, trained.classes, words) for name, words in outputs.items()],
            self._weights,
        )
        model = helper.make_model(
            graph,
            producer_name=PRODUCER,
            producer_version=digit_tui.__version__,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
        )
        helper.set_model_props(model, facts)
        return model
