"""digit-tui: train a handwritten-digit classifier in a terminal, or from Python.

What a program needs is here; `digit-tui manual python` shows how it is used. Each name is imported
when it is first asked for: `import digit_tui` alone loads nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from digit_tui.api.classifier import DigitClassifier as DigitClassifier
    from digit_tui.api.digits import digits_from_arrays, load_digits
    from digit_tui.api.errors import ConfigError, DataError, DivergedError, RefusedError, RunError
    from digit_tui.api.fork import Fork
    from digit_tui.api.history import History
    from digit_tui.api.mistakes import Mistake, Mistakes, mistakes
    from digit_tui.api.predicting import predict, predict_proba
    from digit_tui.api.run import Run
    from digit_tui.api.saved import SavedRun, open_run
    from digit_tui.data import Dataset
    from digit_tui.nn import Evaluation, Network

__version__ = "0.15.1"

_HOMES = {
    "ConfigError": "api.errors",
    "DataError": "api.errors",
    "Dataset": "data",
    "DigitClassifier": "api.classifier",
    "DivergedError": "api.errors",
    "Evaluation": "nn",
    "Fork": "api.fork",
    "History": "api.history",
    "Mistake": "api.mistakes",
    "Mistakes": "api.mistakes",
    "Network": "nn",
    "RefusedError": "api.errors",
    "Run": "api.run",
    "RunError": "api.errors",
    "SavedRun": "api.saved",
    "digits_from_arrays": "api.digits",
    "load_digits": "api.digits",
    "mistakes": "api.mistakes",
    "open_run": "api.saved",
    "predict": "api.predicting",
    "predict_proba": "api.predicting",
}
"""The module of each public name."""

__all__ = [  # without DigitClassifier: scikit-learn may not be there
    "ConfigError",
    "DataError",
    "Dataset",
    "DivergedError",
    "Evaluation",
    "Fork",
    "History",
    "Mistake",
    "Mistakes",
    "Network",
    "RefusedError",
    "Run",
    "RunError",
    "SavedRun",
    "__version__",
    "digits_from_arrays",
    "load_digits",
    "mistakes",
    "open_run",
    "predict",
    "predict_proba",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value  # the next time it is found at once
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
