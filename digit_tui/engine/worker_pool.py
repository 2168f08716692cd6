"""A pool that trains one network: this process and, with more threads, worker processes.

Workers are processes, not threads: NumPy's calls here take microseconds, and threads of one Python
interpreter would wait for each other around each of them. Each process uses one BLAS thread: two of
them would wait for each other inside every product, and for long whenever another program wants a
processor.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from time import monotonic, sleep
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.data.mapping import place_of
from digit_tui.engine.batches import BLOCK, TrainingData
from digit_tui.engine.shared_memory import Arena, shared_arena
from digit_tui.engine.worker import Worker
from digit_tui.engine.worker_group import RunArrays, WorkerGroup, allocate_run_arrays
from digit_tui.engine.worker_processes import (
    REMEDY,
    WorkerGone,
    WorkerLoss,
    WorkerPoolError,
    WorkerProcesses,
    worker_count,
)
from digit_tui.engine.worker_spec import WorkerSpec
from digit_tui.nn import Evaluation
from digit_tui.run.blas import loaded_blas
from digit_tui.run.teacher import Teacher

Array = NDArray[Any]

DEATHS = 3
"""After so many losses of worker processes ..."""
DEATHS_SECONDS = 60.0
"""... within this time a pool goes on without them."""


class WorkerPool:
    """The workers of a run, in this process and in others.

    What they compute depends on how many workers there are, not on the number of processes.

    Attributes:
        vectors: the run's, which the workers update in place.
        blas_threads: how many threads the BLAS of this process uses; the last bits depend on it.
        kept: (n,) float32, 0 for parameters that are removed, else 1; see `StepGroup.removed`.
        hurried: whether somebody waits for the run to end: a process that does not answer is
            soon given up.
    """

    def __init__(
        self,
        spec: WorkerSpec,
        processes: int,
        blas_threads: int,
        data: TrainingData,
        command_waiting: Callable[[], bool],
        interrupt: Callable[[], bool],
        teacher: Teacher | None = None,
    ) -> None:
        """Allocate what the workers share.

        Args:
            spec: what is trained, and by how many workers.
            processes: how many there should be, this one included; at most one for each worker.
            blas_threads: how many threads the BLAS of this process uses.
            data: to learn from.
            command_waiting: whether a command waits.
            interrupt: whether it waits for the end of a group of steps.
            teacher: that the run is distilled from; the spec tells of it.

        Raises:
            WorkerPoolError: if there is not enough memory.
        """
        self.blas_threads = blas_threads
        self._limits = ExitStack()
        self._processes: WorkerProcesses | None = None
        self._wanted = processes
        self._spec = spec
        self._command_waiting, self._interrupt = command_waiting, interrupt
        self.hurried = False
        self._deaths: deque[float] = deque(maxlen=DEATHS)
        self._losses: list[WorkerLoss] = []
        self._place = place_of(data.images)
        images = data.images if spec.workers == 1 or self._place else None

        def allocate(arena: Arena) -> RunArrays:
            return allocate_run_arrays(arena, spec, images)

        self._run_arena = self._arena_for(allocate)
        arrays = allocate(self._run_arena)
        self.vectors, self.kept = arrays.vectors, arrays.kept
        if arrays.data.images is not data.images:
            arrays.data.images[:] = data.images
        arrays.data.labels[:] = data.labels
        if teacher is not None:
            arrays.take_weights(teacher)
        self._batches = arrays.batches(spec)
        self._make_group(self._wanted)

    @classmethod
    def for_run(
        cls,
        config: RunConfig,
        sizes: Sequence[int],
        dataset: Dataset,
        processes: int | None = None,
        command_waiting: Callable[[], bool] = lambda: False,
        interrupt: Callable[[], bool] = lambda: False,
        teacher: Teacher | None = None,
    ) -> WorkerPool:
        """The pool of a run on a dataset, for a network with these layer widths.

        Args:
            config: the run's, which decides how many workers there are.
            sizes: layer widths.
            dataset: to learn from.
            processes: that train, at most one for each worker; None is just that.
            command_waiting: see there; likewise `interrupt`.
            teacher: that the run is distilled from; None learns from the labels alone.
        """
        data = TrainingData(dataset.train_images, dataset.train_labels)
        images, workers = len(data.labels), worker_count(config.threads)
        spec = WorkerSpec(
            sizes=tuple(sizes),
            side=config.side,
            elastic=config.elastic_pixels,
            images=images,
            average=config.average,
            seed=config.seed,
            batch_size=min(config.batch_size, images),
            workers=workers,
            **({} if teacher is None else teacher.told_workers),
        )
        processes = min(processes or workers, workers)
        blas_threads = config.threads if workers == 1 else 1
        return cls(spec, processes, blas_threads, data, command_waiting, interrupt, teacher)

    @property
    def images(self) -> int:
        """How many there are in the training set."""
        return self._spec.images

    @property
    def has_teacher(self) -> bool:
        """Whether the run is distilled; then `ask_teacher` comes before steps."""
        return bool(self._spec.teacher)

    @property
    def may_lose_processes(self) -> bool:
        """Whether there are worker processes, or will be again."""
        return self._wanted > 1

    @property
    def workers(self) -> list[Worker]:
        """Those of this process; the first one is worker 0."""
        return self._group.workers

    def _arena_for(self, allocate: Callable[[Arena], object]) -> Arena:
        """An arena as large as `allocate` needs; shared, if there are several workers."""
        if self._spec.workers == 1:
            return Arena()
        try:
            return shared_arena(allocate)
        except (OSError, MemoryError) as error:
            reason = getattr(error, "strerror", None) or "not enough memory"
            raise WorkerPoolError(
                f"cannot share memory with worker processes: {reason}; {REMEDY}"
            ) from error

    def _make_group(self, processes: int) -> None:
        """Make the workers of this process, one of so many, and what depends on the batch size."""

        def make(arena: Arena) -> WorkerGroup:
            spec, vectors, kept, batches = self._spec, self.vectors, self.kept, self._batches
            return WorkerGroup(
                arena, spec, vectors, kept, batches, 0, processes, self._pause, self._interrupt
            )

        self._batch_arena = self._arena_for(make)
        self._group = make(self._batch_arena)
        self._made_for = processes

    def __enter__(self) -> WorkerPool:
        self._limits.enter_context(loaded_blas().limit(limits=self.blas_threads))
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end_processes()
        self._limits.close()

    def do(self, job: str, *values: Any) -> None:
        """Have all workers do a job; returns when all are done.

        Args:
            job: name of a method of Worker.
            values: its arguments, plain Python values.

        Raises:
            WorkerGone: if a worker process is lost. What the job writes is half written; see
                `do_without`.
        """
        self._group.lead(job, *values)

    def prepare(self, batch_size: int) -> None:
        """Be ready for batches of this size, with all processes that there should be.

        While a command waits none is started anew: that takes long, and the workers do without.
        The vectors stay as they are.

        Raises:
            WorkerPoolError: if memory is short.
        """
        processes = self._made_for if self.hurried or self._command_waiting() else self._wanted
        if batch_size == self._spec.batch_size and processes == self._made_for:
            return
        self._end_processes()
        self._spec = replace(self._spec, batch_size=batch_size)
        self._make_group(processes)
        try:
            self._start()
        except WorkerPoolError as error:
            self._wanted = 1
            self._losses.append(WorkerLoss(None, str(error), 1))
            self._make_group(1)

    def do_without(self, gone: WorkerGone) -> None:
        """Have no worker processes until `prepare` or, after several losses, for good."""
        self._end_processes()
        self._deaths.append(monotonic())
        if len(self._deaths) == DEATHS and self._deaths[-1] - self._deaths[0] < DEATHS_SECONDS:
            self._wanted = 1
        self._losses.append(WorkerLoss(gone.pid, gone.reason, self._wanted))
        self._make_group(1)

    def take_losses(self) -> list[WorkerLoss]:
        """The losses since the last call."""
        losses, self._losses = self._losses, []
        return losses

    def evaluate(self, images: Array, labels: Array, slot: int | None = None) -> Evaluation:
        """Classify images (n, pixels) uint8 and compare with their labels (n,) uint8.

        Also without the worker processes, if they are lost. For `slot` see `Vectors.evaluated`.
        """
        count = len(images)
        probabilities = np.empty((count, self._spec.sizes[-1]), np.float32)
        losses = np.empty(count, np.float32)
        for start in range(0, count, BLOCK):
            block = slice(start, min(start + BLOCK, count))
            try:
                found = self._evaluate_block(images[block], labels[block], slot)
            except WorkerGone as gone:
                self.do_without(gone)
                found = self._evaluate_block(images[block], labels[block], slot)
            probabilities[block], losses[block] = found
        return Evaluation(labels, probabilities, losses)

    def _evaluate_block(
        self, images: Array, labels: Array, slot: int | None
    ) -> tuple[Array, Array]:
        """Probabilities and losses, valid until the next job."""
        worker, rows = self.workers[0], slice(len(images))
        worker.tested[rows] = images
        worker.tested_labels[rows] = labels
        self.do("evaluate", rows.stop, slot)
        return worker.probabilities[rows], worker.losses[rows]

    def _start(self) -> None:
        """Start the worker processes.

        Raises:
            WorkerPoolError: if that is impossible.
        """
        if self._made_for == 1:
            return
        shared = [self._run_arena.descriptor, self._batch_arena.descriptor]
        passed = [*shared, self._place and self._place.descriptor]
        tasks = [
            {
                "spec": asdict(self._spec),
                "process": process,
                "processes": self._made_for,
                "memory": shared,
                "images": self._place,
            }
            for process in range(1, self._made_for)
        ]
        self._processes = WorkerProcesses(tasks, [each for each in passed if each is not None])

    def _end_processes(self) -> None:
        if self._processes is not None:
            self._processes.end()
            self._processes = None

    def _pause(self, seconds: float) -> None:
        """Wait at the barrier, as long as all worker processes are at work."""
        if self._processes is not None:
            hurried = self.hurried or self._command_waiting()
            barrier = self._group.barrier
            self._processes.check(barrier.count, barrier.late, hurried)
        sleep(seconds)
