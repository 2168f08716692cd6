"""The worker processes of a pool: started together, watched, and ended together."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from digit_tui.engine.shared_memory import memory_file

# They need anonymous memory files, and processors on which writes become visible in their order.
WORKER_PROCESSES = (
    sys.platform == "linux"
    and platform.machine() in ("x86_64", "AMD64")
    and hasattr(os, "memfd_create")  # some builds of Python lack it
)
"""Whether --threads makes worker processes here; elsewhere it sets the threads of the BLAS."""

REMEDY = "--threads 1 needs no worker processes"

ANSWER_SECONDS = 10.0
"""A process that the others wait for, and that uses no processor for so long, is taken for lost."""
HURRIED_SECONDS = 0.5
"""The same, while a command waits, for example to leave."""
LOOK_SECONDS = 0.1
"""How often to look whether it uses the processor."""
END_SECONDS = 1.0
"""How long to wait for the end of a process that was killed."""

_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "BLIS_NUM_THREADS")

_START = """\
import json, sys
task = json.loads(sys.argv[1])
sys.path[:] = task["path"]
from digit_tui.engine.process_ties import go_first_when_memory_is_short, tie_to_parent
tie_to_parent(task["parent"])
go_first_when_memory_is_short()
from digit_tui.engine.worker_process import run_worker
run_worker(task)
"""


def worker_count(threads: int) -> int:
    """How many workers a run with so many threads has."""
    return threads if WORKER_PROCESSES else 1


class WorkerPoolError(Exception):
    """A pool cannot have its memory or its worker processes: one line that says why."""


class WorkerGone(WorkerPoolError):
    """A worker process has ended, or does not answer: what it worked on is half done.

    Attributes:
        pid: its number.
        reason: for example "was killed by signal 9".
    """

    def __init__(self, pid: int, reason: str) -> None:
        super().__init__(f"worker process {pid} {reason}; {REMEDY}")
        self.pid = pid
        self.reason = reason


class WorkerLoss(NamedTuple):
    """What became of the worker processes of a pool."""

    pid: int | None
    """Of the one that was lost; None if no new ones can be started."""
    reason: str
    """For example "was killed by signal 9"."""
    processes: int
    """How many train from now on, the one of the program included."""


class WorkerProcesses:
    """Processes 1, 2, ... of a pool; the one that made them is process 0."""

    def __init__(self, tasks: Sequence[dict[str, Any]], descriptors: Sequence[int]) -> None:
        """Start them.

        Args:
            tasks: for each what `run_worker` is told, as plain values.
            descriptors: which they inherit.

        Raises:
            WorkerPoolError: if one cannot be started.
        """
        self._processes: list[subprocess.Popen[bytes]] = []
        self._stderr = -1
        self._awaited = -1  # the arrival for which some are late
        self._looked = 0.0
        self._used: dict[int, int] = {}  # processor time of the late ones, when it last grew, ...
        self._silent: dict[int, float] = {}  # ... and how long that has been
        try:
            self._stderr = memory_file(0)
            for task in tasks:
                self._processes.append(self._start(task, descriptors))
        except (OSError, TypeError) as error:  # a TypeError if Python does not know its own place
            self.end()
            reason = getattr(error, "strerror", None) or str(error)
            raise WorkerPoolError(f"cannot start a worker process: {reason}; {REMEDY}") from error
        except BaseException:
            self.end()
            raise

    def _start(self, task: dict[str, Any], descriptors: Sequence[int]) -> subprocess.Popen[bytes]:
        task = {"path": sys.path, "parent": os.getpid(), **task}
        return subprocess.Popen(
            [sys.executable, "-P", "-c", _START, json.dumps(task)],
            stdin=subprocess.PIPE,  # closes when this process ends, however it ends
            stdout=subprocess.DEVNULL,
            stderr=self._stderr,
            pass_fds=descriptors,
            start_new_session=True,  # the terminal's signals are for this process
            env=os.environ | dict.fromkeys(_ONE_THREAD, "1"),
        )

    def end(self) -> None:
        """Kill them: they hold nothing that is not shared."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.close()
            with suppress(subprocess.TimeoutExpired):  # the system will not end it yet
                process.wait(END_SECONDS)
        self._processes = []
        if self._stderr >= 0:
            os.close(self._stderr)
            self._stderr = -1

    def check(self, arrival: int, late: Sequence[int], hurried: bool) -> None:
        """See that all are alive, and that those that others wait for are at work.

        Args:
            arrival: which one it is that they wait for.
            late: the processes that have not arrived.
            hurried: whether to lose patience soon.

        Raises:
            WorkerGone: if one has ended, or does not answer.
        """
        for process in self._processes:
            if process.poll() is not None:
                raise WorkerGone(process.pid, self._reason(process))
        if arrival != self._awaited:
            self._awaited = arrival
            self._used, self._silent = {}, dict.fromkeys(range(len(self._processes) + 1), 0.0)
            self._looked = monotonic()
        since = monotonic() - self._looked
        if since < LOOK_SECONDS:
            return
        self._looked += since
        for index in late:
            pid = self._processes[index - 1].pid
            used = processor_ticks(pid)
            # If this process was stopped, too, nobody could answer in the meantime.
            self._silent[index] += min(since, 2 * LOOK_SECONDS)
            if used != self._used.get(index):
                self._used[index], self._silent[index] = used, 0.0
            if self._silent[index] >= (HURRIED_SECONDS if hurried else ANSWER_SECONDS):
                seconds = self._silent[index]
                raise WorkerGone(pid, f"has not answered for {seconds:.1f} seconds")

    def _reason(self, process: subprocess.Popen[bytes]) -> str:
        """How a process ended, with the last line that it wrote to stderr."""
        if process.returncode == -signal.SIGKILL:
            return "was killed by signal 9 (out of memory?)"
        if process.returncode < 0:
            return f"was killed by signal {-process.returncode}"
        os.lseek(self._stderr, 0, os.SEEK_SET)
        lines = os.read(self._stderr, 100_000).decode(errors="replace").splitlines()
        return f"ended with status {process.returncode}" + (f" ({lines[-1]})" if lines else "")


def processor_ticks(pid: int) -> int:
    """The processor time that a process has used so far, in clock ticks; see proc_pid_stat(5)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has ended
        return 0
    return int(fields[11]) + int(fields[12])
