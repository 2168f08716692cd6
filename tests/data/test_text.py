"""Reasons that the system gives, and counts, in words."""

from __future__ import annotations

import errno
import os

import pytest

from digit_tui.data import counted, in_nats, reason_of


def test_the_true_reason_of_a_refused_write() -> None:
    limit = OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    assert reason_of(limit) == "the limit for the size of a file is reached (see ulimit -f)"
    assert reason_of(OSError(errno.ENOSPC, "No space left on device")) == "No space left on device"
    assert reason_of(OSError()) == "OSError"


def test_one_thing_is_not_many() -> None:
    counts = [0, 1, 2, 1_234]
    assert [counted(count, "label") for count in counts] == [
        *("0 labels", "1 label", "2 labels", "1,234 labels")
    ]
    assert [counted(count, "batch", "batches") for count in counts[:3]] == [
        *("0 batches", "1 batch", "2 batches")
    ]


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (0.09514, "0.0951"),
        (2.3, "2.3000"),
        (9_999.0, "9999.0000"),
        (2.2e31, "2.2e+31"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
    ],
)
def test_a_loss(loss: float, words: str) -> None:
    assert in_nats(loss) == words
