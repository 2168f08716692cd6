"""Drawings as a file: there and back, and nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.teaching import drawings_of

from digit_tui.data import DataError
from digit_tui.data.drawings import HEAD, LARGEST, MOST_DRAWINGS, Drawings


@pytest.mark.parametrize("count", [5, 12, 300])
def test_there_and_back(count: int) -> None:
    drawings = drawings_of(count)
    content = drawings.to_bytes()
    back = Drawings.from_bytes(content)
    np.testing.assert_array_equal(back.images, drawings.images)
    np.testing.assert_array_equal(back.labels, drawings.labels)
    assert back.sha256 == drawings.sha256 == hashlib.sha256(content).hexdigest()
    assert len(content) <= LARGEST


@given(st.data())
def test_anything_else_is_refused(data: st.DataObject) -> None:
    content = drawings_of(5).to_bytes()
    kind = data.draw(st.sampled_from(["cut", "longer", "random", "number"]))
    if kind == "cut":
        wrong = content[: data.draw(st.integers(0, len(content) - 1))]
    elif kind == "longer":
        wrong = content + data.draw(st.binary(min_size=1, max_size=900))
    elif kind == "random":
        wrong = data.draw(st.binary(max_size=100))
    else:
        number = data.draw(st.integers(0, 2**32 - 1).filter(lambda each: each != 5))
        wrong = HEAD + number.to_bytes(4, "big") + content[len(HEAD) + 4 :]
    with pytest.raises(DataError):
        Drawings.from_bytes(wrong)


def test_what_cannot_be_taught(tmp_path: Path) -> None:
    images, labels = drawings_of(5).images, drawings_of(5).labels
    wrong = [
        (images[:4], labels[:4], "5 to 10,000 drawings can be taught, not 4"),
        (images[:0], labels[:0], "not 0"),
        (images[:4], labels, "5 labels"),
        (images[:, :27], labels, "the shape"),
        (images, labels + np.uint8(100), "above 46"),
        (
            np.zeros((MOST_DRAWINGS + 1, 28, 28), np.uint8),
            np.zeros(MOST_DRAWINGS + 1, np.uint8),
            "not 10,001",
        ),
    ]
    for first, second, reason in wrong:
        with pytest.raises(DataError, match=reason):
            Drawings(first, second)
