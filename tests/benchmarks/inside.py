"""What it costs to look inside a network: units, pruning, the map and the embedding, on one thread.

The network has trained for an epoch. Processor time says what it costs beside training; the time on
the clock is the same on a quiet machine.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter, process_time

from measure import finish, head, interleave, machine, make_parser, table
from threadpoolctl import threadpool_limits

from digit_tui.config import RunConfig
from digit_tui.data import Dataset, load_dataset
from digit_tui.insight.embedding import MOST, embed
from digit_tui.insight.path import contributions
from digit_tui.insight.projection import project
from digit_tui.insight.units import evaluate_without, layer_activations, layer_units
from digit_tui.run.commands import Inspect
from digit_tui.run.events import Inspected, StepsDone
from digit_tui.run.pruning import prune_by_magnitude
from digit_tui.training.command_source import Mailbox
from digit_tui.training.trainer import Trainer


def main() -> None:
    options = make_parser(__doc__).parse_args()
    options.threads = 1
    facts = machine(options.threads)
    print(head(facts), flush=True)
    config = RunConfig.from_preset("standard", data=options.data, epochs=1, threads=1)
    dataset = load_dataset(config.data, config.side)
    inspected = trained(config, dataset)
    network = inspected.evaluated_network
    images, labels = dataset.test_images, dataset.test_labels
    last = len(network.layers) - 1
    features = layer_activations(network, images, last)
    tasks: dict[str, Callable[[], object]] = {
        "units of layer 1": lambda: layer_units(network, images, labels, 1),
        "test digits without a unit": lambda: evaluate_without(network, images, labels, 1, [0]),
        "what decides for one digit": lambda: contributions(network, images[0], 1, 0, 1),
        "pruning, all 20 shares": lambda: list(prune_by_magnitude(inspected, images, labels)),
        "map of all test digits": lambda: project(features),
        f"embedding of {min(MOST, len(images)):,}": lambda: list(embed(features[:MOST])),
    }
    with threadpool_limits(1):
        results = interleave({name: timed(task) for name, task in tasks.items()}, options.rounds)
    rows = [
        [name, *(f"{1_000 * median(each):,.1f}" for each in zip(*times, strict=True))]
        for name, times in results.items()
    ]
    sizes = "-".join(map(str, network.sizes))
    print(f"\nMedians of {options.rounds} rounds, {sizes}, {len(images):,} test digits")
    print(table(["what", "processor ms", "clock ms"], rows))
    finish(options, facts, results)


def trained(config: RunConfig, dataset: Dataset) -> Inspected:
    """The state at the end of an epoch, or a little earlier."""
    mailbox, found = Mailbox(), []
    for event in Trainer(config, dataset, mailbox).run():
        if isinstance(event, StepsDone):
            mailbox.send(Inspect())
        elif isinstance(event, Inspected):
            found.append(event)
    return found[-1]


def timed(task: Callable[[], object]) -> Callable[[], tuple[float, float]]:
    """Makes what runs a task and gives its processor and clock time, in seconds."""

    def run() -> tuple[float, float]:
        started, began = process_time(), perf_counter()
        task()
        return process_time() - started, perf_counter() - began

    return run


if __name__ == "__main__":
    main()
