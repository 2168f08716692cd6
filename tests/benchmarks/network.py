"""What looking inside the network costs: throughput, key-to-screen time, bytes to the terminal.

The real program trains in a pseudo-terminal with a page of the network view in sight, as
interface.py has it with the training view.
"""

from __future__ import annotations

import argparse
import re
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from interface import (
    PLAIN,
    POLL_SECONDS,
    SETTINGS,
    SETTLE_SECONDS,
    TRAINING,
    Speed,
    Watch,
    command,
    run_headless,
    share_of,
    time_keys,
)
from measure import (
    finish,
    head,
    interleave,
    machine,
    make_parser,
    say,
    table,
)
from terminal import Terminal

PAGES = ("Layers", "Units", "Digit", "Map", "Health", "Robustness", "Calibration")
TO_NETWORK = 2 * "\x1b[Z"
"""Shift+tab: from the first view back to the last but one."""
PARTS = ("throughput", "keys", "bytes")


def main() -> None:
    options = parse()
    facts = machine(options.threads)
    print(head(facts), flush=True)
    parts = {"throughput": throughput, "keys": keys, "bytes": written}
    finish(options, facts, {part: parts[part](options) for part in options.only})


def parse() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART")
    parser.add_argument("--epochs", type=int, default=48, help="length of a throughput run")
    parser.add_argument("--keys", type=int, default=200, help="key presses that are timed")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long bytes are counted")
    parser.add_argument("--pages", nargs="+", choices=PAGES, default=PAGES, metavar="PAGE")
    return parser.parse_args()


def keys_to(page: str) -> str:
    """What leads from the training view to a page."""
    return TO_NETWORK + "p" * PAGES.index(page)


def throughput(options: argparse.Namespace) -> dict[str, Any]:
    """Images a second with each page in sight, and without an interface."""
    results: dict[str, Any] = {}
    rows = []
    for title, settings in SETTINGS.items():
        more = [*settings, "--epochs", str(options.epochs)]
        runs = {page: partial(run_with_page, options, more, page) for page in options.pages}
        speeds = interleave(
            {**runs, "batch": partial(run_headless, options, more)}, options.rounds, title
        )
        for page in options.pages:
            shares = {
                part: share_of(speeds[page], speeds["batch"], part)[-1] for part in Speed._fields
            }
            results[f"{title}, {page}"] = shares
            rows.append([title, page, *(f"{each:.3f}" for each in shares.values())])
    print(f"\nImages a second over {options.epochs} epochs, interface / --batch")
    print(table(["run", "page", *Speed._fields], rows), flush=True)
    return results


def run_with_page(options: argparse.Namespace, more: list[str], page: str) -> Speed:
    with (
        TemporaryDirectory() as folder,
        Terminal(command(options, Path(folder, "run"), *more)) as terminal,
    ):
        watch = Watch(Path(folder, "run"), options.epochs)
        terminal.wait_for(TRAINING, 60.0)
        terminal.send(keys_to(page))
        while not watch.look():
            terminal.read(POLL_SECONDS)
        return watch.speed


def keys(options: argparse.Namespace) -> dict[str, Any]:
    """From a key press to the next unit chosen on the screen, at 120x40, while the run trains."""
    chosen = re.compile("▸".encode())
    with TemporaryDirectory() as folder:
        whole = command(options, Path(folder, "run"), "--epochs", "100000", *PLAIN.split())
        with Terminal(whole, 120, 40) as terminal:
            terminal.wait_for(TRAINING, 60.0)
            terminal.send(keys_to("Units"))
            terminal.wait_for(chosen, 60.0)
            terminal.read(SETTLE_SECONDS)
            return time_keys(terminal, options.keys, [("\x1b[C", chosen), ("\x1b[D", chosen)])


def written(options: argparse.Namespace) -> dict[str, Any]:
    """Bytes a second that reach the terminal on each page, while the run trains."""
    results = {}
    for title, settings in SETTINGS.items():
        for page in options.pages:
            say(f"{options.seconds:.0f} s of {page}, {title}")
            with TemporaryDirectory() as folder:
                whole = command(options, Path(folder, "run"), "--epochs", "100000", *settings)
                with Terminal(whole) as terminal:
                    terminal.wait_for(TRAINING, 60.0)
                    terminal.send(keys_to(page))
                    terminal.read(SETTLE_SECONDS)
                    output = terminal.read(options.seconds)
            results[f"{title}, {page}"] = len(output) / options.seconds / 1_024
    print("\nKiB a second to the terminal while training")
    print(table(["page", "KiB/s"], [[title, f"{each:.1f}"] for title, each in results.items()]))
    return results


if __name__ == "__main__":
    main()
