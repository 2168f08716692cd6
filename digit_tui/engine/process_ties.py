"""What a worker process asks of the system before anything else.

Imports nothing heavy: until it has asked, the process could outlive the one that started it.
"""

from __future__ import annotations

import ctypes
import os
import signal
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_FIRST_TO_GO = "1000"
"""The highest value of oom_score_adj, see proc_pid_oom_score_adj(5)."""


def tie_to_parent(parent: int) -> None:
    """End when the parent process ends, even while this one is stopped; see prctl(2), PDEATHSIG.

    Args:
        parent: its number. If it has ended by now, so does this process.
    """
    with suppress(OSError, AttributeError):  # a C library without prctl: the pipe must do
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def go_first_when_memory_is_short() -> None:
    """Have the system end this process rather than its parent: a worker can be replaced."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO)
