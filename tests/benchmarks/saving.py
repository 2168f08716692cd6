"""What it costs to save a run, and to keep moments of it to go back to.

Each run is of the same preset on the same digits, from the first step to the end of the last epoch:
once without either, once with a folder that checkpoints, journal and metrics go to, once with the
moments that undo goes back to, in memory. "spent" is the share of the time that the training thread
itself was busy with it: on a machine with other work it says more than the ratio.
"""

from __future__ import annotations

import json
import resource
import sys
from argparse import Namespace
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from measure import finish, head, in_process, interleave, machine, make_parser, ratio, table

from digit_tui.config import RunConfig
from digit_tui.data import load_dataset
from digit_tui.run.commands import Stop
from digit_tui.run.events import CheckpointSaved, EpochEnded, RunStarted, TimelineChanged
from digit_tui.storage.run_writer import RunWriter
from digit_tui.training.command_source import Mailbox
from digit_tui.training.snapshots import UNDO_BYTES
from digit_tui.training.trainer import Trainer

MIB = 1 << 20
TARGET = 1.02
KINDS = ("neither", "saved", "undo")


def main() -> None:
    options = parse()
    if options.worker:
        print(json.dumps(work(json.loads(options.worker))))
        return
    facts = machine(options.threads)
    print(head(facts), flush=True)
    contenders = {kind: partial(run, options, kind) for kind in KINDS}
    results = interleave(contenders, options.rounds)
    report(results)
    finish(options, facts, results)


def parse() -> Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--preset", default="standard")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--folder", type=Path, help="on the disk to save to")
    return parser.parse_args()


def run(options: Namespace, kind: str) -> dict[str, Any]:
    task = {
        "kind": kind,
        "data": options.data,
        "preset": options.preset,
        "epochs": options.epochs,
        "threads": options.threads,
        "folder": options.folder and str(options.folder),
    }
    return in_process(__file__, task)


def work(task: dict[str, Any]) -> dict[str, Any]:
    """One run, in a process of its own."""
    config = RunConfig.from_preset(
        task["preset"], data=task["data"], epochs=task["epochs"], threads=task["threads"]
    )
    dataset = load_dataset(config.data)
    mailbox = Mailbox()
    saves = moments = 0
    started = ended = memory = 0.0
    with TemporaryDirectory(dir=task["folder"]) as folder:
        saved = RunWriter(Path(folder) / "run") if task["kind"] == "saved" else None
        trainer = Trainer(config, dataset, mailbox, saved, interactive=task["kind"] == "undo")
        for event in trainer.run():
            match event:
                case RunStarted():
                    started = perf_counter()
                    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                case CheckpointSaved():
                    saves += 1
                case TimelineChanged():
                    moments += 1
                case EpochEnded(epoch=epoch):
                    if epoch == task["epochs"]:
                        # What is saved or kept at the very end comes after the clock is stopped,
                        # but all that is done on the way is inside.
                        ended = perf_counter()
                        mailbox.send(Stop())
    spent = trainer.handler.saves.spent + trainer.handler.undo.spent
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - memory
    return {
        "seconds": ended - started,
        "spent": spent / (ended - started),
        "saves": saves,
        "moments": moments,
        "grown": grown,
    }


def report(results: dict[str, list[dict[str, Any]]]) -> None:
    seconds = {kind: [each["seconds"] for each in runs] for kind, runs in results.items()}
    rows = []
    for kind, runs in results.items():
        factor = ratio(seconds[kind], seconds["neither"])
        verdict = "" if kind == "neither" else ("met" if factor <= TARGET else "missed")
        rows.append(
            [
                kind,
                f"{median(seconds[kind]):.2f}",
                f"{factor:.3f}",
                verdict,
                f"{median(each['spent'] for each in runs):.2%}",
                f"{median(each['saves'] for each in runs):.0f}",
                f"{median(each['moments'] for each in runs):.0f}",
                f"{median(each['grown'] for each in runs):.0f}",
            ]
        )
    headers = [
        "run",
        "seconds",
        "/ neither",
        f"to {TARGET}",
        "spent",
        "saves",
        "moments",
        "memory MiB",
    ]
    print(f"\n{table(headers, rows)}")
    print(f"\nMoments take up to {UNDO_BYTES // MIB} MiB. Arena is what a run grew by.")


if __name__ == "__main__":
    sys.exit(main())
