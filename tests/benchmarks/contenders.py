"""One epoch of the same training, by digit-tui, by its peers, and by its matrix products alone.

Adam with learning rate 0.001, float32, ReLU, cross-entropy, a new shuffle for each epoch.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from itertools import islice, pairwise
from math import sqrt
from time import perf_counter
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.engine.batches import BLOCK
from digit_tui.nn import deform, draw_deformation
from digit_tui.run.events import EpochEnded, Evaluated
from digit_tui.training.command_source import Mailbox
from digit_tui.training.trainer import Trainer

LEARNING_RATE = 0.001

Times = Iterator[tuple[float, float]]
"""For each epoch: seconds of training, and seconds with the evaluation of the test set.

A peer evaluates nothing, so that both are the same.
"""


def make_config(hidden: Sequence[int], batch_size: int, threads: int, **more: Any) -> RunConfig:
    """The run that the peers copy: no deformation, no averaging, a constant rate."""
    plain: dict[str, Any] = {
        "hidden": tuple(hidden),
        "batch_size": batch_size,
        "threads": threads,
        "optimizer": "adam",
        "learning_rate": LEARNING_RATE,
        "schedule": "constant",
        "augment": "none",
        "average": False,
    }
    return RunConfig(**plain | more)


def run_floor(dataset: Dataset, config: RunConfig) -> Times:
    """The matrix products of an epoch, and nothing else, into arrays that are made before.

    Three a layer: its output, the gradient of its weights, and the error of the layer below;
    the inputs have no error to compute.
    """
    sizes = (dataset.pixels, *config.hidden, dataset.classes)
    generator = np.random.default_rng(0)

    def numbers(*shape: int) -> Any:
        return generator.standard_normal(shape, dtype=np.float32) / np.float32(sqrt(shape[0]))

    weights = [numbers(*shape) for shape in pairwise(sizes)]
    gradients = [np.empty_like(each) for each in weights]
    signals = [numbers(config.batch_size, width) for width in sizes]
    errors = [numbers(config.batch_size, width) for width in sizes]
    outputs = [np.empty_like(each) for each in signals]
    images = len(dataset.train_labels)
    counts = [
        min(config.batch_size, images - start) for start in range(0, images, config.batch_size)
    ]
    with threadpool_limits(limits=config.threads, user_api="blas"):
        while True:
            started = perf_counter()
            for count in counts:
                for layer, matrix in enumerate(weights):
                    np.matmul(signals[layer][:count], matrix, out=outputs[layer + 1][:count])
                for layer in reversed(range(len(weights))):
                    error = errors[layer + 1][:count]
                    np.matmul(signals[layer][:count].T, error, out=gradients[layer])
                    if layer:
                        np.matmul(error, weights[layer].T, out=outputs[layer][:count])
            seconds = perf_counter() - started
            yield seconds, seconds


def run_digit_tui(dataset: Dataset, config: RunConfig) -> Times:
    """A headless run that saves nothing; training time is what its own events say."""
    trainer = Trainer(config.with_(epochs=1_000), dataset, Mailbox())
    since = perf_counter()
    for event in trainer.run():
        match event:
            case Evaluated(step=0):
                since = perf_counter()
            case EpochEnded():
                now = perf_counter()
                yield event.seconds, now - since
                since = perf_counter()


class TorchRun:
    """PyTorch, eager. Images stay uint8 and a batch is converted when it is used, as here.

    No loss, accuracy or gradient norm is read back, which digit-tui does at each step. Images are
    deformed by the functions of digit-tui, in as many threads: PyTorch has none that is as fast.
    """

    def __init__(self, dataset: Dataset, config: RunConfig, fused: bool) -> None:
        import torch

        torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        self._torch = torch
        self._config = config
        self._side = dataset.side
        self._generator = np.random.default_rng(config.seed)
        self._threads = ThreadPoolExecutor(config.threads)
        self._images = torch.from_numpy(np.array(dataset.train_images))
        self._labels = torch.from_numpy(dataset.train_labels.astype(np.int64))
        self._test_images = torch.from_numpy(np.array(dataset.test_images))
        self._test_labels = torch.from_numpy(dataset.test_labels.astype(np.int64))
        modules: list[Any] = []
        for fan_in, fan_out in pairwise((dataset.pixels, *config.hidden, dataset.classes)):
            linear = torch.nn.Linear(fan_in, fan_out)
            # As digit-tui draws them (He et al. 2015), so that both learn as fast.
            torch.nn.init.normal_(linear.weight, std=sqrt(2 / fan_in))
            torch.nn.init.zeros_(linear.bias)
            modules += [linear, torch.nn.ReLU()]
        self._model = torch.nn.Sequential(*modules[:-1])
        rule = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[config.optimizer]
        rate = config.learning_rate or LEARNING_RATE
        self._optimizer = rule(
            self._model.parameters(),
            lr=rate,
            weight_decay=config.weight_decay,
            fused=True if fused else None,  # None is its default
        )
        self._schedule: Any = None
        if config.schedule == "onecycle":
            steps = -(-len(self._labels) // config.batch_size) * (config.epochs or 1)
            one_cycle = torch.optim.lr_scheduler.OneCycleLR
            self._schedule = one_cycle(
                self._optimizer, rate, total_steps=steps, cycle_momentum=False
            )

    def epoch(self, steps: int | None = None) -> float:
        """Train on all images once, or for so many steps; returns the seconds it took."""
        torch = self._torch
        started = perf_counter()
        for inputs, chosen in islice(self._batches(), steps):
            labels = torch.index_select(self._labels, 0, chosen)
            loss = torch.nn.functional.cross_entropy(self._model(inputs), labels)
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            if self._schedule is not None:
                self._schedule.step()
        return perf_counter() - started

    def _batches(self) -> Iterator[tuple[Any, Any]]:
        """The inputs of each batch of an epoch, and which images they are."""
        torch, size, augment = self._torch, self._config.batch_size, self._config.augment
        order = torch.randperm(len(self._labels))
        if augment == "none":
            for chosen in torch.split(order, size):
                yield torch.index_select(self._images, 0, chosen).float().mul_(1 / 255), chosen
            return
        images, threads = self._images.numpy(), self._config.threads
        for block in torch.split(order, BLOCK // size * size):
            pixels = self._config.elastic_pixels
            fields = draw_deformation(augment, self._generator, self._side, pixels)
            assert fields is not None
            deformed = np.empty((len(block), images.shape[1]), np.uint8)
            part = partial(deform, images, fields, block.numpy(), deformed, shards=threads)
            shards = [self._threads.submit(part, shard=shard) for shard in range(threads)]
            for shard in shards:
                shard.result()
            for rows in torch.split(torch.arange(len(block)), size):
                inputs = torch.from_numpy(deformed[rows[0] : rows[-1] + 1])
                yield inputs.float().mul_(1 / 255), block[rows]

    def accuracy(self) -> float:
        """Of the test set, as a fraction."""
        with self._torch.no_grad():
            logits = self._model(self._test_images.float().mul_(1 / 255))
            right = logits.argmax(dim=1) == self._test_labels
        return float(right.double().mean())


def run_torch_fused(dataset: Dataset, config: RunConfig) -> Times:
    run = TorchRun(dataset, config, fused=True)
    while True:
        seconds = run.epoch()
        yield seconds, seconds


def run_torch_default(dataset: Dataset, config: RunConfig) -> Times:
    run = TorchRun(dataset, config, fused=False)
    while True:
        seconds = run.epoch()
        yield seconds, seconds


def run_sklearn(dataset: Dataset, config: RunConfig) -> Times:
    """scikit-learn; its images are scaled to float32 whole, before the clock starts.

    partial_fit is one epoch that keeps the optimizer's memory; it checks its input each time.
    """
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore")
    images = dataset.train_images.astype(np.float32) / np.float32(255)
    classes = np.arange(dataset.classes)
    model = MLPClassifier(
        config.hidden,
        solver="adam",
        alpha=0.0,
        batch_size=config.batch_size,
        learning_rate_init=config.learning_rate,
        random_state=config.seed,
    )
    with threadpool_limits(limits=config.threads, user_api="blas"):
        while True:
            started = perf_counter()
            model.partial_fit(images, dataset.train_labels, classes=classes)
            seconds = perf_counter() - started
            yield seconds, seconds


CONTENDERS: dict[str, Callable[[Dataset, RunConfig], Times]] = {
    "floor": run_floor,
    "digit-tui": run_digit_tui,
    "elastic": lambda dataset, config: run_digit_tui(dataset, config.with_(augment="elastic")),
    "averaged": lambda dataset, config: run_digit_tui(dataset, config.with_(average=True)),
    "PyTorch fused": run_torch_fused,
    "PyTorch": run_torch_default,
    "scikit-learn": run_sklearn,
}
"""By name; elastic and averaged are digit-tui with that option."""

NEEDS = {"PyTorch fused": "torch", "PyTorch": "torch", "scikit-learn": "sklearn"}
"""The module that a contender needs."""


def installed(name: str) -> bool:
    """Whether a contender can run here."""
    return name not in NEEDS or find_spec(NEEDS[name]) is not None
