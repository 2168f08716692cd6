"""Weights of others in .safetensors and .npz files."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.networks import SMALL, Layers, layers_of, same_layers

from digit_tui.data import DataError
from digit_tui.export import read_weights
from digit_tui.export.layer_chain import find_layers

Arrays = dict[str, Any]


def torch_arrays(layers: Layers, *names: str) -> Arrays:
    """As PyTorch names them: weights (outputs, inputs)."""
    arrays = {}
    for name, (weights, biases) in zip(names, layers, strict=True):
        arrays[f"{name}.weight"] = np.ascontiguousarray(weights.T)
        arrays[f"{name}.bias"] = biases
    return arrays


def save(path: Path, arrays: Arrays, **metadata: str) -> Path:
    from safetensors.numpy import save_file

    save_file(arrays, path, metadata or None)
    return path


@pytest.mark.parametrize(
    ("sizes", "names"),
    [
        ((36, 8, 4), ("0", "2")),
        ((36, 8, 4), ("fc1", "fc2")),
        ((36, 8, 4), ("input", "classifier")),  # by shapes: the other way round by names
        ((36, 8, 7, 4), ("model.layers.2", "model.layers.9", "model.layers.10")),
        ((36, 8, 8, 8, 4), ("net.0", "net.2", "net.4", "net.10")),
        ((36, 36, 36, 4), ("_orig_mod.0", "_orig_mod.3", "_orig_mod.12")),
        ((36, 8, 8, 4), ("stem", "block1", "head")),
        ((784, 16, 10), ("linear2", "linear1")),  # numbers against the shapes
    ],
)
def test_layers_of_pytorch(sizes: tuple[int, ...], names: tuple[str, ...], tmp_path: Path) -> None:
    layers = layers_of(*sizes)
    read = read_weights(save(tmp_path / "net.safetensors", torch_arrays(layers, *names)))
    assert (read.network.sizes, read.side) == (sizes, int(sizes[0] ** 0.5))
    assert same_layers(read.network, layers)
    assert read.notes == (".safetensors files do not tell the activation: ReLU is taken",)


def named(layers: Layers, weights: str, biases: str, turned: bool = False) -> Arrays:
    arrays: Arrays = {}
    for number, (one, other) in enumerate(layers):
        arrays[weights.format(number)] = one.T if turned else one
        arrays[biases.format(number)] = other
    return arrays


@pytest.mark.parametrize(
    ("weights", "biases"),
    [
        ("coefs_{}", "intercepts_{}"),  # scikit-learn
        ("W{}", "b{}"),
        ("layer{}/kernel", "layer{}/bias"),  # Keras
        ("params.Dense_{}.kernel", "params.Dense_{}.bias"),  # Flax
        ("{}.weight", "{}.bias"),
    ],
)
@pytest.mark.parametrize("turned", [False, True], ids=["inputs first", "outputs first"])
@pytest.mark.parametrize("packed", [False, True], ids=["stored", "compressed"])
def test_layers_of_numpy(
    weights: str, biases: str, turned: bool, packed: bool, tmp_path: Path
) -> None:
    layers = layers_of(36, 8, 8, 4)
    arrays = named(layers, weights, biases, turned)  # turned: in Fortran's order
    write: Any = np.savez_compressed if packed else np.savez
    write(tmp_path / "net.npz", **arrays)
    assert same_layers(read_weights(tmp_path / "net.npz").network, layers)


def test_rows_of_biases(tmp_path: Path) -> None:
    arrays = named(SMALL, "W{}", "b{}")
    arrays |= {name: each[None] for name, each in arrays.items() if name.startswith("b")}
    np.savez(tmp_path / "net.npz", **arrays)
    assert same_layers(read_weights(tmp_path / "net.npz").network, SMALL)


def test_weights_of_flax_in_safetensors(tmp_path: Path) -> None:
    arrays = named(SMALL, "d{}.kernel", "d{}.bias")
    read = read_weights(save(tmp_path / "net.safetensors", arrays))
    assert same_layers(read.network, SMALL)


@pytest.mark.parametrize("kind", ["float64", "float16", ">f4"])
def test_other_types_are_made_float32(kind: str, tmp_path: Path) -> None:
    arrays = {name: each.astype(kind) for name, each in named(SMALL, "W{}", "b{}").items()}
    np.savez(tmp_path / "net.npz", **arrays)
    read = read_weights(tmp_path / "net.npz")
    expected = [(arrays[f"W{at}"], arrays[f"b{at}"]) for at in (0, 1)]
    as_float32 = [tuple(each.astype(np.float32) for each in layer) for layer in expected]
    assert same_layers(read.network, as_float32)  # type: ignore[arg-type]
    told = [note for note in read.notes if note.endswith("were made float32")]
    assert len(told) == (kind != ">f4")


def test_bfloat16(tmp_path: Path) -> None:
    import ml_dtypes

    arrays = torch_arrays(SMALL, "a1", "a2")
    half = {name: each.astype(ml_dtypes.bfloat16) for name, each in arrays.items()}
    header, data = {}, b""
    for name, each in half.items():
        start, data = len(data), data + each.tobytes()
        places = [start, len(data)]
        header[name] = {"dtype": "BF16", "shape": each.shape, "data_offsets": places}
    words = json.dumps(header).encode()
    content = struct.pack("<Q", len(words)) + words + data
    (tmp_path / "net.safetensors").write_bytes(content)
    read = read_weights(tmp_path / "net.safetensors")
    rounded = [
        tuple(each.astype(ml_dtypes.bfloat16).astype(np.float32) for each in layer)
        for layer in SMALL
    ]
    assert same_layers(read.network, rounded)  # type: ignore[arg-type]


def test_layers_without_biases(tmp_path: Path) -> None:
    arrays = torch_arrays(SMALL, "1", "2")
    del arrays["1.bias"]
    read = read_weights(save(tmp_path / "net.safetensors", arrays))
    assert not read.network.layers[0].biases.any()
    assert np.array_equal(read.network.layers[1].biases, SMALL[1][1])
    assert "without biases, which begin at 0: layer 1" in read.notes


REFUSED: dict[str, tuple[Arrays, str]] = {
    "a convolution": (
        torch_arrays(SMALL, "1", "2") | {"conv.weight": np.zeros((4, 1, 3, 3), np.float32)},
        r"'conv\.weight' has the shape \(4, 1, 3, 3\): only fully connected",
    ),
    "batch normalisation": (
        torch_arrays(SMALL, "1", "2") | {"bn.running_mean": np.zeros(8, np.float32)},
        r"'bn\.running_mean': no layer has such biases",
    ),
    "a counter": (
        torch_arrays(SMALL, "1", "2") | {"count": np.zeros((), np.float32)},
        r"'count' has the shape \(\)",
    ),
    "an unclear order": (
        torch_arrays(layers_of(36, 8, 8, 8, 4), "first", "one", "two", "last"),
        "the order of .*'one.weight'.* cannot be told from names and shapes",
    ),
    "layers that do not fit": (
        torch_arrays(SMALL, "1", "2") | {"3.weight": np.zeros((4, 5), np.float32)},
        r"do not follow each other from a square image on: '1\.weight' \(36, 8\)",
    ),
    "no square image": (torch_arrays(layers_of(35, 8, 4), "1", "2"), "from a square image on"),
    "no weights": ({"a": np.zeros(3, np.float32)}, "it has no weights"),
    "no hidden layer": (torch_arrays(layers_of(36, 4), "1"), "it has no hidden layer"),
    "whole numbers": (
        torch_arrays(SMALL, "1", "2") | {"1.weight": np.zeros((8, 36), np.int64)},
        r"'1\.weight' has elements of type",
    ),
    "NaN": (
        torch_arrays(SMALL, "1", "2") | {"2.bias": np.full(4, np.nan, np.float32)},
        "no finite numbers",
    ),
    "too large for float32": (
        torch_arrays(SMALL, "1", "2") | {"2.bias": np.full(4, 1e300)},
        "no finite numbers",
    ),
    "too many layers": (
        torch_arrays(layers_of(*[4] * 30, 4), *map(str, range(30))),
        "it has 30 layers, more than 21",
    ),
    "nothing": ({}, "it has no weights"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("kind", ["safetensors", "npz"])
def test_what_is_no_such_network(case: str, kind: str, tmp_path: Path) -> None:
    arrays, reason = REFUSED[case]
    path = tmp_path / f"net.{kind}"
    if kind == "npz":
        np.savez(path, **arrays)
    else:
        save(path, arrays)
    with pytest.raises(DataError, match=reason) as caught:
        read_weights(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_which_dimension_is_which_may_be_unclear(tmp_path: Path) -> None:
    arrays = {"a": np.eye(36, 16, dtype=np.float32), "b2": np.eye(16, 4, dtype=np.float32)}
    with pytest.raises(DataError, match=r"could be .inputs, outputs. as well as"):
        find_layers(arrays, inputs_first=None)


def test_orders_are_not_tried_for_ever() -> None:
    arrays = {"ab"[at % 2] * (at + 1): np.zeros((4, 4), np.float32) for at in range(20)}
    arrays["end"] = np.zeros((5, 3), np.float32)
    with pytest.raises(DataError, match="cannot be told"):
        find_layers(arrays, inputs_first=True)


def test_normalisation_becomes_part_of_the_first_layer(tmp_path: Path) -> None:
    from support.networks import IMAGES, logits_of, probabilities_of, softmax

    np.savez(tmp_path / "net.npz", **named(SMALL, "W{}", "b{}"))
    read = read_weights(tmp_path / "net.npz").normalised(0.1307, 0.3081)
    expected = softmax(logits_of(SMALL, (IMAGES / 255 - 0.1307) / 0.3081))
    assert np.abs(probabilities_of(read.network) - expected).max() < 1e-5
    assert "(pixel - 0.1307) / 0.3081" in read.notes[-1]
    weights, biases = (np.asarray(each, np.float64) for each in SMALL[0])
    assert np.array_equal(
        read.network.layers[0].weights, (weights * (1 / 0.3081)).astype(np.float32)
    )
    assert np.array_equal(
        read.network.layers[0].biases,
        (biases - 0.1307 / 0.3081 * weights.sum(axis=0)).astype(np.float32),
    )
