"""Scores of what is no digit: how well each tells real test digits from strangers (AUROC).

Networks of the preset `standard` are trained on --data, and one of `classic` on the sample. The
area under the ROC curve is the probability that a stranger scores higher than a test digit. The
shipped score is compared with those that it was chosen from. The strangers are those of
tests/support/strangers.py; --fashion names a folder with the test images of Fashion-MNIST, as
Debian's package dataset-fashion-mnist installs one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from measure import finish, head, machine, make_parser, say, table
from PIL import Image
from sklearn.covariance import EmpiricalCovariance
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

sys.path.append(str(Path(__file__).parents[1]))  # what the tests share

from support import strangers

from digit_tui.config import RunConfig
from digit_tui.data import Dataset, load_dataset, read_images
from digit_tui.data.normalise import normalise_digit
from digit_tui.insight.answers import Coverage, coverage
from digit_tui.insight.neighbours import hidden_features
from digit_tui.insight.novelty import NoveltyScorer, threshold_of
from digit_tui.nn import Network, evaluate, outputs_in_chunks
from digit_tui.run.events import Evaluated
from digit_tui.training.command_source import Mailbox
from digit_tui.training.trainer import Trainer

COUNT = 2_000
"""Strangers of each kind."""
BASE = 10_000
"""Training digits that the scores are made from."""
HELD = 5_000
"""Training digits beside those, which say what is usual for a sum."""

Scores = dict[str, np.ndarray]


def main() -> None:
    options = parse()
    facts = machine(options.threads)
    print(head(facts), flush=True)
    runs = [("standard", options.data, seed) for seed in range(options.rounds)]
    tables: dict[str, list[dict[str, Any]]] = {}
    for preset, data, seed in [*runs, ("classic", "sample", 0)]:
        say(f"training {preset} on {data}, seed {seed}")
        config = RunConfig.from_preset(preset, data=data, seed=seed, threads=options.threads)
        dataset = load_dataset(data)
        network = trained(config, dataset)
        say("scoring")
        with threadpool_limits(options.threads):
            result = measure(network, dataset, options.fashion)
        tables.setdefault(f"{preset} on {dataset.name}", []).append(result)
    for name, results in tables.items():
        report(name, results)
    finish(options, facts, tables)


def parse() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--fashion", type=Path, metavar="DIR", help="Fashion-MNIST's IDX files")
    return parser.parse_args()


def trained(config: RunConfig, dataset: Dataset) -> Network:
    """The network that a whole run leaves."""
    events = Trainer(config.for_images(len(dataset.train_labels)), dataset, Mailbox()).run()
    return [event.network for event in events if isinstance(event, Evaluated)][-1]


def measure(network: Network, dataset: Dataset, fashion: Path | None) -> dict[str, Any]:
    """The AUROC of each score on each kind of stranger, and what the shipped one keeps."""
    order = np.random.default_rng(1).permutation(len(dataset.train_labels))
    base, held = order[:-HELD][:BASE], order[-HELD:]
    if len(order) < 2 * HELD:
        base, held = np.split(order, [len(order) * 4 // 5])
    scores = candidates(network, dataset.train_images[base], dataset.train_labels[base])
    usual = scores(dataset.train_images[held])
    digits = with_sums(scores(dataset.test_images), usual)
    areas: dict[str, dict[str, float]] = {score: {} for score in digits}
    shipped = NoveltyScorer(network, dataset.train_images)
    own = shipped.score(dataset.test_images)
    areas["shipped"], refused = {}, {}
    for kind, images in make_strangers(dataset.test_images, fashion).items():
        found = with_sums(scores(images), usual)
        for score, values in digits.items():
            areas[score][kind] = area(values, found[score])
        strange = shipped.score(images)
        areas["shipped"][kind] = area(own, strange)
        refused[kind] = float(np.mean(strange > shipped.threshold))
    evaluation = evaluate(network, dataset.test_images, dataset.test_labels)
    fair = threshold_of(own[::2])
    hands, labels = other_hands()
    others = evaluate(network, hands, labels)
    return {
        "areas": areas,
        "refused": refused,
        "kept": float(np.mean(own <= shipped.threshold)),
        "kept by a threshold of test digits": float(np.mean(own[1::2] <= fair)),
        "accuracy": evaluation.accuracy,
        "answered": asdict(coverage(evaluation, own, shipped.threshold)),
        "UCI accuracy": others.accuracy,
        "UCI answered": asdict(coverage(others, shipped.score(hands), shipped.threshold)),
    }


def area(digits: np.ndarray, others: np.ndarray) -> float:
    truth = np.repeat([0, 1], [len(digits), len(others)])
    return float(roc_auc_score(truth, np.concatenate([digits, others])))


def make_strangers(digits: np.ndarray, fashion: Path | None) -> dict[str, np.ndarray]:
    """Each kind (n, 784) uint8."""
    generator, some = np.random.default_rng(0), digits[:COUNT]
    made = {
        "blank": np.zeros((1, 784), np.uint8),
        "noise": strangers.noise(COUNT, generator),
        "salt": strangers.salt_and_pepper(COUNT, generator),
        "inverted": strangers.inverted(some),
        "swapped": strangers.halves_swapped(some),
        "pairs": strangers.pairs(digits[: 2 * COUNT]),
        "scribbles": strangers.scribbles(COUNT, generator),
        "blobs": strangers.blobs(COUNT, generator),
        "letters": strangers.letters(COUNT, generator),
        "look-alikes": strangers.typed(strangers.LOOK_ALIKES, COUNT, generator),
    }
    if fashion is not None:
        images = read_images(fashion / "t10k-images-idx3-ubyte.gz")
        made["fashion"] = images.reshape(len(images), -1)
    return made


def other_hands() -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's 1,797 digits of UCI, enlarged and normalised (1797, 784), and their labels."""
    digits = load_digits()
    images = []
    for image in digits.images:
        small = Image.fromarray(np.rint(image * (255 / 16)).astype(np.uint8))
        large = np.asarray(small.resize((100, 100), Image.Resampling.BICUBIC))
        ink = np.where(large > 40, large, 0).astype(np.uint8)
        images.append(normalise_digit(ink).image.reshape(-1))
    return np.stack(images), digits.target.astype(np.uint8)


