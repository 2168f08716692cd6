"""What the terminal interface costs: throughput, key-to-screen time, bytes to the terminal.

The real program runs in a pseudo-terminal of 80x24, charts in sight, while this one reads what a
terminal would read (and so takes a little of the machine, in the interface's disfavour).
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, NamedTuple

from measure import (
    finish,
    head,
    interleave,
    machine,
    make_parser,
    percentile,
    ratio,
    say,
    table,
)
from terminal import Terminal

DIGIT_TUI = [sys.executable, "-m", "digit_tui"]
PLAIN = (
    "--hidden 256,128 --optimizer adam --lr 0.001 --schedule constant "
    "--batch-size 128 --augment none --no-average"
)
SETTINGS = {"plain 784-256-128-10": PLAIN.split(), "preset standard": ["--preset", "standard"]}
PARTS = ("throughput", "keys", "bytes")

POLL_SECONDS = 0.05
PATIENCE_SECONDS = 60.0
"""What takes longer has gone wrong."""
SETTLE_SECONDS = 3.0
"""Until a run that just began is as it goes on."""

TRAINING = re.compile(rb"training.*\d images/s", re.DOTALL)


def main() -> None:
    options = parse()
    facts = machine(options.threads)
    print(head(facts), flush=True)
    results = {
        part: {"throughput": throughput, "keys": keys, "bytes": written}[part](options)
        for part in options.only
    }
    finish(options, facts, results)


def parse() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART")
    parser.add_argument("--epochs", type=int, default=48, help="length of a throughput run")
    parser.add_argument("--keys", type=int, default=200, help="key presses that are timed")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long bytes are counted")
    return parser.parse_args()


def command(options: argparse.Namespace, folder: Path, *more: str) -> list[str]:
    where = ["--data", options.data, "--threads", str(options.threads), "--run", str(folder)]
    return [*DIGIT_TUI, *where, *more]


# Throughput


class Speed(NamedTuple):
    """Images a second, evaluations included."""

    whole: float
    """From the record of a run to the end of its last epoch: with what is made at the start."""
    settled: float
    """Of its last two thirds."""
    free: float
    """Of the fastest quarter of its epochs: what other work on the machine disturbs least."""


def throughput(options: argparse.Namespace) -> dict[str, Any]:
    """Images a second with the interface, and without."""
    results: dict[str, Any] = {}
    rows = []
    for title, settings in SETTINGS.items():
        more = [*settings, "--epochs", str(options.epochs)]
        speeds = interleave(
            {
                "interface": partial(run_with_interface, options, more),
                "batch": partial(run_headless, options, more),
            },
            options.rounds,
            title,
        )
        for part in Speed._fields:
            shares = share_of(speeds["interface"], speeds["batch"], part)
            results[f"{title}, {part}"] = shares
            rows.append([title, part, *(f"{each:,.0f}" for each in shares[:2]), f"{shares[2]:.3f}"])
    print(f"\nImages a second over {options.epochs} epochs, median of the rounds")
    print(table(["run", "part", "interface", "--batch", "interface / --batch"], rows), flush=True)
    return results


def share_of(above: Sequence[Speed], below: Sequence[Speed], part: str) -> list[float]:
    """Medians of two contenders' speeds in a part of the run, and the ratio of the rounds."""
    speeds = [[getattr(each, part) for each in contender] for contender in (above, below)]
    return [*map(median, speeds), ratio(*speeds)]


def run_with_interface(options: argparse.Namespace, more: list[str]) -> Speed:
    with (
        TemporaryDirectory() as folder,
        Terminal(command(options, Path(folder, "run"), *more)) as terminal,
    ):
        watch = Watch(Path(folder, "run"), options.epochs)
        while not watch.look():
            terminal.read(POLL_SECONDS)
        return watch.speed


