"""ONNX graphs of small networks, written node by node."""

from __future__ import annotations

from typing import Any

import numpy as np
from support.networks import IMAGES, SMALL

(W1, B1), (W2, B2) = SMALL
F = np.float32
ONE: dict[str, Any] = {}
UNIT = IMAGES.astype(F) / 255
TURNED = {"W1": W1.T, "b1": B1, "W2": W2.T, "b2": B2}
PLAIN = {"W1": W1, "b1": B1, "W2": W2, "b2": B2}

Node = tuple[str, str, str, dict[str, Any]]

GEMM: list[Node] = [
    ("Gemm", "x W1 b1", "h", ONE),
    ("Relu", "h", "r", ONE),
    ("Gemm", "r W2 b2", "y", ONE),
]


def after(*before: Node, of: str) -> list[Node]:
    """The layers after other nodes, the last of which puts `of` out."""
    return [*before, ("Gemm", f"{of} W1 b1", "h", ONE), *GEMM[1:]]


def number(value: float) -> Any:
    return np.array(value, F)
