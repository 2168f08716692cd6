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
from digit_tui.engine.barrier import Meeting
from digit_tui.engine.batches import BLOCK, Batches, Digits
from digit_tui.engine.shared_memory import Memory, share, shared_memory
from digit_tui.engine.worker import Member, Plan
from digit_tui.engine.worker_process import make_lasting, make_member
from digit_tui.nn import Evaluation
from digit_tui.run.state import Vectors

Array = NDArray[Any]

# Memory without a name, and processors that show writes in the order in which they were made.
HELPERS = (
    sys.platform == "linux"
    and platform.machine() in ("x86_64", "AMD64")
    and hasattr(os, "memfd_create")  # some builds of Python lack it
)
"""Whether threads are helper processes here; elsewhere they are left to the BLAS."""

_REMEDY = "--threads 1 needs no helpers"
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "BLIS_NUM_THREADS")

_START = """\
import json, sys
task = json.loads(sys.argv[1])
sys.path[:] = task["path"]
from digit_tui.engine.worker_process import help_out
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

    def __init__(
        self, plan: Plan, threads: int, digits: Digits, waiting: Callable[[], bool]
    ) -> None:
        """Make what the members share.

        Args:
            plan: what is trained, and by how many.
            threads: of the run; the BLAS of this process gets those that are not helpers.
            digits: what is learned from.
            waiting: whether somebody waits for the end of an order of steps.

        Raises:
            TeamError: if there is not enough memory.
        """
        self._threads = threads if plan.members == 1 else 1
        self._limits = ExitStack()
        self._helpers: list[subprocess.Popen[bytes]] = []
        self._complaints = -1
        self._plan = plan
        self._waiting = waiting
        self._place = place_of(digits.images)
        images = digits.images if plan.members == 1 or self._place else None

        def make(memory: Memory) -> tuple[Vectors, Digits, Array]:
            return make_lasting(memory, plan, images)

        self._lasting_in = self._memory(make)
        self.vectors, shared, block = make(self._lasting_in)
        if shared.images is not digits.images:
            shared.images[:] = digits.images
        shared.labels[:] = digits.labels
        self._batches = Batches(shared, plan.seed, plan.side, block)
        self._make_member()

    @classmethod
    def for_run(
        cls,
        config: RunConfig,
        sizes: Sequence[int],
        dataset: Dataset,
        waiting: Callable[[], bool] = lambda: False,
    ) -> Team:
        """The team of a run on a data set, for a network with these layer widths; see there."""
        digits = Digits(dataset.train_images, dataset.train_labels)
        images = len(digits.labels)
        plan = Plan(
            sizes=tuple(sizes),
            side=config.side,
            images=images,
            average=config.average,
            seed=config.seed,
            batch_size=min(config.batch_size, images),
            members=member_count(config.threads),
        )
        return cls(plan, config.threads, digits, waiting)

    @property
    def images(self) -> int:
        """How many there are in the training set."""
        return self._plan.images

    def _memory(self, fill: Callable[[Memory], object]) -> Memory:
        """For what `fill` takes; shared, if there is anybody to share it with."""
        if self._plan.members == 1:
            return Memory()
        try:
            return shared_memory(fill)
        except (OSError, MemoryError) as error:
            reason = getattr(error, "strerror", None) or "not enough memory"
            raise TeamError(f"cannot share memory with helpers: {reason}; {_REMEDY}") from error

    def _make_member(self) -> None:
        """Make what depends on the batch size."""

        def make(memory: Memory) -> tuple[Member, Array, Meeting]:
            lasting = self.vectors, self._batches
            return make_member(memory, self._plan, *lasting, 0, self._pause, self._waiting)

        self._rest_in = self._memory(make)
        self.member, self._order, self._meet = make(self._rest_in)

    def __enter__(self) -> Team:
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
        """Have all members do a job; returns when all have, what the job returns here.

        Args:
            job: a method of Member.
            values: its arguments, plain Python values.

        Raises:
            TeamError: if a helper process has ended.
        """
        if self._plan.members > 1:
            order = marshal.dumps((job, values))
            self._order.data[: len(order)] = order
            self._meet()
        result = getattr(self.member, job)(*values)
        self._meet()
        return result

    def set_batch_size(self, batch_size: int) -> None:
        """Go on with other batches; the vectors stay as they are.

        Raises:
            TeamError: if there is not enough memory, or the helpers can not be started.
        """
        if batch_size != self._plan.batch_size:
            self._stop()
            self._plan = replace(self._plan, batch_size=batch_size)
            self._make_member()
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
        members = range(1, self._plan.members)
        if not members:
            return
        shared = [self._lasting_in.descriptor, self._rest_in.descriptor]
        passed = [*shared, self._place and self._place.descriptor]
        try:
            self._complaints = share(0)
            for index in members:
                task = {
                    "path": sys.path,
                    "plan": asdict(self._plan),
                    "index": index,
                    "memory": shared,
                    "images": self._place,
                }
                helper = subprocess.Popen(
                    [sys.executable, "-P", "-c", _START, json.dumps(task)],
                    stdin=subprocess.PIPE,  # closes with this process, however it ends
                    stdout=subprocess.DEVNULL,
                    stderr=self._complaints,
                    pass_fds=[each for each in passed if each is not None],
                    start_new_session=True,  # the terminal's signals are for this process
                    env=os.environ | dict.fromkeys(_ONE_THREAD, "1"),
                )
                self._helpers.append(helper)
        except (OSError, TypeError) as error:  # a TypeError if Python does not know its own place
            reason = getattr(error, "strerror", None) or str(error)
            raise TeamError(f"cannot start a helper: {reason}; {_REMEDY}") from error

    def _stop(self) -> None:
        """End the helpers, wherever they are: they keep nothing."""
        for helper in self._helpers:
            helper.kill()
            with helper:  # waits, and closes its pipe
                pass
        self._helpers = []
        if self._complaints >= 0:
            os.close(self._complaints)
            self._complaints = -1

    def _pause(self, seconds: float) -> None:
        for helper in self._helpers:
            if helper.poll() is not None:
                raise TeamError(f"a helper process has ended, {self._reason(helper)}; {_REMEDY}")
        sleep(seconds)

    def _reason(self, helper: subprocess.Popen[bytes]) -> str:
        """Why a helper ended, in words: its last line, if it had one."""
        if helper.returncode < 0:
            return f"killed by signal {-helper.returncode}"
        os.lseek(self._complaints, 0, os.SEEK_SET)
        lines = os.read(self._complaints, 100_000).decode(errors="replace").splitlines()
        return f"with status {helper.returncode}" + (f" ({lines[-1]})" if lines else "")