def run_headless(options: argparse.Namespace, more: list[str]) -> Speed:
    with TemporaryDirectory() as folder:
        watch = Watch(Path(folder, "run"), options.epochs)
        with subprocess.Popen(
            command(options, Path(folder, "run"), "--batch", *more),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            while process.poll() is None:
                watch.look()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(POLL_SECONDS)
        if process.returncode != 0 or not watch.look():
            sys.exit(f"the run failed: {process.args!r}")
        return watch.speed


class Watch:
    """The time of a run by its files: run.json is made at the start, and metrics.csv gets a line
    when an epoch has ended. Both front ends write them, and the file system keeps the time."""

    def __init__(self, folder: Path, epochs: int) -> None:
        self._record, self._metrics = folder / "run.json", folder / "metrics.csv"
        self._epochs = epochs
        self._times: dict[int, int] = {}  # in nanoseconds, by how many epochs had ended

    def look(self) -> bool:
        """Take notice of the files; whether the last epoch has ended."""
        with suppress(FileNotFoundError):
            self._times.setdefault(0, self._record.stat().st_mtime_ns)
            changed = self._metrics.stat().st_mtime_ns
            epochs = len(self._metrics.read_text().splitlines()) - 1  # the first names the columns
            if changed == self._metrics.stat().st_mtime_ns:
                self._times.setdefault(max(epochs, 0), changed)
        return self._epochs in self._times

    @property
    def speed(self) -> Speed:
        """That of a run whose last epoch has ended."""
        images = json.loads(self._record.read_text(encoding="utf-8"))["data"]["training_images"]
        settled = min(each for each in self._times if each >= self._epochs / 3)
        speeds = self._since(0), self._since(settled), self._free
        return Speed(*(each * images for each in speeds))

    @property
    def _free(self) -> float:
        """Epochs a second in the fastest quarter. Of epochs that ended between two looks only
        the last has a time, and counts as those that it ended with."""
        seconds = sorted(
            (self._times[end] - self._times[start]) / 1e9 / (end - start)
            for start, end in pairwise(sorted(self._times))
            for _ in range(end - start)
        )
        fastest = seconds[: max(1, len(seconds) // 4)]
        return len(fastest) / sum(fastest)

    def _since(self, start: int) -> float:
        """Epochs a second."""
        seconds = (self._times[self._epochs] - self._times[start]) / 1e9
        return (self._epochs - start) / seconds


# Keys


def keys(options: argparse.Namespace) -> dict[str, Any]:
    """From a key press to the new learning rate on the screen, while the run trains.

    The rate on the screen is the one that the training thread confirmed: the way there and back.
    """
    up, down = (
        re.compile(rb"\xb7 (?:learning )?rate " + rate + rb"(?!\d)")
        for rate in (rb"0\.002", rb"0\.001")
    )
    with opened(options, *PLAIN.split()) as terminal:
        return time_keys(terminal, options.keys, [("]", up), ("[", down)])


def time_keys(
    terminal: Terminal, count: int, presses: Sequence[tuple[str, re.Pattern[bytes]]]
) -> dict[str, Any]:
    """Milliseconds from keys to what they lead to on the screen.

    Args:
        terminal: of a run that trains.
        count: how often to press a key.
        presses: keys in turn, and what appears then.
    """
    moments = random.Random(0)
    milliseconds, lost = [], 0
    say(f"{count} keys")
    for number in range(count):
        key, shown = presses[number % len(presses)]
        pressed = perf_counter()
        terminal.send(key)
        try:
            milliseconds.append(1_000 * (terminal.wait_for(shown, 5.0) - pressed))
        except TimeoutError:
            lost += 1
        # Any phase of the interface's own rhythm may meet the next one.
        terminal.read(moments.uniform(0.02, 0.27))
    if not milliseconds:
        sys.exit("no key press changed the screen as it should")
    results = {
        "median": median(milliseconds),
        "p99": percentile(milliseconds, 99),
        "max": max(milliseconds),
    }
    print(f"\nKey to screen while training, milliseconds, {count} keys")
    figures = [f"{each:.1f}" for each in results.values()]
    print(table([*results, "lost"], [[*figures, str(lost)]]))
    return results | {"lost": lost, "milliseconds": milliseconds}


# Bytes


def written(options: argparse.Namespace) -> dict[str, Any]:
    """Bytes a second that reach the terminal, in each view, while the run trains."""
    results = {}
    for title, settings in SETTINGS.items():
        with opened(options, *settings) as terminal:
            for view in ("train", "mistakes"):
                say(f"{options.seconds:.0f} s of the {view} view, {title}")
                output = terminal.read(options.seconds)
                results[f"{title}, {view} view"] = len(output) / options.seconds / 1_024
                terminal.send("\t")
                terminal.read(1.0)
    print("\nKiB a second to the terminal while training")
    print(table(["view", "KiB/s"], [[title, f"{each:.1f}"] for title, each in results.items()]))
    return results


@contextmanager
def opened(options: argparse.Namespace, *more: str) -> Iterator[Terminal]:
    """The program's terminal, once it is in training."""
    with TemporaryDirectory() as folder:
        whole = command(options, Path(folder, "run"), "--epochs", "100000", *more)
        with Terminal(whole) as terminal:
            terminal.wait_for(TRAINING, PATIENCE_SECONDS)
            terminal.read(SETTLE_SECONDS)
            yield terminal


if __name__ == "__main__":
    main()
