"""The program with one part slowed down: `slow.py WHAT SECONDS MARK ...` is `digit-tui ...`.

Each time that the part begins, the file MARK grows by a byte.
"""

from __future__ import annotations

import ctypes
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from digit_tui.cli.main import main
from digit_tui.engine import worker_pool as pool
from digit_tui.storage import checkpoint_files, run_files
from digit_tui.training import run_request as request


def slowed(function: Callable[..., Any], when: Callable[..., bool]) -> Callable[..., Any]:
    def slow(*arguments: Any, **settings: Any) -> Any:
        if when(*arguments):
            with open(mark, "a") as file:
                file.write(".")
            time.sleep(seconds)
        return function(*arguments, **settings)

    return slow


def look_up(*_: Any, **__: Any) -> None:
    """As the system's own function, it cannot be interrupted.

    It waits in the C library; work in OpenSSL may hold up the end of the process for ever.
    """
    Path(mark).write_text(".")
    library = ctypes.CDLL(None)
    while True:
        library.sleep(1)


what, seconds, mark = sys.argv[1], float(sys.argv[2]), sys.argv[3]
sys.argv[1:4] = []
match what:
    case "loading":
        request.RunRequest.load_dataset = slowed(  # type: ignore[method-assign]
            request.RunRequest.load_dataset, lambda *_: True
        )
    case "saving":
        checkpoint_files.write_whole = slowed(
            checkpoint_files.write_whole, lambda path, *_: path.name == run_files.CHECKPOINT
        )
    case "evaluating":
        pool.WorkerPool.evaluate = slowed(  # type: ignore[method-assign]
            pool.WorkerPool.evaluate, lambda *_: True
        )
    case "resolving":
        socket.getaddrinfo = look_up  # type: ignore[assignment]
main()
