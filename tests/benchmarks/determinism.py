"""One run in many ways: front ends, processes, kills, interruptions, load. All give the same bits.

The run is divided among as many workers as --threads says; the other ways repeat or resume it with
fewer processes, or disturb it.
"""

from __future__ import annotations

import json
import os
import pty
import random
import signal
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from time import perf_counter, sleep
from typing import Any

from measure import children, finish, head, machine, make_parser, say, table

DIGIT_TUI = [sys.executable, "-m", "digit_tui"]


def main() -> int:
    options = parse()
    facts = machine(options.threads)
    print(head(facts), flush=True)
    with TemporaryDirectory() as folder:
        results = {}
        for way, run in ways(options, Path(folder)).items():
            say(way)
            started = perf_counter()
            results[way] = {"weights": run(), "seconds": perf_counter() - started}
    sums = {each["weights"] for each in results.values()}
    rows = [[way, f"{each['seconds']:.1f}", each["weights"]] for way, each in results.items()]
    print(f"\n{table(['way', 'seconds', 'SHA-256 of the weights'], rows)}")
    print("\nThe same bits." if len(sums) == 1 else f"\n{len(sums)} DIFFERENT SUMS.")
    finish(options, facts, results)
    return len(sums) - 1


def parse() -> Namespace:
    parser = make_parser(__doc__, rounds=1)
    parser.set_defaults(threads=4)
    parser.add_argument("--preset", default="classic")
    parser.add_argument("--epochs", type=int, default=25)
    return parser.parse_args()


def ways(options: Namespace, folder: Path) -> dict[str, Callable[[], str]]:
    """Each trains the run in its own way, and returns the sum of the weights."""
    settings = ["--data", options.data, "--preset", options.preset, "--seed", "1"]
    settings += ["--epochs", str(options.epochs), "--threads", str(options.threads)]
    first = folder / "first"

    def begin(name: str, *front_end: str) -> list[str]:
        return [*DIGIT_TUI, *front_end, *settings, "--run", str(folder / name)]

    def batch() -> str:
        return end(subprocess.Popen(begin("first", "--batch"), **QUIET), first)

    def plain() -> str:
        program = subprocess.Popen(begin("plain", "--plain"), **QUIET | {"stdin": subprocess.PIPE})
        program.communicate(b"resume\n")
        return sum_of(folder / "plain")

    def interface() -> str:
        own, other = pty.openpty()
        command = begin("interface")
        environment = os.environ | {"TERM": "xterm-256color", "DIGIT_TUI_NO_TIPS": "1"}
        program = subprocess.Popen(
            command, stdin=other, stdout=other, stderr=other, env=environment, close_fds=True
        )
        os.close(other)
        reader = Thread(target=read_all, args=(own,), daemon=True)
        reader.start()
        while epochs_of(folder / "interface") < options.epochs:
            sleep(0.2)
        os.write(own, b"q")
        return end(program, folder / "interface")

    def repeated(processes: int) -> str:
        name = folder / f"with {processes}"
        command = [*DIGIT_TUI, "--batch", "--replay", str(first), "--run", str(name)]
        return end(subprocess.Popen([*command, "--threads", str(processes)], **QUIET), name)

    def killed() -> str:
        program = subprocess.Popen(begin("killed", "--batch"), **QUIET)
        disturb(program, signal.SIGKILL)
        return end(program, folder / "killed")

    def stopped() -> str:
        program = subprocess.Popen(begin("stopped", "--batch"), **QUIET)
        sleep(2.5)
        for child in children(program.pid)[:1]:
            os.kill(child, signal.SIGSTOP)
        return end(program, folder / "stopped")

    def interrupted() -> str:
        name = folder / "interrupted"
        program = subprocess.Popen(begin("interrupted", "--batch"), **QUIET)
        for processes in range(1, options.threads + 1):
            sleep(1.5)
            program.send_signal(signal.SIGTERM)
            program.wait()
            resume = ["--batch", "--resume", str(name), "--threads", str(processes)]
            program = subprocess.Popen([*DIGIT_TUI, *resume], **QUIET)
        return end(program, name)

    def loaded() -> str:
        with load(2 * (os.cpu_count() or 1)):
            return end(subprocess.Popen(begin("loaded", "--batch"), **QUIET), folder / "loaded")

    return {
        "--batch": batch,
        "--plain": plain,
        "the terminal interface": interface,
        **{f"--replay --threads {each}": partial(repeated, each) for each in range(1, 5)},
        "interrupted, resumed with 1, 2, ... threads": interrupted,
        "workers killed": killed,
        "a worker stopped": stopped,
        "with other programs on all processors": loaded,
    }


QUIET: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)


def end(program: subprocess.Popen[Any], folder: Path) -> str:
    program.wait()
    return sum_of(folder)


def sum_of(folder: Path) -> str:
    record = json.loads((folder / "run.json").read_text())
    return str(record["results"]["weights_sha256"])


def epochs_of(folder: Path) -> int:
    metrics = folder / "metrics.csv"
    return len(metrics.read_text().splitlines()) - 1 if metrics.exists() else 0


def read_all(terminal: int) -> None:
    with suppress(OSError):
        while os.read(terminal, 65_536):
            pass


def disturb(program: subprocess.Popen[Any], number: int) -> None:
    """Send a signal to a worker process now and then, until the program ends."""
    moments = random.Random(1)
    while program.poll() is None:
        sleep(moments.uniform(0.2, 1.5))
        with suppress(OSError, IndexError):
            os.kill(moments.choice(children(program.pid)), number)


@contextmanager
def load(processes: int) -> Iterator[None]:
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for each in busy:
            each.kill()


if __name__ == "__main__":
    sys.exit(main())
