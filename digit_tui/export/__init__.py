"""What others get: lists of digits as records, text and pages; networks as files, which come back.

The formats of networks: `export_onnx`, `export_safetensors`, `export_npz`, `export_python`, each in
a module of its own, and `read_weights` for what was trained elsewhere.
"""

from digit_tui.export.npz_file import export_npz
from digit_tui.export.onnx_file import export_onnx
from digit_tui.export.python_file import export_python
from digit_tui.export.safetensors_file import export_safetensors
from digit_tui.export.weight_files import read_weights

__all__ = [
    "export_npz",
    "export_onnx",
    "export_python",
    "export_safetensors",
    "read_weights",
]
