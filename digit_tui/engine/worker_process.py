"""The life of a worker process."""

from __future__ import annotations

import os
import sys
from select import select
from typing import Any

from digit_tui.data.mapping import Place, array_at
from digit_tui.engine.shared_memory import Arena
from digit_tui.engine.worker_group import WorkerGroup, allocate_run_arrays
from digit_tui.engine.worker_spec import WorkerSpec


def run_worker(task: dict[str, Any]) -> None:
    """Do each job, until the process that started this one ends."""
    spec = WorkerSpec(**task["spec"])
    run_arena, batch_arena = map(Arena, task["memory"])
    place, shape = task["images"], (spec.images, spec.sizes[0])
    images = array_at(Place(*place), shape) if place else None
    arrays = allocate_run_arrays(run_arena, spec, images)
    vectors, kept, batches = arrays.vectors, arrays.kept, arrays.batches(spec)
    group = WorkerGroup(
        batch_arena, spec, vectors, kept, batches, task["process"], task["processes"], _pause_or_end
    )
    while True:
        group.follow()


def _pause_or_end(seconds: float) -> None:
    readable, _, _ = select([sys.stdin], [], [], seconds)
    if readable:  # nothing is ever written there: it was closed
        os._exit(0)
