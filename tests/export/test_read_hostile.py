"""Files that are damaged, or made to do harm: one line, and little memory."""

from __future__ import annotations

import contextlib
import io
import json
import os
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.networks import SMALL, write_onnx

from digit_tui.data import DataError
from digit_tui.export import read_weights, weight_files


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_weights(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert message.isprintable()
    return message.removeprefix(f"{path}: ")


def good(folder: Path, kind: str) -> bytes:
    (weights_1, biases_1), (weights_2, biases_2) = SMALL
    arrays = {"W1": weights_1, "b1": biases_1, "W2": weights_2, "b2": biases_2}
    path = folder / f"good.{kind}"
    if kind == "npz":
        np.savez(path, **arrays)  # type: ignore[arg-type]
    elif kind == "safetensors":
        from safetensors.numpy import save_file

        save_file(arrays, path)
    else:
        nodes: list[Any] = [
            ("Gemm", "x W1 b1", "h", {}),
            ("Relu", "h", "r", {}),
            ("Gemm", "r W2 b2", "y", {}),
        ]
        write_onnx(path, nodes, arrays)
    read_weights(path)
    return path.read_bytes()


@pytest.mark.parametrize("kind", ["npz", "safetensors", "onnx"])
def test_a_file_that_is_cut_off(kind: str, tmp_path: Path) -> None:
    content = good(tmp_path, kind)
    path = tmp_path / f"net.{kind}"
    for length in [0, 1, 7, 8, 30, *range(60, len(content) - 1, len(content) // 12)]:
        path.write_bytes(content[:length])
        assert refusal(path)


@pytest.mark.parametrize("kind", ["npz", "safetensors", "onnx"])
def test_flipped_bytes_never_raise_anything_else(kind: str, tmp_path: Path) -> None:
    content = good(tmp_path, kind)
    path = tmp_path / f"net.{kind}"
    generator = np.random.default_rng(1)
    for at in [*range(0, min(len(content), 300), 7), *generator.integers(0, len(content), 40)]:
        changed = bytearray(content)
        changed[at] ^= int(generator.integers(1, 256))
        path.write_bytes(changed)
        with contextlib.suppress(DataError):
            read_weights(path)


@pytest.mark.parametrize("kind", ["npz", "safetensors", "onnx"])
def test_a_file_of_something_else(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"net.{kind}"
    for content in (b"", b"hello", bytes(1000), os.urandom(1000), b"{}", b"\x80\x04."):
        path.write_bytes(content)
        assert refusal(path)


def npy(header: dict[str, Any], data: bytes = b"") -> bytes:
    words = repr(header).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(words)) + words + data


def archive(path: Path, members: dict[str, bytes], kind: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", kind) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def shape(*extents: int) -> dict[str, Any]:
    return {"descr": "<f4", "fortran_order": False, "shape": extents}


def pickled() -> bytes:
    file = io.BytesIO()
    np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return file.getvalue()


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (npy(shape(10**9, 10**9)), "its length is not that of its shape"),
        (npy(shape(3, 3), bytes(35)), "its length is not that of its shape"),
        (npy(shape(-1, 3), bytes(36)), "is no array|not that of its shape"),
        (npy(shape(10**4000)), "is no array|not that of its shape"),
        (npy({"descr": "<f4", "fortran_order": False, "shape": "(3,)"}), "is no array"),
        (npy({"descr": [("a", "<f4")], "fortran_order": False, "shape": (1,)}), "of type"),
        (npy({"descr": "<c8", "fortran_order": False, "shape": (1,)}, bytes(8)), "of type"),
        (b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 65535, "is no array"),
        (b"\x93NUMPY\x09\x00", "is no array"),
        (b"not an array", "is no array"),
    ],
)
def test_arrays_that_lie(member: bytes, reason: str, tmp_path: Path) -> None:
    import re

    path = archive(tmp_path / "net.npz", {"W.npy": member})
    assert re.search(reason, refusal(path))


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    path = archive(tmp_path / "net.npz", {"W.npy": pickled()})
    assert "pickled objects, which are never loaded" in refusal(path)


def test_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weight_files, "LARGEST", 1 << 20)
    zeros = npy(shape(500_000), bytes(2_000_000))
    path = archive(tmp_path / "net.npz", {"W.npy": zeros}, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 10_000
    tracemalloc.start()
    assert "unpacked it has more than 1,048,576 bytes" in refusal(path)
    assert tracemalloc.get_traced_memory()[1] < 500_000
    tracemalloc.stop()


def test_too_many_members(tmp_path: Path) -> None:
    path = archive(tmp_path / "net.npz", {f"{each}.npy": b"" for each in range(300)})
    assert "more than 256 members" in refusal(path)


def test_a_zip_of_other_things(tmp_path: Path) -> None:
    assert "is no array of an .npz" in refusal(archive(tmp_path / "net.npz", {"data.pkl": b"x"}))


@pytest.mark.parametrize(
    "header",
    [
        b"{}",
        b'{"a": {"dtype": "F32", "shape": [9999999999], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}',
        b'{"a": {"dtype": "F4096", "shape": [1], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F8_E4M3", "shape": [4], "data_offsets": [0, 4]}}',
        b"[" * 2000,
        json.dumps(
            {"\x1b]0;x\x07\u202e": {"dtype": "I8", "shape": [4], "data_offsets": [0, 4]}}
        ).encode(),
    ],
)
def test_headers_that_lie(header: bytes, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    assert refusal(path)


def test_a_huge_header(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    for length in (2**63, 2**40, 2 << 20, 100):
        path.write_bytes(struct.pack("<Q", length) + b"{}")
        assert "cut off" in refusal(path)


def test_what_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "net.npz"
    folder.mkdir()
    assert "no regular file" in refusal(folder)
    assert "there is no such file" in refusal(tmp_path / "none.npz")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.onnx")
        assert "no regular file" in refusal(tmp_path / "pipe.onnx")
    assert "must end in .onnx, .safetensors or .npz" in refusal(tmp_path / "net.pt")
    monkeypatch.setattr(weight_files, "LARGEST", 100)
    (tmp_path / "large.npz").write_bytes(bytes(101))
    assert "it has 101 bytes, more than 100" in refusal(tmp_path / "large.npz")


def external(folder: Path, location: str, **entries: str) -> Path:
    """A model whose weights are said to be in another file."""
    import onnx

    path = folder / "net.onnx"
    path.write_bytes(good(folder, "onnx"))
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        content = tensor.raw_data
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in {"location": location, "length": str(len(content)), **entries}.items():
            tensor.external_data.add(key=key, value=value)
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("location", ["../secret", "/etc/hostname", "", ".", "a/b"])
def test_weights_are_read_from_no_other_folder(location: str, tmp_path: Path) -> None:
    assert "not beside it" in refusal(external(tmp_path, location))


def test_weights_beside_a_model_that_cannot_be_read(tmp_path: Path) -> None:
    path = external(tmp_path, "net.data")
    assert "net.data, which has its weights, is missing" in refusal(path)
    (tmp_path / "real.data").write_bytes(bytes(10_000))
    (tmp_path / "net.data").symlink_to(tmp_path / "real.data")
    assert "is a symbolic link" in refusal(path)
    (tmp_path / "net.data").unlink()
    (tmp_path / "net.data").write_bytes(bytes(100))
    assert "is cut off" in refusal(path)
    for offset in ("-1", "x", "9" * 30):
        assert refusal(external(tmp_path, "net.data", offset=offset))
