"""Milliseconds to the first frame, against the smallest Textual app; and of `--version`.

The first frame is there when the first word appears on the alternate screen.
"""

from __future__ import annotations

import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from measure import finish, head, interleave, machine, make_parser, ratio, table
from terminal import ALTERNATE_SCREEN, Terminal

SMALLEST = """
from textual.app import App
from textual.widgets import Static

class Smallest(App):
    def compose(self):
        yield Static("Hello")

Smallest().run()
"""

WORD = re.compile(rb"[A-Za-z]{3}")
PATIENCE_SECONDS = 60.0


def main() -> None:
    options = make_parser(__doc__, rounds=10).parse_args()
    facts = machine(options.threads)
    print(head(facts), flush=True)
    with TemporaryDirectory() as folder:
        run = ["--data", options.data, "--threads", str(options.threads), "--run"]
        program = [sys.executable, "-m", "digit_tui"]
        times = interleave(
            {
                "digit-tui": partial(first_frame, [*program, *run, str(Path(folder, "run"))]),
                "smallest Textual app": partial(first_frame, [sys.executable, "-c", SMALLEST]),
                "digit-tui --version": partial(whole, [*program, "--version"]),
                "python -c pass": partial(whole, [sys.executable, "-c", "pass"]),
            },
            options.rounds + 1,
        )
    # The first round warms up the disk cache.
    times = {name: each[1:] for name, each in times.items()}
    rows = [[name, f"{median(each):.0f}", f"{max(each):.0f}"] for name, each in times.items()]
    print("\nMilliseconds to the first frame, or to the end")
    print(table(["program", "median", "max"], rows))
    frames = ratio(times["digit-tui"], times["smallest Textual app"])
    versions = ratio(times["digit-tui --version"], times["python -c pass"])
    print(f"\ndigit-tui / smallest Textual app: {frames:.2f}")
    print(f"digit-tui --version / python -c pass: {versions:.2f}")
    ratios = {"first frame": frames, "version": versions}
    finish(options, facts, {"milliseconds": times, "ratios": ratios})


def first_frame(command: list[str]) -> float:
    with Terminal(command) as terminal:
        shown = terminal.wait_for(WORD, PATIENCE_SECONDS, after=ALTERNATE_SCREEN)
        return 1_000 * (shown - terminal.started)


def whole(command: list[str]) -> float:
    started = perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return 1_000 * (perf_counter() - started)


if __name__ == "__main__":
    main()
