"""A team that trains one network: this process and, where more threads were asked for, helpers.

Helpers are processes, not threads: NumPy's calls here take microseconds, and threads of one Python
wait for each other around each of them. Each process uses one BLAS thread. Two BLAS threads would
wait for each other inside every product, and do so for long whenever another program wants a
processor.
"""

from __future__ import annotations

import json
import marshal
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from select import select
from time import sleep
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from digit_tui.config import RunConfig
from digit_tui.nn import Evaluation
from digit_tui.training.meeting import LINE, Meeting
from digit_tui.training.member import BLOCK, Member, Plan
from digit_tui.training.memory import Memory, share
from digit_tui.training.state import Vectors

Array = NDArray[Any]

# Memory without a name, and processors that show writes in the order in which they were made.
HELPERS = sys.platform == "linux" and platform.machine() in ("x86_64", "AMD64")
"""Whether threads are helper processes here; elsewhere they are left to the BLAS."""

ORDER_BYTES = 512
"""Room for one order: the name of a job and its arguments."""

_REMEDY = "--threads 1 needs no helpers"
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "BLIS_NUM_THREADS")

_START = """\
import json, sys
task = json.loads(sys.argv[1])
sys.path[:] = task["path"]
from digit_tui.training.team import help_out
help_out(task)
"""


class TeamError(Exception):
    """The helper processes can not be started, or one has ended: one line that says why."""


def member_count(threads: int) -> int:
    """How many processes train, for a run with so many threads."""
    return threads if HELPERS else 1


class Team:
    """Member 0, which works in this process, and the orders that it gives to the others.

    Attributes:
        vectors: the run's, which the members move in place.
        member: member 0.
    """

    def __init__(self, plan: Plan, threads: int) -> None:
        """Make what the members share.

        Args:
            plan: what is trained, and by how many.
            threads: of the run; the BLAS of this process gets those that are not helpers.

        Raises:
            TeamError: if there is not enough memory.
        """
        self._threads = threads if plan.members == 1 else 1
        self._helpers: list[subprocess.Popen[bytes]] = []
        self._limits: threadpool_limits | None = None
        self._vectors_at: int | None = None
        if plan.members > 1:
            counting = Memory()
            Vectors.make(plan.sizes, plan.average, counting.take)
            self._vectors_at = _share(counting.size)
        self.vectors = Vectors.make(plan.sizes, plan.average, Memory(self._vectors_at).take)
        self._gather(plan)

    @classmethod
    def for_run(cls, config: RunConfig, sizes: Sequence[int], images: int) -> Team:
        """The team of a run on so many training images, for a network with these layer widths."""
        plan = Plan(
            sizes=tuple(sizes),
            side=config.side,
            average=config.average,
            seed=config.seed,
            batch_size=min(config.batch_size, images),
            members=member_count(config.threads),
        )
        return cls(plan, config.threads)

    def _gather(self, plan: Plan) -> None:
        """Make what depends on the batch size."""
        self._plan = plan
        self._memory_at: int | None = None
        if plan.members > 1:
            counting = Memory()
            _take(counting, plan, self.vectors, 0, self._pause)
            self._memory_at = _share(counting.size)
        self.member, self._order, self._meet = _take(
            Memory(self._memory_at), plan, self.vectors, 0, self._pause
        )

    def __enter__(self) -> Team:
        self._limits = threadpool_limits(limits=self._threads, user_api="blas")
        try:
            self._start()
        except TeamError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        _close(self._vectors_at)
        self._vectors_at = None
        if self._limits is not None:
            self._limits.restore_original_limits()

    def do(self, job: str, *values: Any) -> None:
        """Have all members do a job, a method of Member; returns when all have.

        Raises:
            TeamError: if a helper process has ended.
        """
        if self._plan.members > 1:
            order = marshal.dumps((job, values))
            self._order[: len(order)] = np.frombuffer(order, np.uint8)
            self._meet()
        getattr(self.member, job)(*values)
        self._meet()

    def set_batch_size(self, batch_size: int) -> None:
        """Go on with other batches; the vectors stay as they are.

        Raises:
            TeamError: if there is not enough memory, or the helpers can not be started.
        """
        if batch_size != self._plan.batch_size:
            self._stop()
            self._gather(replace(self._plan, batch_size=batch_size))
            self._start()

    def evaluate(self, images: Array, labels: Array) -> Evaluation:
        """Classify images (n, pixels) uint8 and compare with their labels (n,) uint8."""
        member, count = self.member, len(images)
        probabilities = np.empty((count, self._plan.sizes[-1]), np.float32)
        losses = np.empty(count, np.float32)
        for start in range(0, count, BLOCK):
            block = slice(start, min(start + BLOCK, count))
            room = slice(block.stop - start)
            member.tested[room] = images[block]
            member.tested_labels[room] = labels[block]
            self.do("evaluate", room.stop)
            probabilities[block] = member.probabilities[room]
            losses[block] = member.losses[room]
        return Evaluation(labels, probabilities, losses)

    def _start(self) -> None:
        shared = [each for each in (self._vectors_at, self._memory_at) if each is not None]
        for index in range(1, self._plan.members):
            task = {
                "path": sys.path,
                "plan": asdict(self._plan),
                "index": index,
                "vectors_at": self._vectors_at,
                "memory_at": self._memory_at,
            }
            try:
                helper = subprocess.Popen(
                    [sys.executable, "-P", "-c", _START, json.dumps(task)],
                    stdin=subprocess.PIPE,  # closes with this process, however it ends
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=shared,
                    start_new_session=True,  # the terminal's signals are for this process
                    env=os.environ | dict.fromkeys(_ONE_THREAD, "1"),
                )
            except OSError as error:
                raise TeamError(f"cannot start a helper: {error.strerror}; {_REMEDY}") from error
            self._helpers.append(helper)

    def _stop(self) -> None:
        """End the helpers, wherever they are: they keep nothing."""
        for helper in self._helpers:
            helper.kill()
            with helper:  # waits, and closes its pipe
                pass
        self._helpers = []
        _close(self._memory_at)
        self._memory_at = None

    def _pause(self, seconds: float) -> None:
        for helper in self._helpers:
            if helper.poll() is not None:
                raise TeamError(f"a helper process has ended, {_status(helper)}; {_REMEDY}")
        sleep(seconds)


