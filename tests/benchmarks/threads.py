"""An epoch with more threads than there are processors here, simulated.

What the workers of a run do depends on how many they are, not on their processes. So one process
does the parts of all workers in turn, and each part is timed. With a processor for each worker the
time from one barrier to the next is that of the slowest; the sum of these, of what the barriers
cost and of what the first process does between two jobs is the simulated time.

All workers share the cache of one processor here, which makes them slower than they would be. That
processors share the memory, and slow down when all are busy, is left out. As many threads as there
are processors are measured too: that tells how far to believe the simulation.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from functools import partial
from statistics import median
from time import perf_counter
from typing import Any
from unittest.mock import patch

import numpy as np
from contenders import make_config
from measure import finish, head, in_process, interleave, machine, make_parser, ratio, table

from digit_tui.config import available_processors
from digit_tui.data import load_dataset
from digit_tui.engine import worker_pool
from digit_tui.engine.step_group import MAX_STEPS
from digit_tui.engine.stepper import Stepper
from digit_tui.engine.worker_group import WorkerGroup
from digit_tui.engine.worker_pool import WorkerPool
from digit_tui.run.state import RunState

NETWORKS = ("128", "256,128", "512,256")
COUNTS = (1, 2, 3, 4, 6, 8)
BATCH_SIZE = 128
STEP_BARRIERS = 3
"""Of a step, without an update rule that needs sums over all parameters."""
EMPTY_JOBS = 5_000
"""To measure a barrier: jobs of two processes that do nothing. One barrier begins a job, another
ends it."""


class TimedGroup(WorkerGroup):
    """The workers of one process; they note how long each takes from one barrier to the next."""

    def __init__(self, *values: Any) -> None:
        super().__init__(*values)
        self.begin()

    def begin(self) -> None:
        """Forget what was noted."""
        self.seconds: dict[str, list[list[float]]] = defaultdict(lambda: [[] for _ in self.workers])

    def _do(self, job: str, values: tuple[Any, ...]) -> None:
        if job != "steps":
            self._time(job, [partial(getattr(each, job), *values) for each in self.workers])
            return
        parts = [partial(next, worker.steps(*values), self) for worker in self.workers]
        number = 0
        with np.errstate(all="ignore"):
            # The first part has no update before it, the last one no step after it.
            while self._time(f"{number % STEP_BARRIERS if number else 'first'}", parts, self):
                number += 1

    def _time(self, name: str, parts: list[partial[Any]], end: object = None) -> bool:
        """Do each worker's part; returns whether they have another one."""
        taken = []
        for part in parts:
            started = perf_counter()
            found = part()
            taken.append(perf_counter() - started)
        ended = found is end
        for each, seconds in zip(self.seconds["last" if ended else name], taken, strict=True):
            each.append(seconds)
        return not ended

    @property
    def barriers(self) -> int:
        """How often the workers would have waited for each other."""
        return sum(len(workers[0]) for workers in self.seconds.values())

    @property
    def slowest(self) -> float:
        """Seconds of the slowest worker from each barrier to the next, added up."""
        return sum(len(workers[0]) * max(map(median, workers)) for workers in self.seconds.values())

    @property
    def all_workers(self) -> float:
        """Seconds of all workers."""
        return sum(sum(map(sum, workers)) for workers in self.seconds.values())


def main() -> None:
    options = parse()
    if options.worker:
        print(json.dumps(work(json.loads(options.worker))))
        return
    facts = machine(available_processors())
    print(head(facts), flush=True)
    results = {hidden: measure(hidden, options) for hidden in options.networks}
    report(results, options.counts)
    finish(options, facts, results)


def parse() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--networks", nargs="+", default=NETWORKS, metavar="WIDTHS")
    parser.add_argument("--counts", nargs="+", type=int, default=COUNTS, metavar="N")
    parser.add_argument("--augment", default="none", help="as in digit-tui --augment")
    return parser.parse_args()


def measure(hidden: str, options: argparse.Namespace) -> dict[str, list[dict[str, float]]]:
    """All rounds of one network; the last run is one that is not simulated."""
    task = {"hidden": hidden, "data": options.data, "augment": options.augment}
    tasks = {f"{count}": task | {"threads": count, "processes": 1} for count in options.counts}
    processors = available_processors()
    for count in options.counts:
        if 1 < count <= processors:
            tasks[f"{count} measured"] = task | {"threads": count, "processes": count}
    runs = {name: partial(in_process, __file__, each) for name, each in tasks.items()}
    return interleave(runs, options.rounds, hidden)


def work(task: dict[str, Any]) -> dict[str, float]:
    """One epoch after another that is not counted, in its own process."""
    hidden = [int(width) for width in task["hidden"].split(",")]
    config = make_config(hidden, BATCH_SIZE, task["threads"], augment=task["augment"])
    dataset = load_dataset(task["data"])
    sizes = (dataset.pixels, *hidden, dataset.classes)
    barrier = barrier_seconds(task) if task["threads"] > 1 else 0.0
    simulated = task["processes"] == 1
    groups: list[TimedGroup] = []

    def timed(*values: Any) -> TimedGroup:
        groups.append(TimedGroup(*values))
        return groups[-1]

    with patch.object(worker_pool, "WorkerGroup", timed if simulated else WorkerGroup):
        pool = WorkerPool.for_run(config, sizes, dataset, task["processes"])
    with pool:
        state = RunState.begin(config, sizes, pool.vectors)
        stepper = Stepper(config, pool)
        for _ in range(2):
            for group in groups:
                group.begin()
            started = perf_counter()
            while state.cursor < len(dataset.train_labels):
                stepper.steps(state, MAX_STEPS)
            state.end_epoch()
            seconds = perf_counter() - started
    if not simulated:
        return {"seconds": seconds, "barrier": barrier}
    group = groups[-1]
    between = seconds - group.all_workers
    return {"seconds": group.slowest + group.barriers * barrier + between, "barrier": barrier}


def barrier_seconds(task: dict[str, Any]) -> float:
    """What a barrier costs two processes that arrive at the same time."""
    config = make_config([1], BATCH_SIZE, 2)
    dataset = load_dataset("sample")
    with WorkerPool.for_run(config, (dataset.pixels, 1, dataset.classes), dataset, 2) as pool:
        taken = []
        for _ in range(EMPTY_JOBS):
            started = perf_counter()
            pool.do("load", 0, 0, 0)
            taken.append(perf_counter() - started)
    return median(taken) / 2


def report(results: dict[str, dict[str, list[dict[str, float]]]], counts: list[int]) -> None:
    """Milliseconds of an epoch, and how many times as fast as with one thread."""
    print("\nAn epoch with batches of 128, median of the rounds; times as fast as with one thread")
    rows = []
    for hidden, runs in results.items():
        seconds = {name: [each["seconds"] for each in rounds] for name, rounds in runs.items()}
        for name, figures in seconds.items():
            faster = f"{ratio(seconds['1'], figures):.2f}" if "1" in seconds else ""
            rows.append([hidden, name, f"{1_000 * median(figures):,.0f} ms", faster])
    print(table(["network", "threads", "epoch", "times as fast"], rows))
    barriers = [each["barrier"] for runs in results.values() for it in runs.values() for each in it]
    print(f"\nA barrier costs {1e6 * median(filter(None, barriers)):.1f} µs")


if __name__ == "__main__":
    main()
