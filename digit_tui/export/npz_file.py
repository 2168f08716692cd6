"""A network as an .npz file, which NumPy alone reads."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np

from digit_tui.export.network_target import Part, write_parts
from digit_tui.export.trained_network import TrainedNetwork

README, METADATA = "README", "metadata"
"""Names of the arrays that are texts; the others are numbers."""
TITLE = "A digit classifier trained with digit-tui"


def weights_name(layer: int) -> str:
    """Of a layer, counted from 1."""
    return f"weights_{layer}"


def biases_name(layer: int) -> str:
    """Of a layer, counted from 1."""
    return f"biases_{layer}"


def export_npz(trained: TrainedNetwork, path: Path, force: bool = False) -> list[Path]:
    """Write the weights as NumPy arrays, with a README how to use them.

    They are `weights_1` (inputs, outputs), `biases_1` (outputs,), `weights_2`, and so on;
    `temperature` () where one was fitted; and two texts: `README`, and the facts as JSON in
    `metadata`. All of them load without pickle.

    Args:
        trained: the network.
        path: where.
        force: whether to replace any file, unless it is a run's.

    Returns:
        The file.

    Raises:
        OSError: if it cannot be written.
    """
    write_parts([npz_part(trained, path)], force)
    return [path]


def npz_part(trained: TrainedNetwork, path: Path) -> Part:
    """The file, to be written; see `export_npz`."""
    arrays = {README: np.array(readme(trained, path.name))}
    for number, layer in enumerate(trained.network.layers, 1):
        arrays[weights_name(number)] = np.ascontiguousarray(layer.weights)
        arrays[biases_name(number)] = np.ascontiguousarray(layer.biases)
    if trained.temperature is not None:
        arrays["temperature"] = np.array(trained.temperature)
    arrays[METADATA] = np.array(json.dumps(trained.facts))
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]  # mypy takes the arrays for options
    return Part(path, file.getvalue(), _is_ours)


def _is_ours(head: bytes) -> bool:
    return TITLE.encode("utf-32-le") in head


def readme(trained: TrainedNetwork, name: str) -> str:
    """How to use the file, in about twenty lines."""
    side, count = trained.side, len(trained.network.layers)
    shapes = [
        f"    {weights_name(number):<10} {layer.weights.shape!s:<12} "
        f"{biases_name(number)} {layer.biases.shape}"
        for number, layer in enumerate(trained.network.layers, 1)
    ]
    tempered = "" if trained.temperature is None else ' / net["temperature"]'
    measured = (
        ""
        if trained.accuracy is None
        else f", right on {trained.accuracy:.2%} of the {trained.accuracy_of} digits"
    )
    return "\n".join(
        [
            f"{TITLE}: {trained.layers}, ReLU between the layers{measured}.",
            "",
            "Its arrays are float32; weights are (inputs, outputs):",
            "",
            *shapes,
            "",
            f"images: (n, {side}, {side}) or (n, {side * side}) uint8, 0 background to 255 ink.",
            "",
            "    import json",
            "    import numpy as np",
            f"    net = np.load({name!r})",
            f'    x = images.reshape(-1, {side * side}).astype("float32") / 255',
            f"    for layer in range(1, {count + 1}):",
            '        x = x @ net[f"weights_{layer}"] + net[f"biases_{layer}"]',
            f"        if layer < {count}:",
            f"            x = np.maximum(x, 0)  # in the end x is logits (n, {trained.classes})",
            *([f"    x = x{tempered}  # of the logits"] if tempered else []),
            "    p = np.exp(x - x.max(axis=1, keepdims=True))",
            f"    p = p / p.sum(axis=1, keepdims=True)  # probabilities (n, {trained.classes})",
            "    digits = p.argmax(axis=1)",
            '    about = json.loads(str(net["metadata"]))  # run, settings, accuracy, SHA-256',
            "",
        ]
    )
