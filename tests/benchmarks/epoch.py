"""Seconds of one training epoch: digit-tui, PyTorch, scikit-learn and the floor.

The floor is the time of the epoch's matrix products alone. Each contender of each round runs in
a process of its own; the first epoch warms up and is not counted.
"""

from __future__ import annotations

import argparse
import json
from functools import partial
from itertools import islice
from statistics import median
from typing import Any

from contenders import CONTENDERS, installed, make_config
from measure import finish, head, in_process, interleave, machine, make_parser, ratio, say, table

from digit_tui.data import load_dataset

NETWORKS = ("128", "256,128", "512,256")
VARIANTS = ("elastic", "averaged")
VARIANTS_NETWORK = "512,256"
"""Where the cost of deformation and averaging is measured."""

Case = tuple[str, int]
"""Hidden widths and batch size."""
Seconds = dict[str, list[float]]
"""Of an epoch, for each contender and round; `with evaluation` is digit-tui's own."""


def main() -> None:
    options = parse()
    if options.worker:
        print(json.dumps(work(json.loads(options.worker))))
        return
    facts = machine(options.threads)
    print(head(facts), flush=True)
    names = [name for name in options.contenders if installed(name)]
    for name in set(options.contenders).difference(names):
        say(f"{name} is left out: it is not installed")
    cases = [(hidden, size) for hidden in options.networks for size in options.batch_sizes]
    seconds = {case: measure(case, names, options) for case in cases}
    report(seconds)
    finish(
        options,
        facts,
        [
            {"hidden": hidden, "batch_size": size, "seconds": figures, "ratios": ratios(figures)}
            for (hidden, size), figures in seconds.items()
        ],
    )


def parse() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--networks", nargs="+", default=NETWORKS, metavar="WIDTHS")
    parser.add_argument("--batch-sizes", nargs="+", type=int, default=(64, 128, 256), metavar="N")
    parser.add_argument("--epochs", type=int, default=3, help="counted epochs of each run")
    parser.add_argument(
        "--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS), metavar="NAME"
    )
    return parser.parse_args()


def work(task: dict[str, Any]) -> dict[str, float]:
    """One contender of one round, in its own process."""
    config = make_config(task["hidden"], task["batch_size"], task["threads"])
    epochs = CONTENDERS[task["contender"]](load_dataset(task["data"]), config)
    counted = list(islice(epochs, 1, 1 + task["epochs"]))
    return {
        "seconds": median(training for training, _ in counted),
        "with evaluation": median(whole for _, whole in counted),
    }


def measure(case: Case, names: list[str], options: argparse.Namespace) -> Seconds:
    """All rounds of one network and batch size."""
    hidden, batch_size = case
    if hidden != VARIANTS_NETWORK:
        names = [name for name in names if name not in VARIANTS]
    tasks = {
        name: {
            "contender": name,
            "data": options.data,
            "hidden": [int(width) for width in hidden.split(",")],
            "batch_size": batch_size,
            "threads": options.threads,
            "epochs": options.epochs,
        }
        for name in names
    }
    runs = {name: partial(in_process, __file__, task) for name, task in tasks.items()}
    results = interleave(runs, options.rounds, f"{hidden} batch {batch_size}")
    seconds = {name: [each["seconds"] for each in rounds] for name, rounds in results.items()}
    if "digit-tui" in results:
        seconds["with evaluation"] = [each["with evaluation"] for each in results["digit-tui"]]
    return seconds


def ratios(seconds: Seconds) -> dict[str, float]:
    """digit-tui's time over each other's, and its variants' over its own."""
    if "digit-tui" not in seconds:
        return {}
    own = seconds["digit-tui"]
    return {
        name: ratio(figures, own) if name in VARIANTS else ratio(own, figures)
        for name, figures in seconds.items()
        if name not in ("digit-tui", "with evaluation")
    }


def report(seconds: dict[Case, Seconds]) -> None:
    peers = ["floor", "PyTorch fused", "PyTorch", "scikit-learn"]
    columns = ["floor", "digit-tui", "with evaluation", *VARIANTS, *peers[1:]]

    def label(case: Case) -> list[str]:
        return ["784-" + case[0].replace(",", "-") + "-10", str(case[1])]

    print("\nSeconds of an epoch, median of the rounds")
    rows = [
        label(case) + [f"{median(by[name]):.3f}" if name in by else "" for name in columns]
        for case, by in seconds.items()
    ]
    print(table(["network", "batch", *columns], rows))

    print("\nRatios, median over the rounds; below 1 digit-tui is faster")
    rows = []
    for case, by in seconds.items():
        found = ratios(by)
        rows.append(
            label(case)
            + [f"{found[name]:.2f}" if name in found else "" for name in [*peers, *VARIANTS]]
        )
    compared = [f"/ {name}" for name in peers] + [f"{name} / plain" for name in VARIANTS]
    print(table(["network", "batch", *compared], rows))


if __name__ == "__main__":
    main()
