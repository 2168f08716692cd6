"""What looking costs: the evaluation after each epoch, with all that the screens compute of it.

Biographies, suspects, margins, a selection in its order, the confusion matrix with its scores, and
the change since the epoch before; as a share of the epoch that was trained in between.
"""

from __future__ import annotations

import argparse
from statistics import median
from time import perf_counter

from measure import finish, head, machine, make_parser, say, table

from digit_tui.config import RunConfig
from digit_tui.data import load_dataset
from digit_tui.insight.change import confusion_change, epoch_before
from digit_tui.insight.confusion import class_scores, confusion_matrix
from digit_tui.insight.digit_table import DigitTable
from digit_tui.insight.selection import ORDERS, parse_selection, select
from digit_tui.run.events import EpochEnded, Evaluated
from digit_tui.training.command_source import Mailbox
from digit_tui.training.trainer import Trainer

SELECTION = "true=4 pred=9 conf>0.5"


def main() -> None:
    options = parse()
    facts = machine(options.threads)
    print(head(facts), flush=True)
    config = RunConfig.from_preset(
        "standard", data=options.data, epochs=options.epochs, threads=options.threads
    )
    dataset = load_dataset(config.data, config.side)
    epochs, looks, insights = [], [], []
    for event in Trainer(config, dataset, Mailbox()).run():
        match event:
            case Evaluated():
                looks.append(event.seconds)
                insights.append(look(event))
            case EpochEnded():
                epochs.append(event.seconds)
                say(f"epoch {event.epoch} of {options.epochs}")
    results = {"epoch": epochs, "look": looks, "insight": insights}
    epoch = median(epochs)
    rows = [
        [name, f"{1_000 * median(each):,.1f}", f"{median(each) / epoch:.2%}"]
        for name, each in results.items()
    ]
    share = (median(looks) + median(insights)) / epoch
    print(f"\nMedians of {options.epochs} epochs of `standard`, {dataset.name}")
    print(table(["what", "milliseconds", "of an epoch"], rows))
    print(f"\nlook and insight / epoch: {share:.2%}")
    finish(options, facts, results | {"share": share})


def parse() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--epochs", type=int, default=10)
    return parser.parse_args()


def look(event: Evaluated) -> float:
    """Compute what any of the views shows of a look; in seconds."""
    started = perf_counter()
    evaluation = event.evaluation
    digits = DigitTable(evaluation, event.history)
    classes = evaluation.probabilities.shape[1]
    for values in (digits.lives, digits.suspects, digits.unbacked, digits.margins, digits.wrong):
        assert values is not None
    for order in ORDERS:
        select(digits, parse_selection(SELECTION, classes), order)
    class_scores(confusion_matrix(evaluation))
    before = epoch_before(event.history, event.epoch)
    if before is not None:
        confusion_change(evaluation.labels, before[1], evaluation.predictions, classes)
    return perf_counter() - started


if __name__ == "__main__":
    main()
