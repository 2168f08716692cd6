"""Hours of training in tmux, disturbed: keys, sizes, terminals that come and go, killed workers.

Each minute a worker process is killed, and the memory of all processes of the program, their open
files and their shared memory are counted (Linux only; needs tmux). Growth counts from the end of a
warm-up, in which what is bounded comes to its full size.
"""

from __future__ import annotations

import argparse
import os
import pty
import random
import shlex
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any

from measure import children, finish, head, machine, make_parser, say, table

LIMIT_MIB = 5.0
KEYS = ["Tab", "BTab", "Up", "Down", "Left", "Right", "PPage", "NPage", "Home", "End", "Enter"]
KEYS += ["Escape", "Space", *"wzlmkvxiheTUuo/?[]"]
"""All that is harmless in any number, and some that changes the run. The palette could quit it."""
SIZES = [(80, 24), (120, 40), (60, 20), (200, 60), (40, 12)]
MINUTE = 60.0
MOMENTS = 8
"""So many, a second apart, are looked at each minute."""
ATTACHED = 3.0
"""Seconds that a terminal looks on, each minute."""


def main() -> None:
    options = parse()
    facts = machine(options.threads)
    print(head(facts), flush=True)
    results = soak(options)
    finish(options, facts, results)
    if not results["alive"] or results["growth_mib"] >= LIMIT_MIB:
        sys.exit("it ended, or it grew")


def parse() -> argparse.Namespace:
    parser = make_parser(__doc__, rounds=1)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--warm-up", type=float, default=30.0, help="minutes before it counts")
    parser.add_argument("--preset", default="classic")
    parser.add_argument("--seed", type=int, default=1, help="of the keys")
    return parser.parse_args()


def tmux(*words: str) -> str:
    """A command to a server of this process's own, so that two soaks may run side by side."""
    command = ["tmux", "-f", "/dev/null", "-L", f"soak-{os.getpid()}", *words]
    return subprocess.run(command, capture_output=True, text=True).stdout


def attach_and_detach() -> None:
    """A terminal comes, and goes by its own wish (detach) or without a word (it is closed)."""
    terminal, inside = pty.openpty()
    command = ["tmux", "-L", f"soak-{os.getpid()}", "attach-session", "-t", "soak"]
    environment = {**os.environ, "TERM": "xterm-256color", "DIGIT_TUI_NO_TIPS": "1"}
    client = subprocess.Popen(
        command, stdin=inside, stdout=inside, stderr=inside, env=environment, start_new_session=True
    )
    os.close(inside)
    until = monotonic() + ATTACHED
    os.set_blocking(terminal, False)
    while monotonic() < until:
        with suppress(BlockingIOError):
            os.read(terminal, 65_536)
        sleep(0.05)
    if random.random() < 0.5:
        tmux("detach-client", "-s", "soak")
    os.close(terminal)
    client.wait()


def soak(options: argparse.Namespace) -> dict[str, Any]:
    moments = random.Random(options.seed)
    samples: list[dict[str, float]] = []
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "digit_tui", "--data", options.data]
        command += ["--preset", options.preset, "--epochs", "1000000", "--run", f"{folder}/run"]
        command += ["--threads", str(options.threads)]
        tmux("new-session", "-d", "-s", "soak", "-x", "80", "-y", "24", shlex.join(command))
        tmux("set-option", "-t", "soak", "remain-on-exit", "on")  # its last words can be read
        sleep(5)
        (program,) = (int(line) for line in tmux("list-panes", "-F", "#{pane_pid}").split())
        end, next_minute = monotonic() + 60 * options.minutes, monotonic() + MINUTE
        kills = 0
        while monotonic() < end and not tmux("list-panes", "-F", "#{pane_dead_status}").strip():
            tmux("send-keys", "-t", "soak", *moments.choices(KEYS, k=moments.randint(1, 6)))
            if moments.random() < 0.02:
                width, height = moments.choice(SIZES)
                tmux("resize-window", "-t", "soak", "-x", str(width), "-y", str(height))
            sleep(0.2)
            if monotonic() < next_minute:
                continue
            next_minute += MINUTE
            # What is open differs from minute to minute, and an explained digit alone needs 30 MiB,
            # as it is also in the view of the mistakes where there is room.
            tmux("send-keys", "-t", "soak", "Escape", "Escape", "Escape")
            sleep(1)
            for keys in (["C-p"], ["Go to Confusion"], ["Enter"], ["Escape"] * 3):
                tmux("send-keys", "-t", "soak", *keys)
                sleep(1)
            samples.append(settled(program))
            attach_and_detach()
            for child in children(program)[:1]:
                os.kill(child, signal.SIGKILL)
                kills += 1
            say(f"minute {len(samples)}: {samples[-1]}")
        alive = not tmux("list-panes", "-F", "#{pane_dead_status}").strip()
        screen = tmux("capture-pane", "-p", "-t", "soak")
        tmux("kill-server")
        sleep(3)  # a hangup: it saves and leaves
    warm_up = round(min(options.warm_up, options.minutes / 2))
    return report(options, samples[warm_up:] or samples, alive, kills, screen)


def report(
    options: argparse.Namespace,
    samples: list[dict[str, float]],
    alive: bool,
    kills: int,
    screen: str,
) -> dict[str, Any]:
    rows = []
    growth = {}
    for name in samples[0]:
        values = [each[name] for each in samples]
        first, last = median(values[:10]), median(values[-10:])
        growth[name] = last - first
        rows.append([name, f"{first:.1f}", f"{last:.1f}", f"{last - first:+.1f}"])
    print(f"\n{options.minutes:g} minutes, {kills} worker processes killed")
    print(table(["", "after the warm-up", "at the end", "growth"], rows))
    print("It was alive at the end." if alive else f"IT HAD ENDED:\n{screen}")
    return {"alive": alive, "growth_mib": growth["memory, MiB"], "samples": samples}


def settled(program: int) -> dict[str, float]:
    """The moment of some seconds that has least in memory: what a single answer needs is freed."""
    moments = []
    for _ in range(MOMENTS):
        moments.append(sample(program))
        sleep(1)
    return min(moments, key=lambda each: each["memory, MiB"])


def sample(program: int) -> dict[str, float]:
    """The program and its workers: memory that is theirs or shared by them, files, shared files."""
    memory = files = shared = 0.0
    for process in [program, *children(program)]:
        with suppress(OSError, ValueError):  # it ended meanwhile
            rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
            (line,) = (line for line in rollup.splitlines() if line.startswith("Pss:"))
            memory += int(line.split()[1]) / 1_024
            names = [os.readlink(each) for each in Path(f"/proc/{process}/fd").iterdir()]
            files += len(names)
            shared += sum("memfd:" in name for name in names)
    return {"memory, MiB": memory, "open files": files, "shared memory files": shared}


if __name__ == "__main__":
    main()
