"""A pool that trains one network: this process and, with more threads, worker processes.

Workers are processes, not threads: NumPy's calls here take microseconds, and threads of one Python
interpreter would wait for each other around each of them. Each process uses one BLAS thread: two of
them would wait for each other inside every product, and for long whenever another program wants a
processor.
"""

from __future__ import annotations

import json
import marshal
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from time import sleep
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.data.mapping import place_of
from digit_tui.engine.barrier import Barrier
from digit_tui.engine.batches import BLOCK, Batches, TrainingData
from digit_tui.engine.shared_memory import Arena, memory_file, shared_arena
from digit_tui.engine.worker import Worker, WorkerSpec
from digit_tui.engine.worker_process import allocate_run_arrays, make_worker
from digit_tui.nn import Evaluation
from digit_tui.run.state import Vectors

Array = NDArray[Any]

# They need anonymous memory files, and processors on which writes become visible in their order.
WORKER_PROCESSES = (
    sys.platform == "linux"
    and platform.machine() in ("x86_64", "AMD64")
    and hasattr(os, "memfd_create")  # some builds of Python lack it
)
"""Whether --threads makes worker processes here; elsewhere it sets the threads of the BLAS."""

_REMEDY = "--threads 1 needs no worker processes"
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "BLIS_NUM_THREADS")

_START = """\
import json, sys
task = json.loads(sys.argv[1])
sys.path[:] = task["path"]
from digit_tui.engine.worker_process import run_worker
run_worker(task)
"""


class WorkerPoolError(Exception):
    """A worker process cannot be started, or has ended: one line that says why."""


def worker_count(threads: int) -> int:
    """How many workers a run with so many threads has."""
    return threads if WORKER_PROCESSES else 1


