"""A network as a Python file that predicts with NumPy alone, and its weights beside it."""

from __future__ import annotations

import hashlib
import json
import re
from importlib.resources import files
from keyword import iskeyword
from pathlib import Path

from digit_tui.export.network_target import Part, write_parts
from digit_tui.export.npz_file import npz_part
from digit_tui.export.trained_network import PRODUCER, TrainedNetwork

_TEMPLATE = "python_template.py"
_TITLE = b'"""Reads handwritten digits, with NumPy alone.\n'


def export_python(trained: TrainedNetwork, path: Path, force: bool = False) -> list[Path]:
    """Write a Python file, and its weights beside it: NAME.py and NAME_weights.npz.

    The file has `predict`, `probabilities` and `logits`, and can be run with a file of images. It
    loads no other weights than those that were exported with it.

    Args:
        trained: the network.
        path: where the Python file is to be.
        force: whether to replace any files, unless they are a run's.

    Returns:
        Both files.

    Raises:
        OSError: if one cannot be written.
    """
    # Not NAME.npz: that is what an export of the arrays would be called, and would replace.
    weights = npz_part(trained, path.with_name(f"{path.stem}_weights.npz"))
    content = _program(trained, path, weights).encode()
    program = Part(path, content, lambda head: head.startswith(_TITLE))
    write_parts([weights, program], force)
    return [path, weights.path]


def _program(trained: TrainedNetwork, path: Path, weights: Part) -> str:
    accuracy = trained.accuracy
    measured = (
        ""
        if accuracy is None
        else f"\nIt reads {accuracy:.2%} of the {trained.accuracy_of} digits right."
    )
    module = path.stem
    words = {
        "ABOUT": _plain(
            f"The network {trained.layers} was trained with {PRODUCER} on {trained.data}: "
            f"run {trained.run}, step {trained.step}."
        )
        + measured,
        "WEIGHTS": _plain(weights.path.name),
        "IMPORT": f"from {module} import predict, probabilities"
        if module.isidentifier() and not iskeyword(module)
        else "from NAME import predict, probabilities    # if you name this file NAME.py",
        "CLASSES": str(trained.classes),
        "SIDE": str(trained.side),
        "PIXELS": str(trained.side**2),
        "FILE": _plain(path.name),
    }
    constants = {
        "WEIGHTS": json.dumps(weights.path.name),
        "WEIGHTS_SHA256": json.dumps(hashlib.sha256(weights.content).hexdigest()),
        "SIDE": repr(trained.side),
        "TEMPERATURE": repr(trained.temperature or 1.0),
    }
    text = files(__package__).joinpath(_TEMPLATE).read_text(encoding="utf-8")
    lines = text.split("\n")
    for name, value in constants.items():
        (place,) = [at for at, line in enumerate(lines) if line.startswith(f"{name} = ")]
        lines[place] = f"{name} = {value}"
    return re.sub("@([A-Z0-9]+)@", lambda found: words[found[1]], "\n".join(lines))


def _plain(text: str) -> str:
    """A text from outside, so that it cannot end the docstring that it is put into."""
    return re.sub(r"[^\w .,:;()%+=/-]", "?", text)
