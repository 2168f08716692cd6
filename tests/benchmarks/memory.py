"""What an hour of training adds to the memory of the terminal interface.

The real program runs in a pseudo-terminal of 80x24, one view after the other in sight, and is
looked at through /proc (Linux only). Growth counts from the end of a warm-up, in which what is
bounded comes to its full size: the moments of undo (128 MiB at most) and the points of the curves.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from interface import PATIENCE_SECONDS, TRAINING, command
from measure import finish, head, machine, make_parser, say, table
from terminal import Terminal

LIMIT_MIB = 5.0
SAMPLE_SECONDS = 1.0
VIEW_SAMPLES = 20
"""For so many a view is in sight."""


def main() -> None:
    options = parse()
    facts = machine(options.threads)
    print(head(facts), flush=True)
    results = {"memory": memory(options)}
    finish(options, facts, results)
    if results["memory"]["growth_mib"] >= LIMIT_MIB:
        sys.exit(f"it grew by {LIMIT_MIB:g} MiB or more")


def parse() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long it trains")
    parser.add_argument(
        "--warm-up", type=float, default=5.0, help="minutes before it counts, at most half"
    )
    return parser.parse_args()


def memory(options: argparse.Namespace) -> dict[str, Any]:
    """Resident memory of the program after the warm-up and at the end, medians of ten samples."""
    samples = []
    with TemporaryDirectory() as folder:
        whole = command(options, Path(folder, "run"), "--preset", "classic", "--epochs", "1000000")
        with Terminal(whole) as terminal:
            terminal.wait_for(TRAINING, PATIENCE_SECONDS)
            say(f"{options.minutes:g} minutes of training")
            end = monotonic() + 60 * options.minutes
            while monotonic() < end:
                terminal.read(SAMPLE_SECONDS)
                samples.append(resident_mib(terminal.process.pid))
                if len(samples) % VIEW_SAMPLES == 0:
                    terminal.send("\t")
    warm_up = min(options.warm_up, options.minutes / 2)
    counted = samples[round(60 * warm_up / SAMPLE_SECONDS) :]
    first, last = median(counted[:10]), median(counted[-10:])
    results = {"first_mib": first, "last_mib": last, "growth_mib": last - first, "mib": samples}
    print(f"\nResident memory over {options.minutes:g} minutes, MiB")
    rows = [[f"{first:.1f}", f"{last:.1f}", f"{last - first:+.1f}", f"{max(samples):.1f}"]]
    print(table(["after the warm-up", "at the end", "growth", "peak"], rows), flush=True)
    return results


def resident_mib(process: int) -> float:
    """Of one process, in MiB; workers share what they use with it."""
    status = Path("/proc", str(process), "status").read_text(encoding="ascii", errors="replace")
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1_024


if __name__ == "__main__":
    main()
