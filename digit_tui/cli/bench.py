"""`digit-tui bench`: how fast training is on this machine, and with how many threads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import pairwise
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from digit_tui.config import MAX_THREADS, RunConfig, available_processors
from digit_tui.data import Dataset, counted, load_dataset
from digit_tui.engine.step_group import MAX_STEPS
from digit_tui.engine.stepper import Stepper
from digit_tui.engine.worker_pool import WorkerPool
from digit_tui.engine.worker_processes import WorkerPoolError
from digit_tui.nn import Network
from digit_tui.nn.optimizer import Optimizer
from digit_tui.run.state import RunState
from digit_tui.run.versions import versions
from digit_tui.session.exit_status import ExitStatus
from digit_tui.session.failures import failure_of, print_failure
from digit_tui.session.output import Output

SECONDS = 10.0
"""For all measurements of speed together."""
PART_SECONDS = 1.0
"""For each part of a step."""
ROUNDS = 3
"""Each number of threads is measured this often, in turn, so that a busy moment hits them all."""


@dataclass(frozen=True)
class Speed:
    """Images per second with a number of threads."""

    threads: int
    floor: float
    """The matrix products alone."""
    training: float
    """Whole training steps."""


@dataclass(frozen=True)
class StepShares:
    """What the time of a training step goes into, as fractions that sum to 1.

    Each is measured by itself, so on a busy machine one may be below 0.
    """

    products: float
    """The matrix products: limited by arithmetic."""
    deformation: float
    """Of images: 0 without augmentation."""
    update: float
    """Of the weights, by the optimizer's rule: limited by memory."""
    rest: float
    """Calls of small functions, and waiting for each other."""


def thread_counts() -> list[int]:
    """1, 2, 4, ... and the number of processors."""
    processors = min(available_processors(), MAX_THREADS)
    powers = [2**power for power in range(processors.bit_length())]
    return sorted({count for count in powers if count <= processors} | {processors})


def measure(config: RunConfig, dataset: Dataset, counts: list[int]) -> list[Speed]:
    """Time the matrix products and the training of a configuration with each number of threads."""
    config = config.for_images(len(dataset.train_labels))
    floor = matrix_products(config, dataset)
    seconds = SECONDS / (2 * ROUNDS * len(counts))
    floors: dict[int, list[float]] = {count: [] for count in counts}
    trainings: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(ROUNDS):
        for count in counts:
            with threadpool_limits(limits=count, user_api="blas"):
                floors[count].append(speed_of(floor, seconds))
            with training_steps(config.with_(threads=count), dataset) as train:
                trainings[count].append(speed_of(train, seconds))
    return [Speed(count, median(floors[count]), median(trainings[count])) for count in counts]


def step_shares(config: RunConfig, dataset: Dataset, speed: Speed) -> StepShares:
    """What the time of a step with some number of threads goes into."""
    config = config.for_images(len(dataset.train_labels)).with_(threads=speed.threads)
    deformation = 0.0
    if config.augment != "none":
        with training_steps(config.with_(augment="none"), dataset) as train:
            deformation = 1 - speed.training / speed_of(train, PART_SECONDS)
    with threadpool_limits(limits=1, user_api="blas"):
        update = speed_of(updates(config, dataset), PART_SECONDS) * speed.threads
    parts = speed.training / speed.floor, deformation, speed.training / update
    return StepShares(*parts, 1 - sum(parts))


def speed_of(work: Callable[[], int], seconds: float) -> float:
    """Images per second of some work, repeated for so many seconds; it returns how many it did."""
    work()  # threads start, caches fill
    images, started = 0, perf_counter()
    while (passed := perf_counter() - started) < seconds or not images:
        images += work()
    return images / passed


