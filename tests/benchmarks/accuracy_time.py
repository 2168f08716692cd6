"""Seconds of training until the test accuracy first reaches 98%, without augmentation.

digit-tui and PyTorch train the same network from the same kind of initial weights, with the same
Adam, batch size and constant rate. The test set is looked at after each epoch, which is not
counted; nor is a start of a few steps that warms up.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from itertools import islice
from statistics import mean, median, stdev
from typing import Any

from contenders import TorchRun, installed, make_config
from measure import finish, head, in_process, interleave, machine, make_parser, say, table

from digit_tui.config import RunConfig
from digit_tui.data import Dataset, load_dataset
from digit_tui.run.commands import Stop
from digit_tui.run.events import EpochEnded, StepsDone
from digit_tui.training.command_source import Mailbox
from digit_tui.training.trainer import Trainer

WARM_UP_STEPS = 20

Epochs = Iterator[tuple[float, float]]
"""For each epoch: its seconds, and the test accuracy at its end."""


def main() -> None:
    parser = make_parser(__doc__, rounds=5)
    parser.add_argument("--hidden", default="256,128", metavar="WIDTHS")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--target", type=float, default=0.98)
    parser.add_argument("--epochs", type=int, default=40, help="when to give up")
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(work(json.loads(options.worker))))
        return
    facts = machine(options.threads)
    print(head(facts), flush=True)
    common = {name: getattr(options, name) for name in ("data", "batch_size", "threads", "target")}
    common |= {"hidden": [int(width) for width in options.hidden.split(",")]}
    common |= {"epochs": options.epochs}
    names = [name for name in RUNS if installed(name)]
    if len(names) < len(RUNS):
        say("PyTorch is left out: it is not installed")
    seeds = {name: iter(range(options.rounds)) for name in names}  # a new one in each round
    results = interleave(
        {name: partial(race, name, common, seeds[name]) for name in names}, options.rounds
    )
    print(f"\nTraining until {options.target:.1%} of the test set is right")
    report(results)
    finish(options, facts, results)


def race(name: str, common: dict[str, Any], seeds: Iterator[int]) -> dict[str, Any]:
    return in_process(__file__, common | {"contender": name, "seed": next(seeds)})


def work(task: dict[str, Any]) -> dict[str, Any]:
    """One contender with one seed, in its own process."""
    config = make_config(
        task["hidden"],
        task["batch_size"],
        task["threads"],
        epochs=task["epochs"],
        seed=task["seed"],
    )
    epochs = RUNS[task["contender"]](load_dataset(task["data"]), config)
    seconds, count, accuracy = 0.0, 0, 0.0
    for more, accuracy in islice(epochs, task["epochs"]):
        seconds += more
        count += 1
        if accuracy >= task["target"]:
            break
    reached = accuracy >= task["target"]
    return {
        "seed": task["seed"],
        "reached": reached,
        "seconds": seconds,
        "epochs": count,
        "test_accuracy": accuracy,
    }


def run_digit_tui(dataset: Dataset, config: RunConfig) -> Epochs:
    mailbox = Mailbox()
    for event in Trainer(config, dataset, mailbox).run():
        if isinstance(event, StepsDone) and event.step >= WARM_UP_STEPS:
            mailbox.send(Stop())
    for event in Trainer(config, dataset, Mailbox()).run():
        if isinstance(event, EpochEnded):
            yield event.seconds, event.test_accuracy


def run_torch(dataset: Dataset, config: RunConfig) -> Epochs:
    TorchRun(dataset, config, fused=True).epoch(WARM_UP_STEPS)
    run = TorchRun(dataset, config, fused=True)
    while True:
        yield run.epoch(), run.accuracy()


RUNS = {"digit-tui": run_digit_tui, "PyTorch fused": run_torch}


def report(results: dict[str, list[dict[str, Any]]]) -> None:
    """A line for each seed, then mean, deviation and median of those that got there."""
    headers = ["seed", *(f"{name} {what}" for name in results for what in ("epochs", "seconds"))]
    rows = []
    for each in zip(*results.values(), strict=True):
        row = [str(each[0]["seed"])]
        for run in each:
            row += [str(run["epochs"]), f"{run['seconds']:.2f}" if run["reached"] else "never"]
        rows.append(row)
    reached = {
        name: [run for run in runs if run["reached"]] for name, runs in results.items()
    }  # one that never gets there has no time to average
    for title, summary in (("mean", mean), ("deviation", spread), ("median", median)):
        row = [title]
        for runs in reached.values():
            for what in ("epochs", "seconds"):
                row.append(f"{summary([run[what] for run in runs]):.2f}" if runs else "")
        rows.append(row)
    print(table(headers, rows))
    if len(reached) == 2 and all(len(reached[name]) == len(results[name]) for name in results):
        first, second = ([run["seconds"] for run in runs] for runs in reached.values())
        print(f"\ndigit-tui / PyTorch fused, means: {mean(first) / mean(second):.2f}")
        print(f"digit-tui / PyTorch fused, medians: {median(first) / median(second):.2f}")


def spread(values: list[float]) -> float:
    return stdev(values) if len(values) > 1 else 0.0


if __name__ == "__main__":
    main()
