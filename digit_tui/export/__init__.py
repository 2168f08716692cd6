"""What others get: lists of digits as records, text and pages; networks as files, which come back.

The formats of networks are `export_onnx`, `export_safetensors`, `export_npz` and `export_python`;
`export_committee` writes several as one;
`read_weights` reads what was trained elsewhere. They are imported when they are asked for: who
wants a list of digits needs none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from digit_tui.export.npz_file import export_npz
    from digit_tui.export.onnx_file import export_committee, export_onnx
    from digit_tui.export.python_file import export_python
    from digit_tui.export.safetensors_file import export_safetensors
    from digit_tui.export.weight_files import read_weights

__all__ = [
    "export_committee",
    "export_npz",
    "export_onnx",
    "export_python",
    "export_safetensors",
    "read_weights",
]

_MODULES = {
    "export_committee": "onnx_file",
    "export_npz": "npz_file",
    "export_onnx": "onnx_file",
    "export_python": "python_file",
    "export_safetensors": "safetensors_file",
    "read_weights": "weight_files",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
