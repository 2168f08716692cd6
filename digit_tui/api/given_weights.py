"""Weights that a program gives a run to begin with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isqrt
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from digit_tui.api.errors import ConfigError
from digit_tui.api.options import RunOptions
from digit_tui.data import DataError, Dataset, counted
from digit_tui.export.weight_files import network_of, read_weights
from digit_tui.nn import Network

GivenWeights = str | PathLike[str] | Sequence[tuple[NDArray[Any], NDArray[Any] | None]]
"""A file, or of each layer the weights (inputs, outputs) and the biases (outputs,)."""


def given_network(weights: GivenWeights, options: RunOptions) -> Network:
    """The network of given weights; the options of its run get its hidden layers and its side.

    Raises:
        ConfigError: if the options ask for other layers, or another side.
        DataError: if the weights are none of such a network.
        ImportError: if a package is missing that reads the file.
    """
    if isinstance(weights, (str, PathLike)):
        network = read_weights(Path(fspath(weights)).expanduser()).network
    else:
        _check_form(weights)
        network = network_of(weights)
    if "hidden" in options:
        raise ConfigError("hidden", "hidden: the layers are those of the weights: leave it out")
    side = isqrt(network.sizes[0])
    if options.setdefault("side", side) != side:
        raise ConfigError("side", f"side: the weights read images of side {side}: leave it out")
    options["hidden"] = network.sizes[1:-1]
    return network


def _check_form(weights: object) -> None:
    """Check that weights are pairs of arrays: what else is a sequence would be taken apart."""
    if isinstance(weights, Mapping):
        raise DataError(
            "weights: a dict of arrays does not tell in which order its layers are: write a "
            "state_dict with safetensors.torch.save_file(state_dict, 'weights.safetensors'), and "
            "give the file's name"
        )
    wanted = "give a file's name, or a list with (weights, biases) of each layer"
    if isinstance(weights, Network):
        raise DataError("weights: a Network is no list of layers: give its layers, network.layers")
    if not isinstance(weights, (list, tuple)):
        raise DataError(f"weights: {type(weights).__name__} is no list of layers: {wanted}")
    for number, layer in enumerate(weights, 1):
        if not isinstance(layer, (list, tuple)) or len(layer) != 2:
            raise DataError(
                f"weights: layer {number} is no pair of arrays: {wanted}: weights "
                "(inputs, outputs), and biases (outputs,) or None"
            )


def source_of(weights: GivenWeights | None) -> str:
    """Where they come from, as a saved run tells."""
    return Path(fspath(weights)).name if isinstance(weights, (str, PathLike)) else "arrays"


def check_classes(network: Network, dataset: Dataset) -> None:
    """Check that a network tells the classes of a dataset apart.

    Raises:
        DataError: if it has more or fewer.
    """
    if network.sizes[-1] != dataset.classes:
        own = counted(network.sizes[-1], "class", "classes")
        raise DataError(f"the weights tell {own} apart, and {dataset.name} has {dataset.classes}")
