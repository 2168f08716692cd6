"""Each optimizer on `classic`: its best learning rate, test accuracy over seeds, training time.

A rate is chosen by one run on the training images but 10,000, which are held out and decide. Then
each optimizer trains on all of them with every seed, one after the other in turn. Weight decay is
that of the preset for its own optimizer, adamw, and none for the others; the schedule is cosine,
but constant for schedulefree, which is meant for it. "momentum+sam" is momentum with
sharpness-aware steps.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from math import sqrt
from statistics import mean, stdev
from typing import Any

from measure import finish, head, in_process, interleave, machine, make_parser, ratio, say, table

from digit_tui.config import OPTIMIZERS, RunConfig
from digit_tui.data import load_dataset
from digit_tui.engine.holdout import hold_out
from digit_tui.run.events import EpochEnded, RunEnded
from digit_tui.training.command_source import Mailbox
from digit_tui.training.trainer import Trainer

GRIDS = {
    "sgd": (0.03, 0.1, 0.2, 0.5, 1.0),
    "momentum": (0.005, 0.02, 0.05, 0.1, 0.2),
    "nesterov": (0.005, 0.02, 0.05, 0.1, 0.2),
    "rmsprop": (0.0002, 0.0005, 0.001, 0.002, 0.005),
    "adam": (0.0005, 0.001, 0.002, 0.005, 0.01),
    "adamw": (0.001, 0.002, 0.005, 0.01, 0.02),
    "lion": (0.00003, 0.0001, 0.0003, 0.001, 0.003),
    "schedulefree": (0.001, 0.0025, 0.005, 0.01, 0.02),
    "prodigy": (0.1, 0.3, 1.0, 3.0),
    "muon": (0.005, 0.01, 0.02, 0.05, 0.1),
}
SAM = "+sam"
WITH_SAM = tuple(name + SAM for name in ("momentum", "adam", "adamw"))
RADIUS = 0.05
"""That of the paper's experiments (Foret et al. 2021, arXiv:2010.01412)."""
HELD_OUT = 10_000
BASE = "adam"
"""The optimizer to whose time the others' are compared."""
T95 = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57, 7: 2.45, 8: 2.36, 9: 2.31, 10: 2.26}
"""Quantiles of Student's t for a 95% interval of the mean of so many values."""


def main() -> None:
    parser = make_parser(__doc__, rounds=5)
    parser.add_argument("--preset", default="classic")
    parser.add_argument("--hidden", metavar="WIDTHS", help="hidden layers (the preset's)")
    parser.add_argument("--epochs", type=int, help="(the preset's)")
    parser.add_argument("--rates", nargs="+", type=float, help="to choose from (see GRIDS)")
    names = OPTIMIZERS + WITH_SAM
    parser.add_argument("--optimizers", nargs="+", default=names, choices=names)
    parser.add_argument("--search-only", action="store_true", help="only choose the rates")
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(train(json.loads(options.worker))))
        return
    facts = machine(options.threads)
    print(head(facts), flush=True)
    given = ("data", "preset", "hidden", "epochs", "threads")
    common = {name: getattr(options, name) for name in given}
    searched = {
        name: search(name, options.rates or GRIDS[name.removesuffix(SAM)], common)
        for name in options.optimizers
    }
    best = {name: max(found, key=lambda each: each["accuracy"]) for name, found in searched.items()}
    print(f"\nRight of {HELD_OUT:,} held-out training images, by learning rate")
    for name, found in searched.items():
        told = "  ".join(f"{each['rate']:g}: {each['accuracy']:.2%}" for each in found)
        print(f"{name:<13}{told}")
    results: dict[str, list[dict[str, Any]]] = {}
    if not options.search_only:
        seeds = {name: iter(range(1, options.rounds + 1)) for name in best}
        runs = {
            name: partial(repeat, name, each["rate"], common, seeds[name])
            for name, each in best.items()
        }
        results = interleave(runs, options.rounds)
        report(results)
    finish(options, facts, {"searched": searched, "runs": results})


def search(name: str, rates: Sequence[float], common: dict[str, Any]) -> list[dict[str, Any]]:
    """The accuracy on the held-out images for each rate."""
    found = []
    for rate in rates:
        say(f"{name} at {rate:g}")
        task = common | {"optimizer": name, "rate": rate, "seed": 0, "validation": HELD_OUT}
        found.append(in_process(__file__, task))
    return found


def repeat(name: str, rate: float, common: dict[str, Any], seeds: Any) -> dict[str, Any]:
    """A run on all training images, with the next seed."""
    task = common | {"optimizer": name, "rate": rate, "seed": next(seeds), "validation": 0}
    return in_process(__file__, task)


def train(task: dict[str, Any]) -> dict[str, Any]:
    """One run: its rate, accuracy on the held-out or else the test images, seconds of training."""
    name = task["optimizer"].removesuffix(SAM)
    given: dict[str, Any] = {"epochs": task["epochs"]} if task["epochs"] else {}
    if task["hidden"]:
        given["hidden"] = tuple(int(width) for width in task["hidden"].split(","))
    config = RunConfig.from_preset(
        task["preset"],
        optimizer=name,
        learning_rate=task["rate"],
        sam=RADIUS if task["optimizer"].endswith(SAM) else 0.0,
        schedule="constant" if name == "schedulefree" else "cosine",
        seed=task["seed"],
        threads=task["threads"],
        validation=task["validation"],
        **given,
    )
    dataset = hold_out(load_dataset(task["data"]), task["validation"])
    seconds, accuracy = 0.0, 0.0
    for event in Trainer(config, dataset, Mailbox(), opens_test=not task["validation"]).run():
        if isinstance(event, EpochEnded):
            seconds += event.seconds
        elif isinstance(event, RunEnded):
            accuracy = event.evaluated.evaluation.accuracy
    return {"rate": task["rate"], "seed": task["seed"], "accuracy": accuracy, "seconds": seconds}


def report(results: dict[str, list[dict[str, Any]]]) -> None:
    """A line for each optimizer."""
    rows = []
    for name, runs in results.items():
        accuracies = [100 * run["accuracy"] for run in runs]
        wide = T95.get(len(runs), 1.96) * stdev(accuracies) / sqrt(len(runs)) if runs[1:] else 0.0
        times = [run["seconds"] for run in runs]
        base = [run["seconds"] for run in results[BASE]] if BASE in results else None
        compared = "" if base is None else f"{ratio(times, base):.2f}"
        rows.append(
            [name, f"{runs[0]['rate']:g}", f"{mean(accuracies):.2f} ± {wide:.2f}%", compared]
        )
    print(f"\nTest accuracy, mean of {len(runs)} seeds with its 95% interval; time over {BASE}'s")
    print(table(["optimizer", "rate", "accuracy", f"time / {BASE}"], rows))


if __name__ == "__main__":
    main()
