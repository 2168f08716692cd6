"""A helper process: what it shares with member 0 of its team, and its life."""

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
from digit_tui.engine.barrier import LINE, Meeting
from digit_tui.engine.batches import BLOCK, Batches, Digits
from digit_tui.engine.shared_memory import Memory
from digit_tui.engine.worker import Member, Plan
from digit_tui.run.state import Vectors

Array = NDArray[Any]

ORDER_BYTES = 8_192
"""Room for one order: the name of a job and its arguments, at most those of MOST_STEPS steps."""


def make_lasting(memory: Memory, plan: Plan, images: Array | None) -> tuple[Vectors, Digits, Array]:
    """What does not depend on the batch size, in the same order for each member.

    Args:
        memory: where it is.
        plan: what is trained.
        images: to learn from, if they are in memory of their own.
    """
    pixels = plan.sizes[0]
    vectors = Vectors.make(plan.sizes, plan.average, memory.take)
    if images is None:
        images = memory.take((plan.images, pixels), np.uint8)
    digits = Digits(images, memory.take((plan.images,), np.uint8))
    return vectors, digits, memory.take((BLOCK, pixels), np.uint8)


def make_member(
    memory: Memory,
    plan: Plan,
    vectors: Vectors,
    batches: Batches,
    index: int,
    pause: Callable[[float], None],
    waiting: Callable[[], bool] = lambda: False,
) -> tuple[Member, Array, Meeting]:
    """A member and what it shares with the others, in the same order for each of them."""
    order = memory.take((ORDER_BYTES,), np.uint8)
    meet = Meeting(memory.take((plan.members * LINE,), np.int64), index, plan.members, pause)
    return Member(plan, vectors, batches, memory.take, index, meet, waiting), order, meet


def help_out(task: dict[str, Any]) -> None:
    """The life of a helper process: do each order, until the process that started it ends."""
    plan = Plan(**task["plan"])
    lasting_in, rest_in = map(Memory, task["memory"])
    place, shape = task["images"], (plan.images, plan.sizes[0])
    images = array_at(Place(*place), shape) if place else None
    vectors, digits, block = make_lasting(lasting_in, plan, images)
    batches = Batches(digits, plan.seed, plan.side, block)
    member, order, meet = make_member(rest_in, plan, vectors, batches, task["index"], _pause_or_end)
    while True:
        meet()
        job, values = marshal.loads(order.data)
        getattr(member, job)(*values)
        meet()


def _pause_or_end(seconds: float) -> None:
    readable, _, _ = select([sys.stdin], [], [], seconds)
    if readable:  # nobody writes there: it is the end
        os._exit(0)
