"""Finding the layers of a fully connected network among named arrays."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import isqrt
from typing import Any, NamedTuple

from numpy.typing import NDArray

from digit_tui.config import MAX_LAYERS, MAX_SIDE
from digit_tui.data import DataError, printable

Array = NDArray[Any]

MOST_TRIED = 5_000
"""Orders of layers that are tried: names and shapes leave few, unless somebody wants it."""
SHOWN = 6
"""Names in a message."""

_ROLE = re.compile(
    r"(?<![a-z])(weights?|kernel|w|coefs?|bias(?:es)?|b|intercepts?)(?![a-z])", re.IGNORECASE
)
"""The part of a name that tells weights from biases."""
_BIAS = re.compile(r"(?<![a-z])(bias(?:es)?|b|intercepts?)(?![a-z])", re.IGNORECASE)


class FoundLayer(NamedTuple):
    """A layer as a file has it."""

    weights: Array
    """(inputs, outputs), of any type of floating-point numbers."""
    biases: Array | None
    """(outputs,), or None if it has none."""


class _Unclear(Exception):
    """Several orders of the layers are possible."""


def find_layers(arrays: Mapping[str, Array], inputs_first: bool | None) -> list[FoundLayer]:
    """The layers, from the image on.

    Weights are chained by their shapes. Those whose names differ in numbers alone are in the order
    of these numbers. An array that belongs to no such network is refused.

    Args:
        arrays: by their names.
        inputs_first: whether weights are (inputs, outputs), as `x @ weights` has it, or (outputs,
            inputs), as PyTorch has it; None finds out, and refuses if both are possible.

    Raises:
        DataError: if they form no network, or more than one.
    """
    weights: dict[str, Array] = {}
    biases: dict[str, Array] = {}
    for name, array in arrays.items():
        if array.ndim == 2 and not (array.shape[0] == 1 and _BIAS.search(name)):
            weights[name] = array
        elif array.ndim in (1, 2) and array.size:
            biases[name] = array.reshape(-1)
        else:
            raise DataError(
                f"{_named(name)} has the shape {array.shape}: only fully connected layers are "
                "known here, with weights of two dimensions and biases of one"
            )
    if len(weights) > MAX_LAYERS + 1:
        raise DataError(f"it has {len(weights)} layers, more than {MAX_LAYERS + 1}")
    ways = [inputs_first] if inputs_first is not None else [False, True]
    found: list[list[FoundLayer]] = []
    problems: list[str] = []
    for way in ways:
        turned = {name: each if way else each.T for name, each in weights.items()}
        try:
            found.append(_with_biases(_order(turned), turned, biases))
        except DataError as error:
            problems.append(str(error))
    if len(found) > 1:
        raise DataError(
            f"{_named(*weights)} could be (inputs, outputs) as well as (outputs, inputs): save "
            "them as .safetensors, which is (outputs, inputs)"
        )
    if not found:
        raise DataError(problems[0])
    return found[0]


def _order(weights: Mapping[str, Array]) -> list[str]:
    """The names of (inputs, outputs) matrices, from the image on."""
    if not weights:
        raise DataError("it has no weights: no array of two dimensions")
    names = sorted(weights, key=_natural)
    try:
        # Numbers need not follow the order of layers, but only shapes could say so.
        chains = _chains(names, weights, numbered=True) or _chains(names, weights, numbered=False)
    except _Unclear:
        raise DataError(
            f"the order of {_named(*names)} cannot be told from names and shapes: number them"
        ) from None
    if not chains:
        shapes = ", ".join(f"{_named(name)} {weights[name].shape}" for name in names[:SHOWN])
        more = ", ..." if len(names) > SHOWN else ""
        raise DataError(
            f"its weights do not follow each other from a square image on: {shapes}{more}"
        )
    return chains[0]


def _natural(name: str) -> list[tuple[int, int, str]]:
    """What names are sorted by: numbers in them by their values."""
    parts = re.findall(r"\d+|\D+", name)
    return [(0, int(part[:18]), "") if part.isdecimal() else (1, 0, part) for part in parts]


def _chains(names: Sequence[str], weights: Mapping[str, Array], numbered: bool) -> list[list[str]]:
    """The orders in which each matrix takes what the one before puts out: one, or none.

    Args:
        names: in natural order.
        weights: by these.
        numbered: whether those whose names differ in numbers alone must be in this order.

    Raises:
        _Unclear: if there are more than one.
    """
    found: list[list[str]] = []
    tried = 0

    def extend(chain: list[str], left: list[str]) -> None:
        nonlocal tried
        tried += 1
        if tried > MOST_TRIED:
            raise _Unclear
        if not left:
            found.append(chain)
            if len(found) > 1:
                raise _Unclear
            return
        kinds = set()
        for name in left:
            kind = re.sub(r"\d+", "#", name) if numbered else name
            if kind not in kinds:
                kinds.add(kind)
                fan_in = weights[name].shape[0]
                if _is_image(fan_in) if not chain else fan_in == weights[chain[-1]].shape[1]:
                    extend([*chain, name], [each for each in left if each != name])

    extend([], list(names))
    return found


def _is_image(pixels: int) -> bool:
    side = isqrt(pixels)
    return side * side == pixels and 2 <= side <= MAX_SIDE


def _with_biases(
    order: Sequence[str], weights: Mapping[str, Array], biases: Mapping[str, Array]
) -> list[FoundLayer]:
    """Give each matrix its biases: by its name, or else by their length."""
    left = dict(biases)
    of_weights: dict[str, Array] = {}
    for name in order:
        stem = _ROLE.sub("*", name).lower()
        fitting = [each for each in left if _ROLE.sub("*", each).lower() == stem]
        if len(fitting) == 1 and len(left[fitting[0]]) == weights[name].shape[1]:
            of_weights[name] = left.pop(fitting[0])
    for name in order:
        if name not in of_weights and left:
            width = weights[name].shape[1]
            fitting = [each for each in left if len(left[each]) == width]
            rivals = [
                each for each in order if each not in of_weights and weights[each].shape[1] == width
            ]
            if len(fitting) == len(rivals) == 1:
                of_weights[name] = left.pop(fitting[0])
    if left:
        raise DataError(
            f"{_named(*left)}: no layer has such biases; only fully connected layers are known here"
        )
    return [FoundLayer(weights[name], of_weights.get(name)) for name in order]


def _named(*names: str) -> str:
    shown = [printable(repr(name[:80])) for name in names[:SHOWN]]
    return ", ".join(shown) + (", ..." if len(names) > SHOWN else "")
