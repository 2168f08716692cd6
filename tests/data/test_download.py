"""The real download code against a real HTTP server on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from support.mirror import CONTENT, FILE, PACKED, Mirror, fetch, names, send

import digit_tui
from digit_tui.data import FetchError, fetch_mnist, load_dataset, resolve_source


def test_puts_the_decompressed_file_in_place(mirror: Mirror, folder: Path) -> None:
    mirror.serve(send(PACKED))
    seen: list[tuple[str, int, int]] = []
    paths = fetch_mnist(folder, [mirror.url], lambda *progress: seen.append(progress), files=[FILE])
    assert paths == [folder / FILE.name]
    assert paths[0].read_bytes() == CONTENT
    assert names(folder) == [FILE.name]
    assert seen[-1] == (FILE.name, FILE.size, FILE.size)
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


def test_a_good_file_is_kept(mirror: Mirror, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / FILE.name).write_bytes(CONTENT)
    seen: list[tuple[str, int, int]] = []
    fetch_mnist(folder, [mirror.url], lambda *progress: seen.append(progress), files=[FILE])
    assert mirror.requests == []
    assert seen == [(FILE.name, FILE.size, FILE.size)]


@pytest.mark.parametrize(
    "wrong", [b"", CONTENT[:-1], CONTENT[:-1] + b"!"], ids=["empty", "short", "other"]
)
def test_a_wrong_file_is_replaced_but_only_by_a_good_one(
    mirror: Mirror, folder: Path, wrong: bytes
) -> None:
    folder.mkdir(parents=True)
    (folder / FILE.name).write_bytes(wrong)
    with pytest.raises(FetchError):
        fetch(folder, mirror.url)
    assert (folder / FILE.name).read_bytes() == wrong
    assert names(folder) == [FILE.name]
    mirror.serve(send(PACKED))
    fetch(folder, mirror.url)
    assert (folder / FILE.name).read_bytes() == CONTENT
    assert names(folder) == [FILE.name]


def test_leftovers_of_dead_processes_are_swept(mirror: Mirror, folder: Path) -> None:
    folder.mkdir(parents=True)
    old, young, other = (
        folder / name for name in (f".{FILE.name}.1-aa.part", f".{FILE.name}.2-bb.part", "x.part")
    )
    for path in (old, young, other):
        path.write_bytes(b"half")
    for path in (old, other):
        os.utime(path, (time.time() - 3700,) * 2)
    mirror.serve(send(PACKED))
    fetch(folder, mirror.url)
    assert names(folder) == sorted([young.name, other.name, FILE.name])


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_an_interrupted_download_leaves_nothing(
    mirror: Mirror, folder: Path, error: type[BaseException]
) -> None:
    mirror.serve(send(PACKED))

    def interrupt(name: str, done: int, total: int) -> None:
        assert len(names(folder)) == 1  # the temporary file
        raise error

    with pytest.raises(error):
        fetch_mnist(folder, [mirror.url], interrupt, files=[FILE])
    assert names(folder) == []


def test_an_error_of_the_disk_is_not_blamed_on_the_mirror(mirror: Mirror, folder: Path) -> None:
    mirror.serve(send(PACKED))
    (folder / FILE.name / "in the way").mkdir(parents=True)
    with pytest.raises(OSError, match=FILE.name):
        fetch(folder, mirror.url)
    assert names(folder) == [FILE.name]
    with pytest.raises(FileExistsError):
        fetch(Path(__file__), mirror.url)


def test_a_full_disk_leaves_nothing(
    mirror: Mirror, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    mirror.serve(send(PACKED))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        fetch(folder, mirror.url)
    assert names(folder) == []


def test_two_processes_at_once(mirror: Mirror, folder: Path) -> None:
    both_ask = threading.Barrier(2)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        # The first waits for the second, so that the two downloads overlap.
        with suppress(threading.BrokenBarrierError):
            both_ask.wait(10)
        send(PACKED)(handler)

    mirror.serve(answer)
    script = (
        "import sys; from pathlib import Path; from digit_tui.data import RemoteFile, fetch_mnist;"
        "name, size, sha256, folder, url = sys.argv[1:];"
        "fetch_mnist(Path(folder), [url], files=[RemoteFile(name, int(size), sha256)])"
    )
    arguments = [FILE.name, str(FILE.size), FILE.sha256, str(folder), mirror.url]
    package = str(Path(digit_tui.__file__).parents[1])
    path = os.pathsep.join([package, os.environ.get("PYTHONPATH", "")])
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, *arguments], env={**os.environ, "PYTHONPATH": path}
        )
        for _ in range(2)
    ]
    assert [process.wait(30) for process in processes] == [0, 0]
    assert len(mirror.requests) == 2
    assert (folder / FILE.name).read_bytes() == CONTENT
    assert names(folder) == [FILE.name]


def test_full_mnist_as_the_mirrors_serve_it(
    mirror: Mirror, folder: Path, full_mnist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in full_mnist.glob("*.gz"):
        mirror.serve(send(path.read_bytes()), path.stem)
    monkeypatch.setattr("digit_tui.data.sources.user_cache_path", lambda *_, **__: folder.parent)
    fetch_mnist(mirrors=[mirror.url])
    assert resolve_source("auto").folder == folder
    fetched, given = load_dataset("auto"), load_dataset(str(full_mnist))
    assert fetched.train_images.shape == (60000, 784)
    assert fetched.sha256 == given.sha256
    assert len(mirror.requests) == 4
    fetch_mnist(mirrors=[mirror.url])
    assert len(mirror.requests) == 4
