"""A worker as a process of its own: told what to do on standard input, telling on standard output.

It ends when its standard input does: then its parent has ended, or wants it to end.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from threading import Lock, Thread, Timer
from typing import Any

from digit_tui.session.exit_status import ExitStatus

SAVE_SECONDS = 30.0
"""A run is saved in less; a process whose parent has ended must not stay for longer."""


def run_worker_process() -> int:
    """Do what the first line of standard input says; returns the exit status."""
    task = json.loads(sys.stdin.readline())

    from digit_tui.session import signals
    from digit_tui.sweep.errors import StudyError
    from digit_tui.sweep.retrying import PATIENCE_SECONDS
    from digit_tui.sweep.storages import Place
    from digit_tui.sweep.study import Sweep
    from digit_tui.sweep.worker import Worker

    writing = Lock()

    def tell(event: dict[str, Any]) -> None:
        try:
            with writing:
                sys.stdout.write(json.dumps(event) + "\n")
                sys.stdout.flush()
        except (OSError, ValueError):  # nobody listens: the end of the input says so, too
            pass

    def trouble(message: str) -> None:
        tell({"event": "trouble", "message": message})

    place = Place(task["study"], task["url"], Path(task["folder"]))
    held: list[Worker] = []
    sweep: Sweep | None = None
    stopping = False

    def wait(seconds: float) -> bool:
        return held[0].wait(seconds) if held else _sleep(seconds) or stopping

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True
        if held:
            held[0].stop()

    def watch_input() -> None:
        while sys.stdin.readline():
            pass
        end = Timer(SAVE_SECONDS, os._exit, [ExitStatus.FAILURE])
        end.daemon = True
        end.start()
        stop()

    signals.install(stop)
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    Thread(target=watch_input, name="input", daemon=True).start()
    try:
        sweep = Sweep.open(place, wait=wait, complain=trouble, opening_seconds=PATIENCE_SECONDS)
        worker = Worker(
            sweep, tell, processes=task["processes"], patience_seconds=task["patience_seconds"]
        )
        held.append(worker)
        if stopping:
            worker.stop()
        worker.work()
    except StudyError as error:
        trouble(str(error))
        return ExitStatus.FAILURE
    finally:
        if sweep is not None:
            sweep.close()
    if worker.failed is not None:
        status, message = worker.failed
        trouble(message)
        return status
    return ExitStatus.DONE


def _sleep(seconds: float) -> bool:
    from time import sleep

    sleep(seconds)
    return False
