"""A network as a .safetensors file, which PyTorch loads into an `nn.Sequential`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from digit_tui.export.network_target import Part, write_parts
from digit_tui.export.optional_package import need
from digit_tui.export.trained_network import PRODUCER, TrainedNetwork

_LENGTH = 8
"""Bytes before the header: how long it is."""


def export_safetensors(trained: TrainedNetwork, path: Path, force: bool = False) -> list[Path]:
    """Write the weights with PyTorch's names and layout.

    They are those of `torch.nn.Sequential(Linear, ReLU, Linear, ...)`: `0.weight` (outputs,
    inputs), `0.bias` (outputs,), `2.weight`, and so on. The facts are in the metadata.

    Args:
        trained: the network.
        path: where.
        force: whether to replace any file, unless it is a run's.

    Returns:
        The file.

    Raises:
        MissingPackage: if the package safetensors is not installed.
        OSError: if it cannot be written.
    """
    safetensors = need("safetensors.numpy", "a .safetensors file")
    tensors = {}
    for number, layer in enumerate(trained.network.layers):
        tensors[f"{2 * number}.weight"] = np.ascontiguousarray(layer.weights.T)
        tensors[f"{2 * number}.bias"] = np.ascontiguousarray(layer.biases)
    content = safetensors.save(tensors, metadata={"format": "pt", **trained.facts})
    write_parts([Part(path, content, _is_ours)], force)
    return [path]


def _is_ours(head: bytes) -> bool:
    """The order of the metadata is not fixed, and it is shorter than a head."""
    return head[_LENGTH:].startswith(b'{"__metadata__":{') and f'"{PRODUCER} '.encode() in head
