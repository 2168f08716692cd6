"""Seconds of training until 98.0, 98.5, 99.0 and 99.3% of the test digits are right.

For each of them there is a run that is as long as it has to be. digit-tui and PyTorch train the
same network by the same rule, batches, rates and deformed images, from the same kind of initial
weights. The test set is looked at after each epoch, which is not counted; nor is a start of a few
steps that warms up. `--select` measures runs on held-out training images instead: the fifth of them
that a split leaves out, in five splits with five seeds.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from statistics import mean, median
from typing import Any

from accuracy_time import RUNS
from contenders import installed
from measure import finish, head, in_process, interleave, machine, make_parser, table

from digit_tui.config import RunConfig, flag_of, parse_widths
from digit_tui.data import load_dataset
from digit_tui.engine.holdout import PARTS, fold
from digit_tui.run.events import EpochEnded
from digit_tui.training.command_source import Mailbox
from digit_tui.training.trainer import Trainer

TARGETS: dict[float, dict[str, Any]] = {
    0.980: {
        "hidden": "256,128",
        "augment": "none",
        "batch_size": 256,
        "learning_rate": 0.012,
        "epochs": 4,
    },
    0.985: {"epochs": 9},
    0.990: {},
    0.993: {
        "optimizer": "adamw",
        "learning_rate": 0.008,
        "weight_decay": 0.05,
        "side": 20,
        "elastic": 0.5,
        "epochs": 50,
    },
}
"""For each share the options beside `--preset sprint` of the run that is to reach it."""


def main() -> None:
    options = parse()
    if options.worker:
        print(json.dumps(work(json.loads(options.worker))))
        return
    facts = machine(options.threads)
    print(head(facts), flush=True)
    given = dict(map(parse_option, options.set))
    common = {"data": options.data, "threads": options.threads}
    results: dict[str, Any] = {}
    for target in options.targets:
        task = common | {"target": target, "options": TARGETS[target] | given}
        told = " ".join(f"--{flag_of(name)} {it}" for name, it in task["options"].items())
        print(f"\n{target:.1%}: --preset sprint {told}", flush=True)
        if options.select:
            results[str(target)] = select(task, options)
            continue
        names = [name for name in RUNS if installed(name)]
        seeds = {name: iter(range(101, 101 + options.rounds)) for name in names}
        runs = {name: partial(race, name, task, seeds[name]) for name in names}
        results[str(target)] = interleave(runs, options.rounds, f"{target:.1%}")
        report(results[str(target)])
    finish(options, facts, results)


def parse() -> argparse.Namespace:
    parser = make_parser(__doc__, rounds=10)
    parser.add_argument("--targets", nargs="+", type=float, default=[*TARGETS], choices=[*TARGETS])
    parser.add_argument("--select", action="store_true", help="on held-out images, not a race")
    parser.add_argument("--seeds", type=int, default=5, help="of each split, with --select")
    parser.add_argument("--splits", type=int, default=PARTS, choices=range(1, PARTS + 1))
    parser.add_argument("--set", nargs="*", default=[], metavar="OPTION=X", help="another run")
    return parser.parse_args()


def parse_option(text: str) -> tuple[str, Any]:
    """A field of RunConfig and its value, such as batch_size=256."""
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value) if name != "hidden" else value
    except ValueError:
        return name, value


def config_of(task: dict[str, Any]) -> RunConfig:
    options = dict(task["options"])
    if "hidden" in options:
        options["hidden"] = parse_widths(options["hidden"])
    return RunConfig.from_preset("sprint", threads=task["threads"], seed=task["seed"], **options)


def race(name: str, task: dict[str, Any], seeds: Iterator[int]) -> dict[str, Any]:
    return in_process(__file__, task | {"contender": name, "seed": next(seeds)})


def select(task: dict[str, Any], options: argparse.Namespace) -> list[float]:
    """The share of the held-out images that is right at the end, for each split and seed."""
    found = [
        in_process(__file__, task | {"split": split, "seed": seed})["accuracy"]
        for split in range(options.splits)
        for seed in range(1, options.seeds + 1)
    ]
    print(f"held out: {mean(found):.2%}, {min(found):.2%} to {max(found):.2%}", flush=True)
    return found


def work(task: dict[str, Any]) -> dict[str, Any]:
    """One run, in its own process."""
    config = config_of(task)
    dataset = load_dataset(task["data"], config.side)
    if "split" in task:
        dataset = fold(dataset, task["split"])
        assert dataset.validation_labels is not None
        config = config.with_(validation=len(dataset.validation_labels))
        events = Trainer(config, dataset, Mailbox(), opens_test=False).run()
        *_, (_, _, accuracy) = (each.monitored for each in events if isinstance(each, EpochEnded))
        return {"accuracy": accuracy}
    seconds, accuracies = 0.0, []
    for more, accuracy in islice(RUNS[task["contender"]](dataset, config), config.epochs):
        seconds += more
        accuracies.append(accuracy)
        if accuracy >= task["target"]:
            break
    reached = accuracies[-1] >= task["target"]
    return {"seed": task["seed"], "reached": reached, "seconds": seconds, "accuracies": accuracies}


def report(results: dict[str, list[dict[str, Any]]]) -> None:
    """Of each contender: how many runs got there, and when."""
    rows = []
    for name, runs in results.items():
        seconds = [run["seconds"] for run in runs if run["reached"]]
        epochs = [len(run["accuracies"]) for run in runs if run["reached"]]
        shown = [f"{how(seconds):.2f}" if seconds else "" for how in (mean, min, max)]
        rows.append([name, f"{len(seconds)} of {len(runs)}", *shown, f"{middle(epochs)}"])
    print(table(["", "reached", "seconds, mean", "least", "most", "epochs, median"], rows))
    if all(run["reached"] for runs in results.values() for run in runs) and len(results) == 2:
        first, second = (mean(run["seconds"] for run in runs) for runs in results.values())
        print(f"digit-tui / PyTorch: {first / second:.2f}")


def middle(values: Sequence[float]) -> str:
    return f"{median(values):g}" if values else ""


if __name__ == "__main__":
    main()
