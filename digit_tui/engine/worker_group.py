"""The workers of one process, and what they share with those of other processes."""

from __future__ import annotations

import marshal
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from digit_tui.engine.barrier import LINE, Barrier
from digit_tui.engine.batches import BLOCK, Batches, SharedTeacher, TrainingData
from digit_tui.engine.shared_memory import Arena
from digit_tui.engine.worker import Worker
from digit_tui.engine.worker_spec import WorkerSpec
from digit_tui.nn import Network
from digit_tui.nn.network import parameter_count
from digit_tui.run.state import Vectors
from digit_tui.run.teacher import Teacher

Array = NDArray[Any]

REQUEST_BYTES = 8_192
"""Space for one request: the name of a job and its arguments, at most those of MAX_STEPS steps."""


class RunArrays(NamedTuple):
    """What the workers of a run share that does not depend on the batch size."""

    vectors: Vectors
    kept: Array
    """(n,) float32, 0 for removed parameters and 1 for others."""
    data: TrainingData
    block: Array
    """(BLOCK, pixels) uint8, for a block of deformed images."""
    teacher: SharedTeacher | None

    def take_weights(self, teacher: Teacher) -> None:
        """Have the weights of the teacher that the spec tells of."""
        assert self.teacher is not None
        for (network, _), member in zip(self.teacher.members, teacher.members, strict=True):
            network.parameters[:] = member.network.parameters

    def batches(self, spec: WorkerSpec) -> Batches:
        """The batches of the training data."""
        return Batches(self.data, spec.seed, spec.side, spec.elastic, self.block, self.teacher)


def allocate_run_arrays(arena: Arena, spec: WorkerSpec, images: Array | None) -> RunArrays:
    """Allocate them, in the same order in each process.

    Args:
        arena: where.
        spec: what is trained.
        images: the training images, if they are in memory of their own.
    """
    pixels = spec.sizes[0]
    vectors = Vectors.make(spec.sizes, spec.average, arena.allocate)
    kept = arena.allocate(vectors.parameters.shape, np.float32)
    if images is None:
        images = arena.allocate((spec.images, pixels), np.uint8)
    data = TrainingData(images, arena.allocate((spec.images,), np.uint8))
    block = arena.allocate((BLOCK, pixels), np.uint8)
    return RunArrays(vectors, kept, data, block, _allocate_teacher(arena, spec))


def _allocate_teacher(arena: Arena, spec: WorkerSpec) -> SharedTeacher | None:
    if not spec.teacher:
        return None
    classes = spec.sizes[-1]
    members = [
        (Network(sizes, arena.allocate((parameter_count(sizes),), np.float32)), temperature)
        for sizes, temperature in spec.teacher
    ]
    originals = arena.allocate((spec.images, classes), np.float32)
    return SharedTeacher(members, originals, arena.allocate((BLOCK, classes), np.float32))


class WorkerGroup:
    """The workers that one process has: of five workers the first of two processes has 0, 2 and 4.

    Attributes:
        workers: in the order of their indices.
        barrier: where the processes wait for each other.
    """

    def __init__(
        self,
        arena: Arena,
        spec: WorkerSpec,
        vectors: Vectors,
        kept: Array,
        batches: Batches,
        process: int,
        processes: int,
        pause: Callable[[float], None],
        command_waiting: Callable[[], bool] = lambda: False,
    ) -> None:
        """Make the workers, and allocate what all share, in the same order in each process.

        Args:
            arena: where; shared, unless there is one worker in all.
            spec: what is trained, and by how many workers.
            vectors: the run's, which the workers update in place.
            kept: see RunArrays.
            batches: of the training data.
            process: which one this is, from 0.
            processes: how many there are.
            pause: waits at the barrier for so many seconds; may raise to give up.
            command_waiting: whether a command waits for the end of a group of steps.
        """
        self._request = arena.allocate((REQUEST_BYTES,), np.uint8)
        arrivals = arena.allocate((processes * LINE,), np.int64)
        self.barrier = Barrier(arrivals, process, processes, pause)
        shared_from = arena.size
        self.workers: list[Worker] = []
        for index in range(process, spec.workers, processes):
            arena.rewind(shared_from)  # to the arrays that all workers share
            allocate = arena.allocate
            worker = Worker(spec, vectors, kept, batches, allocate, index, command_waiting)
            self.workers.append(worker)

    def lead(self, job: str, *values: Any) -> None:
        """Have the workers of all processes do a job; returns when all are done.

        Args:
            job: name of a method of Worker.
            values: its arguments, plain Python values.
        """
        if not self.barrier.alone:
            request = marshal.dumps((job, values))
            self._request.data[: len(request)] = request
            self.barrier()
        self._do(job, values)

    def follow(self) -> None:
        """Do the next job that the first process leads."""
        self.barrier()
        job, values = marshal.loads(self._request.data)
        self._do(job, values)

    def _do(self, job: str, values: tuple[Any, ...]) -> None:
        """Have the workers do their parts of a job, and wait for those of the other processes."""
        if job == "steps":
            with np.errstate(all="ignore"):
                parts = [worker.steps(*values) for worker in self.workers]
                for _ in zip(*parts, strict=True):  # each in turn, as far as its next yield
                    self.barrier()
        else:
            for worker in self.workers:
                getattr(worker, job)(*values)
        self.barrier()
