"""Worker processes killed at random times during one run: the weights, and the time lost per kill.

The limit after which a run goes on in one process is lifted: else there would be no worker to kill.
The time lost is that from a kill to the end of the first steps that are new.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from argparse import Namespace
from contextlib import suppress
from statistics import median
from threading import Event as Flag
from threading import Thread
from time import perf_counter
from typing import Any

from measure import children, finish, head, in_process, machine, make_parser, percentile, say

from digit_tui.config import RunConfig
from digit_tui.data import load_dataset
from digit_tui.engine import worker_pool
from digit_tui.run.events import RunEnded, RunStarted, StepsDone, WorkerLost
from digit_tui.training.command_source import Mailbox
from digit_tui.training.trainer import Trainer


def main() -> None:
    options = parse()
    if options.worker:
        print(json.dumps(work(json.loads(options.worker))))
        return
    facts = machine(options.threads)
    print(head(facts), flush=True)
    results = {}
    for name, kills in {"undisturbed": 0, "killed": options.kills}.items():
        say(name)
        results[name] = run(options, kills)
    report(results)
    finish(options, facts, results)


def parse() -> Namespace:
    parser = make_parser(__doc__, rounds=1)
    parser.add_argument("--preset", default="classic")
    parser.add_argument("--epochs", type=int, help="the preset's, unless named")
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--gap", type=float, default=0.4, help="mean seconds between two kills")
    return parser.parse_args()


def run(options: Namespace, kills: int) -> dict[str, Any]:
    names = ("data", "preset", "epochs", "threads", "gap")
    return in_process(__file__, {name: getattr(options, name) for name in names} | {"kills": kills})


def work(task: dict[str, Any]) -> dict[str, Any]:
    """One run, in a process of its own."""
    config = RunConfig.from_preset(
        task["preset"], data=task["data"], epochs=task["epochs"], threads=task["threads"], seed=1
    )
    worker_pool.DEATHS = sys.maxsize
    trainer = Trainer(config, load_dataset(config.data), Mailbox())
    killed: dict[int, float] = {}
    over = Flag()
    killer = Thread(target=kill, args=(task["kills"], task["gap"], killed, over))
    lost: list[float] = []
    waiting: list[float] = []
    started = ended = 0.0
    for event in trainer.run():
        match event:
            case RunStarted():
                started = perf_counter()
                killer.start()
            case WorkerLost(pid=int(pid)):
                waiting.append(killed[pid])
            case StepsDone():
                lost += [perf_counter() - each for each in waiting]
                waiting.clear()
            case RunEnded():
                ended = perf_counter()
                over.set()
                weights = event.weights_sha256
    killer.join()
    return {
        "weights": weights,
        "seconds": ended - started,
        "kills": len(killed),
        "lost": lost,
    }


def kill(kills: int, gap: float, killed: dict[int, float], over: Flag) -> None:
    """Kill a worker process, then one of those that took its place, and so on."""
    moments = random.Random(1)
    while len(killed) < kills and not over.wait(moments.uniform(0, 2 * gap)):
        processes = [each for each in children(os.getpid()) if each not in killed]
        if processes:
            chosen = moments.choice(processes)
            killed[chosen] = perf_counter()
            with suppress(ProcessLookupError):  # it was replaced, with the others
                os.kill(chosen, signal.SIGKILL)


def report(results: dict[str, dict[str, Any]]) -> None:
    plain, killed = results["undisturbed"], results["killed"]
    same = plain["weights"] == killed["weights"]
    print(f"\nUndisturbed {plain['seconds']:8.1f} s  {plain['weights']}")
    print(f"{killed['kills']:>5} kills {killed['seconds']:8.1f} s  {killed['weights']}")
    print("The same bits." if same else "OTHER BITS.")
    lost = killed["lost"]
    print(f"Time lost per kill: median {median(lost):.2f} s, p99 {percentile(lost, 99):.2f} s")


if __name__ == "__main__":
    sys.exit(main())
