"""Milliseconds from a key to the view or the selection that it asks for, while a run trains.

The real program in a pseudo-terminal, preset `standard`, at two sizes. The first opening of a view
is timed apart: each round starts the program anew. `esc` alone leads back to the list, and any
terminal program waits a moment (Textual 100 ms) before it takes that for a key of its own.
"""

from __future__ import annotations

import argparse
import random
import re
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from interface import PATIENCE_SECONDS, SETTLE_SECONDS, command
from measure import finish, head, interleave, machine, make_parser, percentile, table
from terminal import Terminal

SIZES = ((80, 24), (120, 40))
LOOKED = re.compile(rb"best \d\d\.\d\d%")
"""The run has looked at the test digits, and so has something to show."""
PAUSE_SECONDS = (0.3, 0.8)
"""Between two keys: any phase of the interface's own rhythm may meet them."""

UP, DOWN, RIGHT, HOME = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[H"
MISTAKES = re.compile(rb"mistakes by loss.*\xe2\x96\xb8", re.DOTALL)
EXPLANATION = re.compile(rb"what if it were.*thinner", re.DOTALL)
CONFUSION = re.compile(rb"columns: predicted.*accuracy", re.DOTALL)
NETWORK = re.compile(rb"layer +shape.*output", re.DOTALL)
TRAINING = re.compile(rb"Loss by epoch")
LIST = re.compile(rb"\xe2\x96\xb8")
DIGIT = re.compile(rb"#\d+ ")
CELL = re.compile(rb"recognized|taken for")
CANVAS = re.compile(rb"brush")
BARS = re.compile(rb"\d\.\d%")
STROKE = 20
"""Pixels that a stroke from the middle may have, down and to the right by turns."""


def main() -> None:
    options = parse()
    facts = machine(options.threads)
    print(head(facts), flush=True)
    contenders = {f"{size[0]}x{size[1]}": partial(visit, options, size) for size in SIZES}
    rounds = interleave(contenders, options.rounds)
    results: dict[str, Any] = {}
    for size, visits in rounds.items():
        times: dict[str, list[float]] = {}
        for each in visits:
            for what, values in each.items():
                times.setdefault(what, []).extend(values)
        results[size] = times
        print(f"\nMilliseconds at {size}, {options.rounds} runs")
        rows = [
            [what, str(len(each)), *(f"{value:.0f}" for value in summary(each))]
            for what, each in times.items()
        ]
        print(table(["key", "times", "median", "p95", "max"], rows), flush=True)
    finish(options, facts, results)


def parse() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--again", type=int, default=4, help="later openings of each view")
    parser.add_argument("--moves", type=int, default=20, help="moves of each selection")
    return parser.parse_args()


def summary(times: list[float]) -> tuple[float, float, float]:
    return median(times), percentile(times, 95), max(times)


def visit(options: argparse.Namespace, size: tuple[int, int]) -> dict[str, list[float]]:
    """Go through all views of one run."""
    times: dict[str, list[float]] = {}
    moments = random.Random(0)

    def press(what: str, key: str, shown: re.Pattern[bytes]) -> None:
        terminal.read(moments.uniform(*PAUSE_SECONDS))
        pressed = perf_counter()
        terminal.send(key)
        seen = terminal.wait_for(shown, PATIENCE_SECONDS)
        times.setdefault(what, []).append(1_000 * (seen - pressed))

    with TemporaryDirectory() as folder:
        run = command(options, Path(folder, "run"), "--epochs", "1000")
        with Terminal(run, *size) as terminal:
            terminal.wait_for(LOOKED, PATIENCE_SECONDS)
            terminal.read(SETTLE_SECONDS)
            for number in range(1 + options.again):
                which = "again" if number else "first"
                press(f"mistakes, {which}", "\t", MISTAKES)
                press(f"explanation, {which}", "\r", EXPLANATION)
                press("back to the list", "\x1b", LIST)
                press(f"confusion, {which}", "\t", CONFUSION)
                press(f"network, {which}", "\t", NETWORK)
                press(f"draw, {which}", "\t", CANVAS)
                press("training", "\t", TRAINING)
            press("mistakes, again", "\t", MISTAKES)
            terminal.send(HOME + 10 * DOWN)  # a look at the digits may move it up the list
            for number in range(options.moves):
                press("selection in the list", (DOWN, UP)[number % 2], DIGIT)
            press("explanation, again", "\r", EXPLANATION)
            for number in range(options.moves):
                press("selection while explained", (DOWN, UP)[number % 2], DIGIT)
            press("confusion, again", "\t", CONFUSION)
            for number in range(options.moves):
                press("selection in the matrix", (DOWN, UP)[number % 2], CELL)
            press("network, again", "\t", NETWORK)
            press("draw, again", "\t", CANVAS)
            terminal.send(" ")  # the pen goes down
            for number in range(min(options.moves, STROKE)):
                press("pixel to bars", (DOWN, RIGHT)[number % 2], BARS)
    return times


if __name__ == "__main__":
    main()
