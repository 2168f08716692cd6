"""A sweep against as many runs one after the other, and how long a range test takes.

Each trial has the settings of the grid of its number, so both train the same networks. The runs in
turn begin a process each, as a script would; so does each range test.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from measure import finish, head, interleave, machine, make_parser, table

DIGIT_TUI = [sys.executable, "-m", "digit_tui"]
RATES, WIDTHS = 10, 3
"""Values of the grid: learning rates from 0.001 on, and widths of the hidden layer."""
OPTIMIZERS = ("momentum", "adam")


def main() -> None:
    options = parse()
    facts = machine(options.threads)
    print(head(facts), flush=True)
    results: dict[str, Any] = {"sweeps": sweeps(options), "range tests": range_tests(options)}
    finish(options, facts, results)


def parse() -> Namespace:
    parser = make_parser(__doc__, rounds=1)
    parser.set_defaults(data="sample")
    parser.add_argument("--preset", default="classic")
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--pruner", default="none", help="that of the sweep")
    parser.add_argument("--tested", nargs="+", default=["sample", "mnist"], metavar="DATA")
    return parser.parse_args()


def sweeps(options: Namespace) -> dict[str, Any]:
    """Seconds of a sweep, and of its trials in turn."""
    rates = ",".join(f"{0.001 * (number + 1):g}" for number in range(RATES))
    widths = ",".join(str(32 * (number + 1)) for number in range(WIDTHS))
    common = ["--data", options.data, "--preset", options.preset, "--epochs", str(options.epochs)]
    tried = [f"lr={rates}", f"hidden={widths}", f"optimizer={','.join(OPTIMIZERS)}"]
    more = [word for each in tried for word in ("--try", each)]
    more += ["--sampler", "grid", "--pruner", options.pruner, "--workers", str(options.threads)]

    with TemporaryDirectory() as folder:
        environment = {**os.environ, "XDG_STATE_HOME": folder}

        def swept() -> float:
            Path(folder, "studies").mkdir()
            command = [
                "sweep",
                "timed",
                *common,
                *more,
                "--batch",
                "--storage",
                f"{folder}/studies",
            ]
            return _seconds(command, environment)

        def in_turn() -> float:
            shown = _output(["sweep", "show", f"{folder}/studies/timed", "--csv"], environment)
            total = 0.0
            for line in shown.splitlines()[1:]:
                rate, width, optimizer = line.rsplit(",", 3)[1:]
                settings = ["--lr", rate, "--hidden", width, "--optimizer", optimizer]
                held_out = ["--validation", "1000", "--threads", "1"]
                total += _seconds(["--batch", *common, *settings, *held_out], environment)
            return total

        found = interleave({"sweep": swept, "in turn": in_turn}, 1)
    trials = RATES * WIDTHS * len(OPTIMIZERS)
    (sweep,), (turn,) = found["sweep"], found["in turn"]
    workers = str(options.threads)
    rows = [[str(trials), workers, f"{sweep:.1f}", f"{turn:.1f}", f"{turn / sweep:.2f}"]]
    heads = ["trials", "workers", "sweep, s", "in turn, s", "in turn / sweep"]
    print(f"\n{table(heads, rows)}", flush=True)
    return found


def range_tests(options: Namespace) -> dict[str, list[float]]:
    """Seconds of `lr-find`, from the start of the process to its end."""
    found = {}
    for data in options.tested:
        command = ["lr-find", "--data", data, "--preset", "standard", "--json"]
        found[data] = [_seconds(command, dict(os.environ)) for _ in range(3)]
    rows = [[data, f"{median(each):.1f}"] for data, each in found.items()]
    print(f"\n{table(['lr-find, standard', 'seconds'], rows)}", flush=True)
    return found


def _seconds(command: list[str], environment: dict[str, str]) -> float:
    started = perf_counter()
    _output(command, environment)
    return perf_counter() - started


def _output(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run([*DIGIT_TUI, *command], env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{shlex.join(command)}: {done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
