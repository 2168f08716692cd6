"""What a worker is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WorkerSpec:
    """In plain values."""

    sizes: tuple[int, ...]
    """Layer widths, inputs first, classes last."""
    side: int
    elastic: float
    """How far elastic deformation moves a point, in pixels."""
    images: int
    """How many there are in the training set."""
    average: bool
    seed: int
    batch_size: int
    workers: int
    teacher: tuple[tuple[tuple[int, ...], float], ...] = ()
    """Of each network that the run is distilled from its layer widths, and what its logits are
    divided by."""
    distill_temperature: float = 1.0
    distill_weight: float = 0.0
