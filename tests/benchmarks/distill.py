"""What a teacher is worth by temperature and weight, on digits that are held out of all runs.

A committee teaches networks of other seeds. Each is compared with the network of the same seed that
learned from the labels alone, on the same held-out training images: the test set stays unseen.
"""

from __future__ import annotations

import argparse
from itertools import product
from statistics import mean
from typing import Any

from measure import finish, head, machine, make_parser, say, table

from digit_tui.config import RunConfig
from digit_tui.data import Dataset, load_dataset
from digit_tui.engine.holdout import hold_out
from digit_tui.nn import Evaluation, Network
from digit_tui.run.events import Evaluated
from digit_tui.run.teacher import Teacher, TeacherMember
from digit_tui.storage.start_point import StartPoint
from digit_tui.training.command_source import Mailbox
from digit_tui.training.trainer import Trainer

HELD_OUT = 10_000
MEMBERS = 3
FIRST_STUDENT = 11
"""Its seed; the members have 1, 2, 3."""


def main() -> None:
    options = parse()
    facts = machine(options.threads)
    print(head(facts), flush=True)
    dataset = hold_out(load_dataset(options.data), HELD_OUT)
    members = []
    for seed in range(1, MEMBERS + 1):
        say(f"teacher {seed}/{MEMBERS}")
        members.append(TeacherMember(f"seed {seed}", trained(options, dataset, seed)[0]))
    ways = [None, *product(options.temperatures, options.weights)]
    figures: dict[str, list[float]] = {}
    losses: dict[str, list[float]] = {}
    for number in range(options.rounds):
        for way in ways:
            name = "labels alone" if way is None else f"T {way[0]:g}, a {way[1]:g}"
            say(f"round {number + 1}/{options.rounds}  {name}")
            teacher = None if way is None else Teacher(tuple(members), *way)
            _, found = trained(options, dataset, FIRST_STUDENT + number, teacher)
            figures.setdefault(name, []).append(100 * found.accuracy)
            losses.setdefault(name, []).append(found.loss)
    rows = [
        [name, f"{mean(each):.2f}", " ".join(f"{one:.2f}" for one in each), f"{mean(of):.4f}"]
        for (name, each), of in zip(figures.items(), losses.values(), strict=True)
    ]
    print(table(["learned from", "held out %", "each", "loss"], rows))
    finish(options, facts, {"accuracy": figures, "loss": losses})


def parse() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--temperatures", type=float, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--weights", type=float, nargs="+", default=[0.5, 0.9])
    return parser.parse_args()


def trained(
    options: argparse.Namespace, dataset: Dataset, seed: int, teacher: Teacher | None = None
) -> tuple[Network, Evaluation]:
    """A network of `standard`, and its last evaluation on the held-out images."""
    values: dict[str, Any] = {"seed": seed, "threads": options.threads, "epochs": options.epochs}
    config = RunConfig.from_preset("standard", data=options.data, validation=HELD_OUT, **values)
    start = StartPoint(teacher=teacher)
    trainer = Trainer(config, dataset, Mailbox(), start_point=start, opens_test=False)
    found = [event for event in trainer.run() if isinstance(event, Evaluated)][-1]
    return found.network, found.evaluation


if __name__ == "__main__":
    main()
