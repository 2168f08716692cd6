"""Packages that only some formats need: imported when used, asked for where one is missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class MissingPackage(ImportError):
    """A package is not installed: the message is one line that says how to install it."""


def need(module: str, what: str) -> Any:
    """A module of a package of the extra `export`.

    Args:
        module: its name.
        what: needs it, such as "an .onnx file".

    Raises:
        MissingPackage: if it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        if error.name is not None and error.name.partition(".")[0] != package:
            package = f"{package}, and that {error.name}"
        raise MissingPackage(
            f"{what} needs the package {package}: pip install 'digit-tui[export]'"
        ) from None
