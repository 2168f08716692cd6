"""Following the nodes of an ONNX graph, as long as they are a fully connected network with ReLU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.config import MAX_LAYERS
from digit_tui.data import DataError, printable
from digit_tui.export.layer_chain import FoundLayer

Array = NDArray[Any]

KNOWN = (
    *("Gemm", "MatMul", "Add", "Relu", "Flatten", "Reshape", "Cast", "Identity", "Dropout"),
    *("Sub", "Mul", "Div", "Softmax", "LogSoftmax"),
)
"""The operators that may be in a network that is read."""

OF_SHAPES = ("Shape", "Gather", "Slice", "Squeeze", "Unsqueeze", "Concat", "Cast")
"""Operators by which the number of images finds its way into a Reshape."""


class Stage(Enum):
    """What the last node that was taken has put out."""

    INPUT = "the image"
    PRODUCT = "weights without biases"
    LINEAR = "a layer"
    ACTIVE = "ReLU"
    END = "the end"


class Walk:
    """The network up to the node that was taken last.

    Attributes:
        layers: from the image on.
        scale, shift: what is done to each pixel before the first layer: x * scale + shift.
        divides_by_255: whether that is part of it.
        notes: what was left out, a line each.
    """

    def __init__(self, start: str, constants: Mapping[str, Array]) -> None:
        """Begin.

        Args:
            start: the name of the input.
            constants: arrays by their names.
        """
        self.layers: list[FoundLayer] = []
        self.scale, self.shift = 1.0, 0.0
        self.divides_by_255 = False
        self.notes: list[str] = []
        self._stage = Stage.INPUT
        self._value = start
        self._constants = dict(constants)
        self._shapes: set[str] = set()

    def take(
        self,
        operator: str,
        name: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        attributes: Mapping[str, Any],
    ) -> None:
        """Take the next node.

        Raises:
            DataError: if it makes the graph something else.
        """
        self._node = f"{operator} {name[:80]!r}" if name else operator
        if not outputs:
            raise self._refusal("it puts out nothing")
        if not any(each and each not in self._constants for each in inputs):
            self._constants[outputs[0]] = self._constant(operator, inputs, attributes)
            return
        if self._is_of_shapes(operator, inputs):
            self._shapes.update(outputs)
            return
        if operator not in KNOWN:
            raise self._refusal(f"only {', '.join(KNOWN)} are read")
        if operator == "Reshape" and len(inputs) == 2 and inputs[1] in self._shapes:
            inputs = inputs[:1]
        if [each for each in inputs if each and each not in self._constants] != [self._value]:
            raise self._refusal(f"it does not follow {self._stage.value}: the graph is no chain")
        at = list(inputs).index(self._value)
        others = [self._constants[each] for each in inputs if each and each != self._value]
        if operator == "Gemm":
            self._gemm(at, others, attributes)
        elif operator == "MatMul":
            if at != 0 or len(others) != 1 or self._stage not in (Stage.INPUT, Stage.ACTIVE):
                raise self._refusal(f"it does not follow the image or ReLU, but {self._place}")
            self._add_layer(others[0], None)
            self._stage = Stage.PRODUCT
        elif operator == "Add" and self._stage is Stage.PRODUCT:
            product = self.layers.pop()
            self._add_layer(product.weights, others[0])
            self._stage = Stage.LINEAR
        elif operator in ("Add", "Sub", "Mul", "Div"):
            self._scalar(operator, at, others)
        elif operator == "Relu":
            self._only_after_a_layer()
            self._stage = Stage.ACTIVE
        elif operator in ("Softmax", "LogSoftmax"):
            if self._stage is not Stage.END:
                self._only_after_a_layer()
            if attributes.get("axis", -1) not in (1, -1):
                raise self._refusal(f"its axis is {attributes['axis']}, not 1")
            self._stage = Stage.END
        else:
            self._same(operator, at, others, attributes)
        self._value = outputs[0]

    def finish(self) -> None:
        """All nodes were taken.

        Raises:
            DataError: if it is no classifier yet.
        """
        if not self.layers:
            raise DataError("it has no fully connected layer")
        if self._stage is Stage.ACTIVE:
            raise DataError("it ends with ReLU: the last layer must put out logits")

    @property
    def _place(self) -> str:
        return self._stage.value

    def _is_of_shapes(self, operator: str, inputs: Sequence[str]) -> bool:
        """Whether a node reckons with numbers of images and of pixels alone."""
        if operator == "Shape":
            return list(inputs) == [self._value]
        known = [each in self._shapes for each in inputs if each and each not in self._constants]
        return operator in OF_SHAPES and all(known)

    def _refusal(self, reason: str) -> DataError:
        return DataError(printable(f"the node {self._node} is not understood: {reason}"))

    def _only_after_a_layer(self) -> None:
        if self._stage not in (Stage.LINEAR, Stage.PRODUCT):
            raise self._refusal(f"it does not follow a layer, but {self._place}")

    def _constant(
        self, operator: str, inputs: Sequence[str], attributes: Mapping[str, Any]
    ) -> Array:
        """What a node puts out that does not depend on the image."""
        arrays = [self._constants[each] for each in inputs if each]
        match operator, arrays:
            case "Constant", []:
                for name in ("value", "value_float", "value_int", "value_floats", "value_ints"):
                    if name in attributes:
                        return np.asarray(attributes[name])
            case "Identity", [array]:
                return array
            case "Transpose", [array] if array.ndim == 2:
                if list(attributes.get("perm", (1, 0))) == [1, 0]:
                    return array.T
            case "Cast", [array]:
                return array  # all become float32 in the end
        raise self._refusal("constants come from Constant, Identity, Transpose and Cast alone")

    def _gemm(self, at: int, others: Sequence[Array], attributes: Mapping[str, Any]) -> None:
        if at != 0 or attributes.get("transA", 0) or not others:
            raise self._refusal("it does not multiply images by weights")
        if self._stage not in (Stage.INPUT, Stage.ACTIVE):
            raise self._refusal(f"it does not follow the image or ReLU, but {self._place}")
        weights, *rest = others
        alpha, beta = (float(attributes.get(name, 1.0)) for name in ("alpha", "beta"))
        if attributes.get("transB", 0):
            weights = weights.T
        if alpha != 1:
            weights = weights.astype(np.float64) * alpha
        biases = rest[0] if rest else None
        if biases is not None and beta != 1:
            biases = biases.astype(np.float64) * beta
        self._add_layer(weights, biases)
        self._stage = Stage.LINEAR

    def _add_layer(self, weights: Array, biases: Array | None) -> None:
        if weights.ndim != 2 or weights.dtype.kind != "f":
            raise self._refusal(f"its weights have the shape {weights.shape}")
        width = weights.shape[1]
        if self.layers and len(weights) != self.layers[-1].weights.shape[1]:
            before = self.layers[-1].weights.shape[1]
            raise self._refusal(f"it takes {len(weights)} numbers, the layer before has {before}")
        if len(self.layers) > MAX_LAYERS:
            raise self._refusal(f"there are more than {MAX_LAYERS + 1} layers")
        if biases is not None:
            if biases.dtype.kind != "f" or biases.size not in (1, width):
                raise self._refusal(f"its biases have the shape {biases.shape}")
            biases = np.broadcast_to(biases.reshape(-1), (width,))
        self.layers.append(FoundLayer(weights, biases))

    def _scalar(self, operator: str, at: int, others: Sequence[Array]) -> None:
        """One number is added to all, or all are multiplied by it."""
        if not others or others[0].size != 1 or (operator == "Div" and at != 0):
            raise self._refusal("one number for all pixels is read, and no more")
        number = float(others[0].reshape(-1)[0])
        if not np.isfinite(number) or (operator == "Div" and number == 0):
            raise self._refusal(f"{number} is no number to reckon with")
        if self._stage is Stage.INPUT:
            self._on_pixels(operator, at, number)
        elif operator in ("Mul", "Div") and number > 0:
            self._only_after_a_layer()
            temperature = number if operator == "Div" else 1 / number
            self.notes.append(
                f"the temperature {temperature:.6g} that it divides logits by is left out: "
                "digit-tui calibrate fits one"
            )
            self._stage = Stage.END
        else:
            raise self._refusal(f"it follows {self._place}")

    def _on_pixels(self, operator: str, at: int, number: float) -> None:
        if operator == "Mul" and abs(number * 255 - 1) < 1e-6:
            operator, number = "Div", 255.0  # a float32 has no exact 1 / 255
        match operator:
            case "Add":
                self.shift += number
            case "Sub":
                sign = 1.0 if at == 0 else -1.0
                self.scale, self.shift = sign * self.scale, sign * (self.shift - number)
            case "Mul":
                self.scale, self.shift = self.scale * number, self.shift * number
            case "Div":
                self.divides_by_255 = self.divides_by_255 or number == 255
                self.scale, self.shift = self.scale / number, self.shift / number

    def _same(
        self, operator: str, at: int, others: Sequence[Array], attributes: Mapping[str, Any]
    ) -> None:
        """A node that leaves the numbers as they are."""
        if operator == "Flatten" and attributes.get("axis", 1) != 1:
            raise self._refusal(f"its axis is {attributes['axis']}, not 1")
        if operator == "Reshape" and (at != 0 or (others and others[0].size != 2)):
            raise self._refusal("it does not make rows of numbers")
        if operator == "Dropout" and len(others) > 1 and others[1].any():
            raise self._refusal("it drops numbers out also when nothing is trained")
        if operator == "Cast" and attributes.get("to") not in (1, 10, 11, 16):
            raise self._refusal("it does not make floating-point numbers")
