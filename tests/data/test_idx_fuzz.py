"""IDX files that are damaged in their structure: each is read, or refused in one line."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from support.fuzz import cases, try_cases

from digit_tui.data import DataError, load_dataset

FILES = {
    "train-images-idx3-ubyte": np.arange(96, dtype=np.uint8).reshape(6, 4, 4),
    "train-labels-idx1-ubyte": np.array([0, 1, 2, 0, 1, 2], np.uint8),
    "t10k-images-idx3-ubyte": np.arange(48, dtype=np.uint8).reshape(3, 4, 4),
    "t10k-labels-idx1-ubyte": np.array([2, 1, 0], np.uint8),
}
MAGIC = {3: 2051, 1: 2049}

words = st.one_of(
    st.integers(0, 8),
    st.sampled_from([255, 256, 4096, 4097, 2049, 2051, 2**16, 2**24, 2**31 - 1, 2**31, 2**32 - 1]),
    st.integers(0, 2**32 - 1),
)
damages = st.tuples(
    st.sampled_from(sorted(FILES)),
    st.dictionaries(st.integers(0, 3), words, max_size=2),  # of the header
    st.one_of(st.just(0), st.integers(-40, 40), st.just(1 << 20)),  # bytes more, or less
    st.one_of(st.none(), st.tuples(st.integers(0, 200), st.binary(min_size=1, max_size=4))),
    st.sampled_from(["plain", "gzip", "twice", "cut", "flipped", "bomb"]),
)


def damaged(name: str, header: dict[int, int], more: int, middle: Any, form: str) -> bytes:
    array = FILES[name]
    numbers = [MAGIC[array.ndim], *array.shape]
    numbers = [header.get(place, number) for place, number in enumerate(numbers)]
    content = np.array(numbers, ">u4").tobytes() + array.tobytes()
    content = content + bytes(more) if more > 0 else content[: len(content) + more]
    if middle is not None:
        place, other = middle
        content = content[:place] + other + content[place + len(other) :]
    if form == "plain":
        return content
    if form == "bomb":
        content += bytes(1 << 22)
    packed = gzip.compress(content, 1, mtime=0)
    if form == "twice":
        return packed * 2
    if form == "cut":
        return packed[: len(packed) * 2 // 3]
    if form == "flipped":
        return packed[:-9] + bytes([packed[-9] ^ 4]) + packed[-8:]
    return packed


@pytest.mark.parametrize("number", cases(60, 250, 18_000))
def test_damaged_files(number: int, tmp_path: Path) -> None:
    good = {name: damaged(name, {}, 0, None, "plain") for name in FILES}
    for name, content in good.items():
        (tmp_path / name).write_bytes(content)
    assert load_dataset(str(tmp_path), 4).classes == 3
    last = ["train-images-idx3-ubyte"]

    def make(case: Any) -> Callable[[], None]:
        (tmp_path / last[0]).write_bytes(good[last[0]])
        last[0] = case[0]
        (tmp_path / case[0]).write_bytes(damaged(*case))
        return partial(read, str(tmp_path))

    try_cases(number, damages, make)


def read(folder: str) -> None:
    try:
        load_dataset(folder, 4)
    except DataError as error:
        message = str(error)
    else:
        return
    assert folder in message
    assert "\n" not in message