def matrix_products(config: RunConfig, dataset: Dataset) -> Callable[[], int]:
    """Only the matrix products of one step, into allocated arrays, with the threads of the BLAS."""
    size = config.batch_size
    sizes = (dataset.pixels, *config.hidden, dataset.classes)
    generator = np.random.default_rng(0)

    def random(rows: int, columns: int) -> NDArray[np.float32]:
        return generator.random((rows, columns), np.float32)

    inputs = [random(size, width) for width in sizes[:-1]]
    outputs = [random(size, width) for width in sizes[1:]]
    weights = [random(*shape) for shape in pairwise(sizes)]
    gradients = [np.empty_like(each) for each in weights]
    products = [np.empty_like(each) for each in outputs]
    errors = [np.empty_like(each) for each in inputs]

    def work() -> int:
        for layer, weight in enumerate(weights):
            np.matmul(inputs[layer], weight, out=products[layer])
        for layer, weight in reversed(list(enumerate(weights))):
            np.matmul(inputs[layer].T, outputs[layer], out=gradients[layer])
            if layer:
                np.matmul(outputs[layer], weight.T, out=errors[layer])
        return size

    return work


def updates(config: RunConfig, dataset: Dataset) -> Callable[[], int]:
    """Only the update of all weights by the optimizer's rule, in one thread."""
    network = Network((dataset.pixels, *config.hidden, dataset.classes))
    gradient = np.random.default_rng(0).random(len(network.parameters), np.float32)
    optimizer = Optimizer(config.optimizer, network, gradient, config.weight_decay)

    def work() -> int:
        optimizer.step(1e-6)
        return config.batch_size

    return work


@contextmanager
def training_steps(config: RunConfig, dataset: Dataset) -> Iterator[Callable[[], int]]:
    """The steps of a real run."""
    images = len(dataset.train_labels)
    sizes = (dataset.pixels, *config.hidden, dataset.classes)
    with WorkerPool.for_run(config, sizes, dataset) as pool:
        state = RunState.begin(config, sizes, pool.vectors)
        stepper = Stepper(config, pool)

        def work() -> int:
            results = stepper.steps(state, MAX_STEPS)
            if state.cursor >= images:
                state.end_epoch()
            return sum(result.images for result in results)

        yield work


def run_bench(config: RunConfig, counts: list[int], as_json: bool) -> int:
    """Measure with some numbers of threads and print; returns the exit status."""
    dataset = load_dataset("sample", config.side)
    try:
        speeds = measure(config, dataset, counts)
        best = max(speeds, key=lambda speed: speed.training)
        shares = step_shares(config, dataset, best)
    except WorkerPoolError as error:
        return print_failure(failure_of(error))
    output = Output()
    if as_json:
        result: dict[str, Any] = {"versions": versions(), "best_threads": best.threads}
        result |= {"speeds": [asdict(speed) for speed in speeds], "step": asdict(shares)}
        output.line(json.dumps(result))
        return output.status or ExitStatus.DONE
    widths = "-".join(map(str, (dataset.pixels, *config.hidden, dataset.classes)))
    output.line(f"{widths}, batches of {config.batch_size}, {config.optimizer}, {config.augment}")
    output.line(f"NumPy {versions()['numpy']}, {versions()['blas']}, images a second:")
    output.line("threads   matrix products   training    share")
    busy = any(speed.training > speed.floor for speed in speeds)
    for speed in speeds:
        share = f"{speed.training / speed.floor:.0%}"
        share += " (best)" if speed is best and not busy and len(speeds) > 1 else ""
        output.line(
            f"{speed.threads:>7}   {speed.floor:>15,.0f}   {speed.training:>8,.0f}   {share:>6}"
        )
    if busy:
        output.line("A share over 100%: the machine was busy with something else. Measure again.")
        return output.status or ExitStatus.DONE
    if min(asdict(shares).values()) >= 0:
        output.line(limits(shares, best.threads))
    else:
        output.line("What a step consists of is not known: the machine was busy. Measure again.")
    if len(speeds) > 1:
        threads = best.threads
        output.line(f"Train with --threads {threads}, or set DIGIT_TUI_THREADS={threads}.")
    return output.status or ExitStatus.DONE


def limits(shares: StepShares, threads: int) -> str:
    """What the time of a step goes into, in a line."""
    parts = {
        "matrix products": shares.products,
        "deforming images": shares.deformation,
        "updating weights (memory)": shares.update,
        "calls and waiting": shares.rest,
    }
    told = ", ".join(f"{name} {share:.0%}" for name, share in parts.items() if share)
    return f"A step with {counted(threads, 'thread')}: {told}."