def candidates(
    network: Network, images: np.ndarray, labels: np.ndarray
) -> Callable[[np.ndarray], Scores]:
    """Makes what scores images (n, 784) uint8 in each of the ways, by name."""
    features = hidden_features(network, images)
    hidden, _ = outputs(network, images)
    pixels = directions(images)
    means = np.stack([hidden[labels == each].mean(axis=0) for each in np.unique(labels)])
    precision = EmpiricalCovariance(assume_centered=True).fit(hidden - means[labels]).precision_
    components = eigenvectors(pixels)
    of_features = eigenvectors(features)[:, :64]
    of_classes = [eigenvectors(pixels[labels == each])[:, :30] for each in np.unique(labels)]

    def score(shown: np.ndarray) -> Scores:
        own, logits = outputs(network, shown)
        largest = logits.max(axis=1)
        sums = np.exp(logits - largest[:, None]).sum(axis=1)
        ahead, seen = hidden_features(network, shown), directions(shown)
        offsets = [own - each for each in means]
        return {
            "energy": -(largest + np.log(sums)),  # Liu et al. 2020, arXiv:2010.03759
            "largest logit": -largest,  # Hendrycks et al. 2022, arXiv:1911.11132
            "largest probability": -1 / sums,  # Hendrycks and Gimpel 2017, arXiv:1610.02136
            "Mahalanobis": np.min(  # Lee et al. 2018, arXiv:1807.03888
                [np.einsum("ij,jk,ik->i", each, precision, each) for each in offsets], axis=0
            ),
            "5th neighbour, hidden layer": nearest(features, ahead),
            "components, hidden layer": residual(ahead, of_features),
            "5th neighbour, pixels": nearest(pixels, seen),
            "components, pixels": residual(seen, components[:, :98]),
            "components of a class, pixels": np.min(
                [residual(seen, c) for c in of_classes], axis=0
            ),
        }

    return score


SUMS = {
    "energy + neighbour": ("energy", "5th neighbour, hidden layer"),
    "energy + components": ("energy", "components, hidden layer"),
    "neighbour + pixels": ("5th neighbour, hidden layer", "components, pixels"),
}


def with_sums(scores: Scores, usual: Scores) -> Scores:
    """Those and SUMS of them, each less its usual mean and divided by its deviation."""
    standard = {
        name: (values - usual[name].mean()) / usual[name].std() for name, values in scores.items()
    }
    return scores | {name: sum(standard[each] for each in parts) for name, parts in SUMS.items()}


def outputs(network: Network, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The last hidden layer and the logits, (n, width) each, float64."""
    found = [
        (layers[-2].astype(np.float64), layers[-1].astype(np.float64))
        for _, layers in outputs_in_chunks(network, images)
    ]
    hidden, logits = zip(*found, strict=True)
    return np.concatenate(hidden), np.concatenate(logits)


def directions(images: np.ndarray) -> np.ndarray:
    pixels = images.astype(np.float32)
    lengths = np.linalg.norm(pixels, axis=1, keepdims=True)
    return pixels / np.where(lengths == 0, 1, lengths)


def eigenvectors(rows: np.ndarray) -> np.ndarray:
    """Of their second moments, the largest eigenvalue first."""
    moments = rows.T.astype(np.float64) @ rows
    return np.linalg.eigh(moments).eigenvectors[:, ::-1].astype(np.float32)


def residual(rows: np.ndarray, components: np.ndarray) -> np.ndarray:
    return 1 - np.square(rows @ components).sum(axis=1)


def nearest(base: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(n,) the cosine distance to the fifth nearest row of `base`."""
    parts = np.array_split(rows, max(len(rows) // 500, 1))
    return np.concatenate([np.partition(1 - part @ base.T, 4, axis=1)[:, 4] for part in parts])


def report(name: str, results: list[dict[str, Any]]) -> None:
    def average(*keys: str) -> float:
        values = list(results)
        for key in keys:
            values = [each[key] for each in values]
        return mean(values)

    areas = results[0]["areas"]
    kinds = list(areas["shipped"])
    rows = [[s, *(f"{average('areas', s, kind):.4f}" for kind in kinds)] for s in areas]
    rows.append(["refused", *(f"{average('refused', kind):.1%}" for kind in kinds)])
    print(f"\n{name}, mean of {len(results)}: AUROC, and what the shipped threshold refuses")
    print(table(["score", *kinds], rows))
    for each in ("kept", "kept by a threshold of test digits", "accuracy", "UCI accuracy"):
        print(f"{each}: {average(each):.2%} ({', '.join(f'{r[each]:.2%}' for r in results)})")
    for each in ("answered", "UCI answered"):
        print(f"{each}:", *total([r[each] for r in results]).words, sep="\n")


def total(parts: list[dict[str, int]]) -> Coverage:
    return Coverage(**{name: sum(part[name] for part in parts) for name in parts[0]})


if __name__ == "__main__":
    main()
