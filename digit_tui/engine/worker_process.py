"""What a worker shares with the others, and the life of a worker process."""

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
"""Space for one request: the name of a job and its arguments, at most those of MAX_STEPS steps."""


def allocate_run_arrays(
    arena: Arena, spec: WorkerSpec, images: Array | None
) -> tuple[Vectors, TrainingData, Array]:
    """Allocate what does not depend on the batch size, in the same order for each worker.

    Args:
        arena: where.
        spec: what is trained.
        images: the training images, if they are in memory of their own.

    Returns:
        The run's vectors, the training data, and (BLOCK, pixels) uint8 for a block of deformed
        images.
    """
    pixels = spec.sizes[0]
    vectors = Vectors.make(spec.sizes, spec.average, arena.allocate)
    if images is None:
        images = arena.allocate((spec.images, pixels), np.uint8)
    data = TrainingData(images, arena.allocate((spec.images,), np.uint8))
    return vectors, data, arena.allocate((BLOCK, pixels), np.uint8)


def make_worker(
    arena: Arena,
    spec: WorkerSpec,
    vectors: Vectors,
    batches: Batches,
    index: int,
    pause: Callable[[float], None],
    command_waiting: Callable[[], bool] = lambda: False,
) -> tuple[Worker, Array, Barrier]:
    """Make a worker, and allocate what it shares with the others, in the same order for each.

    Returns:
        The worker, (REQUEST_BYTES,) uint8 for requests, and the barrier.
    """
    request = arena.allocate((REQUEST_BYTES,), np.uint8)
    barrier = Barrier(arena.allocate((spec.workers * LINE,), np.int64), index, spec.workers, pause)
    return (
        Worker(spec, vectors, batches, arena.allocate, index, barrier, command_waiting),
        request,
        barrier,
    )


def run_worker(task: dict[str, Any]) -> None:
    """Do each request, until the process that started this one ends."""
    spec = WorkerSpec(**task["spec"])
    run_arena, batch_arena = map(Arena, task["memory"])
    place, shape = task["images"], (spec.images, spec.sizes[0])
    images = array_at(Place(*place), shape) if place else None
    vectors, data, block = allocate_run_arrays(run_arena, spec, images)
    batches = Batches(data, spec.seed, spec.side, block)
    worker, request, barrier = make_worker(
        batch_arena, spec, vectors, batches, task["index"], _pause_or_end
    )
    while True:
        barrier()
        job, values = marshal.loads(request.data)
        getattr(worker, job)(*values)
        barrier()


def _pause_or_end(seconds: float) -> None:
    readable, _, _ = select([sys.stdin], [], [], seconds)
    if readable:  # nothing is ever written there: it was closed
        os._exit(0)
