"""A worker process: what it shards with worker 0 of its pool, and its life."""

from __future__ import annotations

import marshal
import os
import sys
from collections.abc import Callable
from select import select
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digit_tui.data.mapping import Place, array_at
from digit_tui.engine.barrier import LINE, Barrier
from digit_tui.engine.batches import BLOCK, Batches, TrainingData
from digit_tui.engine.shared_memory import Arena
from digit_tui.engine.worker import Worker, WorkerSpec
from digit_tui.run.state import Vectors

Array = NDArray[Any]

REQUEST_BYTES = 8_192
"""Room for one request: the name of a job and its arguments, at most those of MAX_STEPS steps."""


def make_run_arrays(
    memory: Arena, spec: WorkerSpec, images: Array | None
) -> tuple[Vectors, TrainingData, Array]:
    """What does not depend on the batch size, in the same order for each worker.

    Args:
        memory: where it is.
        spec: what is trained.
        images: to learn from, if they are in memory of their own.
    """
    pixels = spec.sizes[0]
    vectors = Vectors.make(spec.sizes, spec.average, memory.allocate)
    if images is None:
        images = memory.allocate((spec.images, pixels), np.uint8)
    digits = TrainingData(images, memory.allocate((spec.images,), np.uint8))
    return vectors, digits, memory.allocate((BLOCK, pixels), np.uint8)


def make_worker(
    memory: Arena,
    spec: WorkerSpec,
    vectors: Vectors,
    batches: Batches,
    index: int,
    pause: Callable[[float], None],
    command_waiting: Callable[[], bool] = lambda: False,
) -> tuple[Worker, Array, Barrier]:
    """A worker and what it shards with the others, in the same order for each of them."""
    request = memory.allocate((REQUEST_BYTES,), np.uint8)
    barrier = Barrier(memory.allocate((spec.workers * LINE,), np.int64), index, spec.workers, pause)
    return (
        Worker(spec, vectors, batches, memory.allocate, index, barrier, command_waiting),
        request,
        barrier,
    )


def run_worker(task: dict[str, Any]) -> None:
    """The life of a worker process: do each request, until the process that started it ends."""
    spec = WorkerSpec(**task["spec"])
    lasting_in, rest_in = map(Arena, task["memory"])
    place, shape = task["images"], (spec.images, spec.sizes[0])
    images = array_at(Place(*place), shape) if place else None
    vectors, digits, block = make_run_arrays(lasting_in, spec, images)
    batches = Batches(digits, spec.seed, spec.side, block)
    worker, request, barrier = make_worker(
        rest_in, spec, vectors, batches, task["index"], _pause_or_end
    )
    while True:
        barrier()
        job, values = marshal.loads(request.data)
        getattr(worker, job)(*values)
        barrier()


def _pause_or_end(seconds: float) -> None:
    readable, _, _ = select([sys.stdin], [], [], seconds)
    if readable:  # nobody writes there: it is the end
        os._exit(0)
