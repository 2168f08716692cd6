"""What all benchmarks share: the machine, interleaved rounds, processes of their own, tables."""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

import numpy  # noqa: F401 - loads the BLAS that `machine` describes
from threadpoolctl import threadpool_info

Result = TypeVar("Result")

PACKAGES = ("digit-tui", "numpy", "textual", "torch", "scikit-learn")


def make_parser(description: str | None, rounds: int = 3) -> argparse.ArgumentParser:
    """The options that every benchmark has.

    Args:
        description: the docstring of the script.
        rounds: how often each contender runs, unless asked otherwise.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="mnist", help="mnist (the cache), or a folder")
    parser.add_argument("--rounds", type=int, default=rounds, help="runs of each contender")
    parser.add_argument("--threads", type=int, default=2, help="threads of each contender")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write all figures as JSON")
    parser.add_argument("--worker", help=argparse.SUPPRESS)  # a task as JSON, see `in_process`
    return parser


def in_process(script: str, task: Mapping[str, Any]) -> dict[str, Any]:
    """Run one task of a script in a fresh process, and return what it printed as JSON.

    So the thread pools of one library (OpenMP, OpenBLAS) never disturb those of another.
    """
    command = [sys.executable, script, "--worker", json.dumps(task)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"the run failed: {shlex.join(command)}")  # it said why on stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def interleave(
    contenders: Mapping[str, Callable[[], Result]], rounds: int, title: str = ""
) -> dict[str, list[Result]]:
    """Run A B C A B C ..., so that a machine that slows down slows all of them."""
    results: dict[str, list[Result]] = {name: [] for name in contenders}
    for number in range(1, rounds + 1):
        for name, run in contenders.items():
            say(f"round {number}/{rounds}  {title}  {name}")
            results[name].append(run())
    return results


def children(process: int) -> list[int]:
    """The processes that another one has started, by whichever of its threads (Linux only)."""
    found = []
    for thread in Path(f"/proc/{process}/task").iterdir():
        with suppress(OSError):  # the thread has ended
            found += [int(each) for each in (thread / "children").read_text().split()]
    return found


def say(text: str) -> None:
    """Progress, on stderr: stdout carries results only."""
    print(text, file=sys.stderr, flush=True)


def ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """Median over the rounds of one contender's figure over another's of the same round."""
    return median(a / b for a, b in zip(above, below, strict=True))


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many per cent of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(math.ceil(len(ordered) * percent / 100) - 1, 0)]


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Plain text in columns: words to the left, all columns but the first to the right."""
    cells = [list(headers), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headers))]
    cells.insert(1, ["-" * width for width in widths])
    lines = []
    for row in cells:
        parts = [row[0].ljust(widths[0])]
        parts += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)


def machine(threads: int) -> dict[str, Any]:
    """What the figures depend on, beside the code."""
    kernels = [
        f"{info['internal_api']} {info['version']} {info.get('architecture', '')}".strip()
        for info in threadpool_info()
        if info["user_api"] == "blas"
    ]
    return {
        "cpu": _cpu(),
        "processors": _processors(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "blas": kernels,
        "threads": threads,
        # These change the kernel or its blocking, and with them all figures.
        "blas_variables": {
            name: value
            for name, value in sorted(os.environ.items())
            if name.startswith(("OPENBLAS_", "OMP_", "MKL_", "GOTO_"))
        },
        "load": _load(),
    }


def head(facts: Mapping[str, Any]) -> str:
    """The machine in a few lines."""
    packages = ", ".join(f"{name} {found}" for name, found in facts["packages"].items())
    variables = " ".join(f"{name}={value}" for name, value in facts["blas_variables"].items())
    return "\n".join(
        [
            f"CPU        {facts['cpu']}, {facts['processors']} processors, load {facts['load']}",
            f"BLAS       {'; '.join(facts['blas'])}{f' ({variables})' if variables else ''}",
            f"Versions   Python {facts['python']}, {packages}",
            f"Threads    {facts['threads']}",
        ]
    )


def finish(options: argparse.Namespace, facts: dict[str, Any], results: Any) -> None:
    """Say how busy the machine was by now, and write the JSON that was asked for."""
    facts = facts | {"load_at_end": _load()}
    print(f"\nLoad at the end {facts['load_at_end']}")
    if options.output is not None:
        settings = {
            name: str(value) if isinstance(value, Path) else value
            for name, value in vars(options).items()
            if name not in ("worker", "output")
        }
        report = {"machine": facts, "settings": settings, "results": results}
        options.output.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file if "model name" in line]
        return names[0]
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _load() -> str:
    """Processes that wanted a processor over the last minute; more than one is a noisy machine."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
