"""Reasons that the system gives, in words."""

from __future__ import annotations

import errno
import os

from digit_tui.data import reason_of


def test_the_true_reason_of_a_refused_write() -> None:
    limit = OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    assert reason_of(limit) == "the limit for the size of a file is reached (see ulimit -f)"
    assert reason_of(OSError(errno.ENOSPC, "No space left on device")) == "No space left on device"
    assert reason_of(OSError()) == "OSError"
