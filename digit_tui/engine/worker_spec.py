"""What a worker is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WorkerSpec:
    """In plain values."""

    sizes: tuple[int, ...]
    """Layer widths, inputs first, classes last."""
    side: int
    images: int
    """How many there are in the training set."""
    average: bool
    seed: int
    batch_size: int
    workers: int