def _status(helper: subprocess.Popen[bytes]) -> str:
    code = helper.returncode
    return f"killed by signal {-code}" if code < 0 else f"with status {code}"


def _share(size: int) -> int:
    try:
        return share(size)
    except OSError as error:
        raise TeamError(f"cannot share memory with helpers: {error.strerror}; {_REMEDY}") from error


def _close(descriptor: int | None) -> None:
    if descriptor is not None:
        os.close(descriptor)


def _take(
    memory: Memory, plan: Plan, vectors: Vectors, index: int, pause: Any
) -> tuple[Member, Array, Meeting]:
    """A member and what it shares with the others, in the same order for each of them."""
    order = memory.take((ORDER_BYTES,), np.uint8)
    meet = Meeting(memory.take((plan.members * LINE,), np.int64), index, plan.members, pause)
    return Member(plan, vectors, memory.take, index, meet), order, meet


def help_out(task: dict[str, Any]) -> None:
    """The life of a helper process: do each order, until the process that started it ends."""
    plan = Plan(**task["plan"])
    vectors = Vectors.make(plan.sizes, plan.average, Memory(task["vectors_at"]).take)
    memory = Memory(task["memory_at"])
    member, order, meet = _take(memory, plan, vectors, task["index"], _pause_or_end)
    while True:
        meet()
        job, values = marshal.loads(order.data)
        getattr(member, job)(*values)
        meet()


def _pause_or_end(seconds: float) -> None:
    readable, _, _ = select([sys.stdin], [], [], seconds)
    if readable:  # nobody writes there: it is the end
        os._exit(0)
