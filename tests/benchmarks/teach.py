"""What teaching `standard` fifty digits that it misreads gains and costs, for three kinds.

The digits of other hands are the UCI digits of scikit-learn (8x8 pixels, normalised as MNIST's
were); slanted ones and ones of a thick pen are made from training images. Each is judged as a
person's drawings are: by copies of the network that have not seen it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from measure import finish, head, machine, make_parser, say, table
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from digit_tui.config import RunConfig
from digit_tui.data import Dataset, load_dataset, normalise_digit
from digit_tui.data.drawings import Drawings
from digit_tui.insight import lesson
from digit_tui.insight.significance import compare
from digit_tui.nn import Network, evaluate
from digit_tui.run.state import RunState
from digit_tui.storage.saved_run import SavedRun
from digit_tui.training.command_source import Mailbox
from digit_tui.training.teaching import teach
from digit_tui.training.trainer import Trainer

Array = NDArray[Any]

TAUGHT = 50
TRIED = 6_000
"""Training images that are slanted or made thick, to find some that are misread."""


def main() -> None:
    options = parse()
    facts = machine(options.threads)
    print(head(facts), flush=True)
    dataset = load_dataset(options.data)
    figures: dict[str, list[dict[str, float]]] = {}
    for seed in range(options.rounds):
        state, sizes = trained(options, dataset, seed)
        weights = state.parameters if state.average is None else state.average
        network = Network(sizes, weights.copy())
        for name, (images, labels) in kinds(dataset).items():
            say(f"round {seed + 1}/{options.rounds}  {name}")
            drawings = misread(network, images, labels, seed)
            figures.setdefault(name, []).append(taught(state, drawings, dataset, sizes, seed))
    rows = [
        [name, *(f"{median(each[what] for each in rounds):.{digits}f}" for what, digits in WHAT)]
        for name, rounds in figures.items()
    ]
    print(f"\nMedians of {options.rounds} networks")
    print(table(["digits", *(what for what, _ in WHAT)], rows))
    finish(options, facts, figures)


WHAT = (
    *(("before", 0), ("unseen right", 0), ("test before %", 2), ("test after %", 2)),
    *(("lost", 0), ("won", 0), ("p", 2), ("tune s", 2), ("judge s", 2)),
)


def parse() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--run", type=Path, help="teach this saved run instead of training some")
    return parser.parse_args()


def trained(
    options: argparse.Namespace, dataset: Dataset, seed: int
) -> tuple[RunState, tuple[int, ...]]:
    """The state of a run at its end, with the layer widths."""
    if options.run is not None:
        checkpoint = SavedRun.read(options.run).checkpoint()
        return checkpoint.state, checkpoint.sizes
    config = RunConfig.from_preset(
        "standard", data=options.data, seed=seed, threads=options.threads
    )
    trainer = Trainer(config, dataset, Mailbox())
    say(f"round {seed + 1}/{options.rounds}  training")
    for _ in trainer.run():
        pass
    return trainer.state.copy(), (dataset.pixels, *config.hidden, dataset.classes)


def kinds(dataset: Dataset) -> dict[str, tuple[Array, Array]]:
    """Images (n, 28, 28) of each kind, and their labels (n,)."""
    uci = load_digits()
    ink = (uci.images * (255 / 16)).round().astype(np.uint8)
    images = dataset.train_images[:TRIED].reshape(-1, 28, 28)
    labels = dataset.train_labels[:TRIED]
    return {
        "other hands": (_each(ink, lambda digit: digit), uci.target.astype(np.uint8)),
        "slanted": (_each(images, slanted), labels),
        "thick": (_each(images, thick), labels),
    }


def _each(images: Array, change: Callable[[Array], Array]) -> Array:
    return np.stack([normalise_digit(change(image)).image for image in images])


def slanted(image: Array) -> Array:
    """Sheared by 45 degrees."""
    wide = np.zeros((28, 84), np.uint8)
    for row in range(28):
        start = 28 + 14 - row
        wide[row, start : start + 28] = image[row]
    return wide


def thick(image: Array) -> Array:
    """With strokes that are four pixels wider."""
    padded = np.pad(image, 2)
    moved = [
        padded[down : down + 28, right : right + 28] for down in range(5) for right in range(5)
    ]
    widest: Array = np.max(moved, axis=0)
    return widest


def misread(network: Network, images: Array, labels: Array, seed: int) -> Drawings:
    """Some of the images that a network misreads."""
    found = evaluate(network, images.reshape(len(images), -1), labels)
    wrong = np.flatnonzero(found.predictions != labels)
    chosen = np.random.default_rng(seed).permutation(wrong)[:TAUGHT]
    return Drawings(images[chosen], labels[chosen])


def taught(
    state: RunState, drawings: Drawings, dataset: Dataset, sizes: tuple[int, ...], seed: int
) -> dict[str, float]:
    """What teaching a copy of the state gives."""
    copy = state.copy()
    weights = copy.parameters if copy.average is None else copy.average
    before = evaluate(Network(sizes, weights), dataset.test_images, dataset.test_labels)
    started = perf_counter()
    told = teach(copy, drawings, dataset, sizes, seed, lambda: False)
    seconds = perf_counter() - started
    after = evaluate(Network(sizes, weights), dataset.test_images, dataset.test_labels)
    comparison = compare(before, after)
    one = seconds / (1 + lesson.FOLDS)  # it is done once, and for each copy
    return {
        "before": told.before,
        "unseen right": told.after,
        "test before %": 100 * before.accuracy,
        "test after %": 100 * after.accuracy,
        "lost": comparison.lost,
        "won": comparison.gained,
        "p": comparison.p_value,
        "tune s": one,
        "judge s": seconds - one,
    }


if __name__ == "__main__":
    main()
