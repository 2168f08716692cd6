"""Reading the weights in an .onnx file: a chain of layers with ReLU between them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.data import DataError, printable
from digit_tui.export.layer_chain import FoundLayer
from digit_tui.export.onnx_walk import Walk
from digit_tui.export.optional_package import need
from digit_tui.storage.errors import RunError
from digit_tui.storage.own_files import open_own

Array = NDArray[Any]

MOST_NODES = 1_000
FLOATS = ("FLOAT", "FLOAT16", "DOUBLE", "BFLOAT16")
"""Types of elements of weights."""


class FoundGraph:
    """What is in an .onnx file.

    Attributes:
        layers: from the image on.
        scale, shift: what is done to a pixel x from 0 to 1 before: x * scale + shift.
        notes: what was left out, a line each.
    """

    def __init__(self, walk: Walk, pixel_range: float) -> None:
        self.layers: list[FoundLayer] = walk.layers
        self.scale, self.shift = walk.scale * pixel_range, walk.shift
        self.notes: list[str] = walk.notes


def read_onnx(content: bytes, folder: Path, most: int) -> FoundGraph:
    """The layers in an .onnx file.

    Args:
        content: of the file.
        folder: where it lies, and a file with its weights may.
        most: bytes that its weights may have together.

    Raises:
        DataError: if it is none, or is no fully connected network with ReLU.
        MissingPackage: if the package onnx is not installed.
    """
    onnx = need("onnx", "an .onnx file")
    need("onnx.numpy_helper", "an .onnx file")
    try:
        model = onnx.load_model_from_string(content)
    except Exception:  # of protobuf, which changes their names
        raise DataError("it is no .onnx file, or is damaged") from None
    graph = model.graph
    if not graph.node:
        raise DataError("it is no .onnx file, or has no network")
    if len(graph.node) > MOST_NODES:
        raise DataError(f"it has {len(graph.node):,} nodes, more than {MOST_NODES:,}")
    tensors = _Tensors(onnx, folder, most)
    constants = {tensor.name: tensors.array(tensor) for tensor in graph.initializer}
    inputs = [each for each in graph.input if each.name not in constants]
    if len(inputs) != 1:
        raise DataError(f"it has {len(inputs)} inputs, not one")
    kind = onnx.TensorProto.DataType.Name(inputs[0].type.tensor_type.elem_type)
    walk = Walk(inputs[0].name, constants)
    for node in graph.node:
        attributes = dict(_attributes(onnx, node, tensors))
        ports = list(node.input), list(node.output)
        try:
            walk.take(str(node.op_type), str(node.name), *ports, attributes)
        except (IndexError, TypeError, ValueError):
            kind = printable(repr(str(node.op_type)[:80]))
            raise DataError(f"a node {kind} lacks an input, or has a strange one") from None
    walk.finish()
    # Who divides by 255, or takes bytes, takes pixels from 0 to 255.
    return FoundGraph(walk, 255.0 if kind == "UINT8" or walk.divides_by_255 else 1.0)


def _attributes(onnx: Any, node: Any, tensors: _Tensors) -> Iterator[tuple[str, Any]]:
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.TENSOR:
            yield attribute.name, tensors.array(attribute.t)
        elif attribute.type in (
            *(onnx.AttributeProto.INT, onnx.AttributeProto.INTS),
            *(onnx.AttributeProto.FLOAT, onnx.AttributeProto.FLOATS),
        ):
            yield attribute.name, onnx.helper.get_attribute_value(attribute)


class _Tensors:
    """Makes arrays of a model's tensors, in this file or in another one beside it."""

    def __init__(self, onnx: Any, folder: Path, most: int) -> None:
        self._onnx = onnx
        self._folder = folder
        self._left = most

    def array(self, tensor: Any) -> Array:
        """An array: floating-point numbers, or whole ones where shapes are meant.

        Raises:
            DataError: if it is of another type, is damaged, or cannot be read.
        """
        onnx, name = self._onnx, printable(repr(str(tensor.name)[:80]))
        try:
            kind = onnx.TensorProto.DataType.Name(tensor.data_type)
        except ValueError:
            kind = "unknown"
        if kind not in (*FLOATS, "INT64", "INT32", "UINT8", "BOOL"):
            raise DataError(f"{name} has elements of type {kind}, not floating-point numbers")
        size = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
        for extent in tensor.dims:
            size *= max(int(extent), 0)
        if (size := int(size)) > self._left:
            raise DataError(f"{name} has {size:,} bytes: its weights are too many")
        self._left -= size
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            tensor.raw_data = self._beside(tensor, size)
            tensor.data_location = onnx.TensorProto.DEFAULT
        try:
            array: Array = onnx.numpy_helper.to_array(tensor)
        except Exception:  # of NumPy, protobuf and the package, by what is wrong
            raise DataError(f"{name} is damaged: its length is not that of its shape") from None
        return array.astype(np.float32) if kind == "BFLOAT16" else array

    def _beside(self, tensor: Any, size: int) -> bytes:
        """The bytes of a tensor that are in another file, which must lie in the same folder."""
        about = {each.key: each.value for each in tensor.external_data}
        name = about.get("location", "")
        if not name or name != os.path.basename(name) or name in (".", ".."):
            raise DataError(f"its weights are in {printable(repr(name[:80]))}, not beside it")
        path = self._folder / name
        try:
            offset = int(about.get("offset", "0"))
            with os.fdopen(open_own(path, os.O_RDONLY), "rb") as file:
                file.seek(offset)
                content = file.read(size)
        except FileNotFoundError:
            raise DataError(f"{path}, which has its weights, is missing") from None
        except (OSError, ValueError, OverflowError, RunError) as error:
            raise DataError(f"{path}, which has its weights, cannot be read: {error}") from None
        if len(content) != size:
            raise DataError(f"{path}, which has its weights, is cut off")
        return content
