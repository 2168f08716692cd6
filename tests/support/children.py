"""Work in processes of their own, forked from this one."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable


def in_child(work: Callable[[], object]) -> int:
    """Start `work` in a process of its own; returns its id."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return child


def status_of(child: int) -> int:
    """The exit status of such a process, once it has ended."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