class WorkerPool:
    """Worker 0, which is this process, and the others, which do what it does.

    Attributes:
        vectors: the run's, which the workers update in place.
        worker: worker 0.
    """

    def __init__(
        self,
        spec: WorkerSpec,
        threads: int,
        data: TrainingData,
        command_waiting: Callable[[], bool],
    ) -> None:
        """Allocate what the workers share.

        Args:
            spec: what is trained, and by how many workers.
            threads: of the run; the BLAS of this process gets those that are not workers.
            data: to learn from.
            command_waiting: whether a command waits for the end of a group of steps.

        Raises:
            WorkerPoolError: if there is not enough memory.
        """
        self._threads = threads if spec.workers == 1 else 1
        self._limits = ExitStack()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._stderr = -1
        self._spec = spec
        self._command_waiting = command_waiting
        self._place = place_of(data.images)
        images = data.images if spec.workers == 1 or self._place else None

        def allocate(arena: Arena) -> tuple[Vectors, TrainingData, Array]:
            return allocate_run_arrays(arena, spec, images)

        self._run_arena = self._arena_for(allocate)
        self.vectors, shared, block = allocate(self._run_arena)
        if shared.images is not data.images:
            shared.images[:] = data.images
        shared.labels[:] = data.labels
        self._batches = Batches(shared, spec.seed, spec.side, block)
        self._make_worker()

    @classmethod
    def for_run(
        cls,
        config: RunConfig,
        sizes: Sequence[int],
        dataset: Dataset,
        command_waiting: Callable[[], bool] = lambda: False,
    ) -> WorkerPool:
        """The pool of a run on a dataset, for a network with these layer widths."""
        data = TrainingData(dataset.train_images, dataset.train_labels)
        images = len(data.labels)
        spec = WorkerSpec(
            sizes=tuple(sizes),
            side=config.side,
            images=images,
            average=config.average,
            seed=config.seed,
            batch_size=min(config.batch_size, images),
            workers=worker_count(config.threads),
        )
        return cls(spec, config.threads, data, command_waiting)

    @property
    def images(self) -> int:
        """How many there are in the training set."""
        return self._spec.images

    def _arena_for(self, allocate: Callable[[Arena], object]) -> Arena:
        """An arena as large as `allocate` needs; shared, if there are worker processes."""
        if self._spec.workers == 1:
            return Arena()
        try:
            return shared_arena(allocate)
        except (OSError, MemoryError) as error:
            reason = getattr(error, "strerror", None) or "not enough memory"
            raise WorkerPoolError(
                f"cannot share memory with worker processes: {reason}; {_REMEDY}"
            ) from error

    def _make_worker(self) -> None:
        """Make worker 0, and allocate what depends on the batch size."""

        def make(arena: Arena) -> tuple[Worker, Array, Barrier]:
            spec, vectors, batches = self._spec, self.vectors, self._batches
            return make_worker(arena, spec, vectors, batches, 0, self._pause, self._command_waiting)

        self._batch_arena = self._arena_for(make)
        self.worker, self._request, self._barrier = make(self._batch_arena)

    def __enter__(self) -> WorkerPool:
        self._limits.enter_context(threadpool_limits(limits=self._threads, user_api="blas"))
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._limits.close()

    def do(self, job: str, *values: Any) -> Any:
        """Have all workers do a job; returns when all are done.

        Args:
            job: name of a method of Worker.
            values: its arguments, plain Python values.

        Returns:
            What the method returns for worker 0.

        Raises:
            WorkerPoolError: if a worker process has ended.
        """
        if self._spec.workers > 1:
            request = marshal.dumps((job, values))
            self._request.data[: len(request)] = request
            self._barrier()
        result = getattr(self.worker, job)(*values)
        self._barrier()
        return result

    def set_batch_size(self, batch_size: int) -> None:
        """Change the batch size; the vectors stay as they are.

        Raises:
            WorkerPoolError: if memory is short, or a worker process cannot be started.
        """
        if batch_size != self._spec.batch_size:
            self._stop()
            self._spec = replace(self._spec, batch_size=batch_size)
            self._make_worker()
            self._start()

    def evaluate(self, images: Array, labels: Array) -> Evaluation:
        """Classify images (n, pixels) uint8 and compare with their labels (n,) uint8."""
        worker, count = self.worker, len(images)
        probabilities = np.empty((count, self._spec.sizes[-1]), np.float32)
        losses = np.empty(count, np.float32)
        for start in range(0, count, BLOCK):
            block = slice(start, min(start + BLOCK, count))
            rows = slice(block.stop - start)
            worker.tested[rows] = images[block]
            worker.tested_labels[rows] = labels[block]
            self.do("evaluate", rows.stop)
            probabilities[block] = worker.probabilities[rows]
            losses[block] = worker.losses[rows]
        return Evaluation(labels, probabilities, losses)

    def _start(self) -> None:
        workers = range(1, self._spec.workers)
        if not workers:
            return
        shared = [self._run_arena.descriptor, self._batch_arena.descriptor]
        passed = [*shared, self._place and self._place.descriptor]
        try:
            self._stderr = memory_file(0)
            for index in workers:
                task = {
                    "path": sys.path,
                    "spec": asdict(self._spec),
                    "index": index,
                    "memory": shared,
                    "images": self._place,
                }
                process = subprocess.Popen(
                    [sys.executable, "-P", "-c", _START, json.dumps(task)],
                    stdin=subprocess.PIPE,  # closes when this process ends, however it ends
                    stdout=subprocess.DEVNULL,
                    stderr=self._stderr,
                    pass_fds=[each for each in passed if each is not None],
                    start_new_session=True,  # the terminal's signals are for this process
                    env=os.environ | dict.fromkeys(_ONE_THREAD, "1"),
                )
                self._processes.append(process)
        except (OSError, TypeError) as error:  # a TypeError if Python does not know its own place
            reason = getattr(error, "strerror", None) or str(error)
            raise WorkerPoolError(f"cannot start a worker process: {reason}; {_REMEDY}") from error

    def _stop(self) -> None:
        """Kill the worker processes: they hold nothing that is not shared."""
        for process in self._processes:
            process.kill()
            with process:  # waits, and closes its pipe
                pass
        self._processes = []
        if self._stderr >= 0:
            os.close(self._stderr)
            self._stderr = -1

    def _pause(self, seconds: float) -> None:
        """Wait at the barrier, as long as all worker processes are alive."""
        for process in self._processes:
            if process.poll() is not None:
                raise WorkerPoolError(
                    f"a worker process has ended, {self._reason(process)}; {_REMEDY}"
                )
        sleep(seconds)

    def _reason(self, process: subprocess.Popen[bytes]) -> str:
        """Why a process ended, with the last line that it wrote to stderr."""
        if process.returncode < 0:
            return f"killed by signal {-process.returncode}"
        os.lseek(self._stderr, 0, os.SEEK_SET)
        lines = os.read(self._stderr, 100_000).decode(errors="replace").splitlines()
        return f"with status {process.returncode}" + (f" ({lines[-1]})" if lines else "")
