"""Seconds of an epoch and memory, for the same digits once, 4 and 16 times. Linux only.

The digits are tiled into plain IDX files, which are mapped and not read; and once kept as gzip
files, which are unpacked into memory. Memory is that of the run and its worker processes together,
each page once. Two kinds are told apart: private memory is what they need; mapped pages of a file
are in reach of the system at any time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import Any

import numpy as np
from contenders import make_config, run_digit_tui
from measure import finish, head, interleave, machine, make_parser, ratio, say, table
from numpy.typing import NDArray

from digit_tui.data import load_dataset, write_idx

MIB = 1 << 20
SAMPLE_SECONDS = 0.02
SAMPLE_SHARE = 0.02
"""Looking takes at most this share of the time: the kernel counts the pages of a large map one by
one, and the run waits meanwhile."""
TOLERANCE = 0.15
"""An epoch's time for each image may differ by this fraction and still count as the same."""


def main() -> None:
    options = parse()
    if options.worker:
        print(json.dumps(work(json.loads(options.worker))))
        return
    facts = machine(options.threads)
    print(head(facts), flush=True)
    with TemporaryDirectory(dir=options.folder) as folder:
        sources = write_digits(Path(folder), options)
        tasks: dict[str, dict[str, Any]] = {"Python and NumPy alone": {"data": None}}
        for title, source in sources.items():
            tasks[title] = {"data": str(source), "threads": options.threads}
            tasks[title] |= {"hidden": options.hidden, "augment": options.augment}
        results = interleave(
            {title: partial(run, task) for title, task in tasks.items()}, options.rounds
        )
    report(results)
    finish(options, facts, results)


def parse() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--copies", nargs="+", type=int, default=(1, 4, 16), metavar="N")
    parser.add_argument("--hidden", default="256,128", metavar="WIDTHS")
    parser.add_argument("--augment", default="none")
    parser.add_argument("--folder", type=Path, help="where the files go (0.8 GiB by default)")
    return parser.parse_args()


def write_digits(folder: Path, options: argparse.Namespace) -> dict[str, Path]:
    """The digits once as gzip, and tiled as plain files; returns the folder of each."""
    dataset = load_dataset(options.data)
    shape = (-1, dataset.side, dataset.side)
    parts = {
        "train-images-idx3-ubyte": dataset.train_images.reshape(shape),
        "train-labels-idx1-ubyte": dataset.train_labels,
        "t10k-images-idx3-ubyte": dataset.test_images.reshape(shape),
        "t10k-labels-idx1-ubyte": dataset.test_labels,
    }
    images = len(dataset.train_labels)
    sources = {f"{images:,} images, gzip": folder / "gzip"}
    sources |= {f"{copies * images:,} images": folder / f"{copies}" for copies in options.copies}
    for source in sources.values():
        source.mkdir()
        for name, array in parts.items():
            if source.name == "gzip":
                write_idx(source / f"{name}.gz", array)
            else:
                copies = int(source.name) if name.startswith("train") else 1
                write_tiled(source / name, array, copies)
        say(f"wrote {source.name}")
    return sources


def write_tiled(path: Path, array: NDArray[np.uint8], copies: int) -> None:
    """An IDX file that is not gzip, with the array again and again."""
    magic = {3: 2051, 1: 2049}[array.ndim]
    header = np.array([magic, copies * len(array), *array.shape[1:]], ">u4")
    with path.open("wb") as file:
        file.write(header.tobytes())
        for _ in range(copies):
            file.write(array.data if array.flags.c_contiguous else array.tobytes())


def run(task: dict[str, Any]) -> dict[str, float]:
    """Run one task in a process of its own and watch its memory from outside."""
    command = [sys.executable, __file__, "--worker", json.dumps(task)]
    most = {"private": 0, "all": 0}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            started = perf_counter()
            now = memory(process.pid)
            most = {kind: max(most[kind], now[kind]) for kind in most}
            sleep(max(SAMPLE_SECONDS, (perf_counter() - started) / SAMPLE_SHARE))
        assert process.stdout is not None
        output = process.stdout.read()
    if process.returncode != 0:
        sys.exit("the run failed")  # it said why on stderr
    result: dict[str, float] = json.loads(output)
    return result | most


def work(task: dict[str, Any]) -> dict[str, float]:
    """Train, the first epoch to warm up."""
    seconds, images = 0.0, 0
    if task["data"] is None:
        sleep(0.2)  # long enough to be seen
    else:
        dataset = load_dataset(task["data"])
        images = len(dataset.train_labels)
        hidden = [int(width) for width in task["hidden"].split(",")]
        config = make_config(hidden, 128, task["threads"], augment=task["augment"])
        ((seconds, _),) = islice(run_digit_tui(dataset, config), 1, 2)
    return {"seconds": seconds, "images": images}


def memory(process: int) -> dict[str, int]:
    """Bytes of a process and its children as the kernel counts them, a shared page in parts."""
    kinds: dict[str, int] = {}
    try:
        folder = Path(f"/proc/{process}")
        children = (folder / f"task/{process}/children").read_text().split()
        for each in (process, *map(int, children)):
            text = Path(f"/proc/{each}/smaps_rollup").read_text(encoding="utf-8")
            for line in text.splitlines()[1:]:
                name, size, _ = line.split()
                kinds[name] = kinds.get(name, 0) + int(size) * 1_024
    except (OSError, ValueError):  # it has just ended
        return {"private": 0, "all": 0}
    return {"private": kinds["Pss_Anon:"] + kinds["Pss_Shmem:"], "all": kinds["Pss:"]}


def report(results: dict[str, list[dict[str, float]]]) -> None:
    (_, alone), *runs = results.items()
    mapped = [title for title, _ in runs if not title.endswith("gzip")]
    speeds = {
        title: [each["seconds"] / each["images"] for each in rounds] for title, rounds in runs
    }
    rows = []
    for title, rounds in results.items():
        whole = median(each["all"] for each in rounds) / MIB
        private = median(each["private"] for each in rounds) / MIB
        row = [title, f"{whole:.0f}", f"{private:.0f}", "", "", "", "", ""]
        if title in speeds:
            above_whole = whole - median(each["all"] for each in alone) / MIB
            above_private = private - median(each["private"] for each in alone) / MIB
            row[3:5] = [f"{above_whole:.0f}", f"{above_private:.0f}"]
            row[5] = f"{median(each['seconds'] for each in rounds):.3f}"
            row[6] = f"{1e6 * median(speeds[title]):.2f}"
            row[7] = f"{ratio(speeds[title], speeds[mapped[0]]):.2f}"
        rows.append(row)
    headers = ["training set", "all", "private", "all above", "private above"]
    headers += ["epoch s", "µs/image", "growth"]
    print(
        "\nMost memory in MiB, above Python and NumPy alone; time of an epoch, and for each image"
    )
    print(table(headers, rows))
    growth = [ratio(speeds[title], speeds[mapped[0]]) for title in mapped]
    linear = all(abs(each - 1) <= TOLERANCE for each in growth)
    verdict = "yes" if linear else "NO, or the machine was busy"
    print(f"\nLinear to within {TOLERANCE:.0%}: {verdict}")


if __name__ == "__main__":
    main()
