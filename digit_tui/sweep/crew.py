"""The workers of a sweep on this machine: processes that are started, listened to, and ended."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import monotonic
from typing import Any

from digit_tui.sweep.storages import Place

_START = """\
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from digit_tui.sweep.worker_process import run_worker_process
sys.exit(run_worker_process())
"""
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "BLIS_NUM_THREADS")
RESTARTS = 3
"""A worker is started again after it was killed, but so often only while no trial ends."""
KILL_SECONDS = 5.0

Event = dict[str, Any]


@dataclass(eq=False)
class _Process:
    popen: subprocess.Popen[str]
    last_words: list[str] = field(default_factory=list)
    """Of its standard error: a traceback."""
    asked_to_end: bool = False
    begun: float = field(default_factory=monotonic)


class Crew:
    """Worker processes beside each other.

    Attributes:
        statuses: exit statuses of workers that gave up, in order.
    """

    def __init__(self, place: Place, processes: int, patience_seconds: float) -> None:
        """Nobody works before `add`.

        Args:
            place: of the study.
            processes: that a run is trained with.
            patience_seconds: after which a silent worker is taken for lost.
        """
        self.statuses: list[int] = []
        self._task = {
            "study": place.study,
            "url": place.url,
            "folder": str(place.folder),
            "processes": processes,
            "patience_seconds": patience_seconds,
        }
        self._workers: list[_Process] = []
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._lock = Lock()  # the screen adds and removes from its own thread
        self._restarts = 0
        self._ending = False

    @property
    def size(self) -> int:
        """How many work, those that were asked to end left out."""
        with self._lock:
            return sum(not each.asked_to_end for each in self._workers)

    @property
    def pids(self) -> list[int]:
        """Of all that have not ended."""
        with self._lock:
            return [each.popen.pid for each in self._workers if each.popen.poll() is None]

    def add(self) -> None:
        """Start one more worker.

        Raises:
            OSError: if the system refuses.
        """
        if self._ending:
            return
        popen = subprocess.Popen(
            [sys.executable, "-P", "-c", _START, json.dumps(sys.path)],
            stdin=subprocess.PIPE,  # closes when this process ends, however it ends
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # the terminal's signals are for this process
            # No pool of threads for matrices beside each worker.
            env=os.environ | dict.fromkeys(_ONE_THREAD, "1"),
        )
        worker = _Process(popen)
        assert popen.stdin is not None
        with contextlib.suppress(OSError):  # it has ended already: its status says why
            # Not an argument, as a URL may have a password, and arguments are for all to see.
            popen.stdin.write(json.dumps(self._task) + "\n")
            popen.stdin.flush()
        with self._lock:
            self._workers.append(worker)
        Thread(target=self._listen, args=(worker,), daemon=True).start()
        Thread(target=self._note_errors, args=(worker,), daemon=True).start()

    def remove(self) -> None:
        """Have the newest worker save its run and end, unless it is the last."""
        with self._lock:
            left = [each for each in self._workers if not each.asked_to_end]
            if len(left) > 1:
                _ask_to_end(left[-1])

    def end(self) -> None:
        """Have all save their runs and end."""
        self._ending = True
        with self._lock:
            for worker in self._workers:
                _ask_to_end(worker)

    def kill(self) -> None:
        """End all at once: their trials go on from their checkpoints."""
        self.end()
        with self._lock:
            for worker in self._workers:
                worker.popen.kill()
            for worker in self._workers:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    worker.popen.wait(KILL_SECONDS)

    def next_event(self, seconds: float) -> Event | None:
        """What a worker told, or what became of one; None if nothing came in this time."""
        try:
            event = self._events.get(timeout=seconds)
        except Empty:
            return self._bury()
        if event["event"] == "trial_ended":
            self._restarts = 0
        return event

    @property
    def silent(self) -> bool:
        """Whether all have ended, and all that they told was read."""
        with self._lock:
            return not self._workers and self._events.empty()

    def _bury(self) -> Event | None:
        """What is to be said of a worker that has ended by itself, if one has."""
        with self._lock:
            worker = next((each for each in self._workers if each.popen.poll() is not None), None)
            if worker is None:
                return None
            self._workers.remove(worker)
        status = worker.popen.returncode
        _ask_to_end(worker)
        if status == 0 or (worker.asked_to_end and self._ending):
            return None
        if status > 0:
            self.statuses.append(status)
            if not worker.last_words:  # it has said itself what the matter is
                return None
            return {"event": "trouble", "message": f"a worker failed: {worker.last_words[-1]}"}
        how = f"was killed by signal {-status}"
        again = self._restarts < RESTARTS and not self._ending
        if again:
            self._restarts += 1
            self.add()
        else:
            self.statuses.append(1)
        words = "another one is started" if again else "no other one is started"
        return {"event": "trouble", "message": f"worker {worker.popen.pid} {how}; {words}"}

    def _listen(self, worker: _Process) -> None:
        assert worker.popen.stdout is not None
        with worker.popen.stdout as lines:
            for line in lines:
                with contextlib.suppress(ValueError):
                    event = json.loads(line)
                    if isinstance(event, dict) and "event" in event:
                        self._events.put(event)

    def _note_errors(self, worker: _Process) -> None:
        assert worker.popen.stderr is not None
        with worker.popen.stderr as lines:
            for line in lines:
                if line.strip():
                    worker.last_words = [*worker.last_words[-30:], line.rstrip()]


def _ask_to_end(worker: _Process) -> None:
    worker.asked_to_end = True
    if worker.popen.stdin is not None:
        with contextlib.suppress(OSError, ValueError):
            worker.popen.stdin.close()


def workers_for(processors: int, threads: int) -> int:
    """How many workers keep the processors busy, each with so many threads."""
    return max(processors // max(threads, 1), 1)
