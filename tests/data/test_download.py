"""The real download code against real HTTP servers on this machine."""

from __future__ import annotations

import gzip
import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import digit_tui
from digit_tui.data import FetchError, RemoteFile, fetch_mnist, load_dataset, resolve_source

CONTENT = bytes(range(256)) * 40 + os.urandom(1000)
PACKED = gzip.compress(CONTENT)
FILE = RemoteFile("digits-idx", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())

Answer = Callable[[BaseHTTPRequestHandler], None]


class Mirror(ThreadingHTTPServer):
    """Answers each path with a function; anything else is 404."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, Answer] = {}
        self.requests: list[str] = []
        self.closing = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/mnist/"

    def serve(self, answer: Answer, name: str = FILE.name) -> None:
        self.answers[f"/mnist/{name}.gz"] = answer

    def handle_error(self, request: object, client_address: object) -> None:
        """Quiet: a client that hangs up is what several tests are about."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Mirror)
        self.server.requests.append(self.path)
        self.server.answers.get(self.path, lambda handler: handler.send_error(404))(self)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Mirror]]:
    # A proxy in the environment must not come between the test and its server.
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    mirrors: list[Mirror] = []

    def start() -> Mirror:
        mirrors.append(Mirror())
        return mirrors[-1]

    yield start
    for mirror in mirrors:
        mirror.closing.set()
        mirror.shutdown()
        mirror.server_close()


@pytest.fixture
def mirror(start: Callable[[], Mirror]) -> Mirror:
    return start()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "mnist"


def send(body: bytes, length: int | None = None) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def redirect(location: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", location)
        handler.end_headers()

    return answer


def stall(before: bytes = b"") -> Answer:
    """Sends `before`, then nothing until the test is over."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        assert isinstance(handler.server, Mirror)
        handler.wfile.write(before)
        handler.server.closing.wait(10)

    return answer


def drip(before: bytes) -> Answer:
    """Sends `before`, then a byte now and then: never silent for long, never done."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        assert isinstance(handler.server, Mirror)
        handler.wfile.write(before)
        while not handler.server.closing.wait(0.02):
            handler.wfile.write(b"x")

    return answer


def endless(before: bytes, repeated: bytes) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        assert isinstance(handler.server, Mirror)
        handler.wfile.write(before)
        while not handler.server.closing.is_set():
            handler.wfile.write(repeated)

    return answer


OK_HEADER = b"HTTP/1.0 200 OK\r\n\r\n"


def fetch(folder: Path, *mirrors: str, timeout: float = 5, deadline: float = 5) -> list[Path]:
    return fetch_mnist(folder, mirrors, None, timeout, deadline=deadline, files=[FILE])


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_puts_the_decompressed_file_in_place(mirror: Mirror, folder: Path) -> None:
    mirror.serve(send(PACKED))
    seen: list[tuple[str, int, int]] = []
    paths = fetch_mnist(folder, [mirror.url], lambda *progress: seen.append(progress), files=[FILE])
    assert paths == [folder / FILE.name]
    assert paths[0].read_bytes() == CONTENT
    assert names(folder) == [FILE.name]
    assert seen[-1] == (FILE.name, FILE.size, FILE.size)
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


def test_the_url_of_a_mirror_may_end_without_a_slash(mirror: Mirror, folder: Path) -> None:
    mirror.serve(send(PACKED))
    fetch(folder, mirror.url.rstrip("/"))
    assert names(folder) == [FILE.name]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda handler: handler.send_error(404), "HTTP 404"),
        (lambda handler: handler.send_error(503), "HTTP 503"),
        (send(b""), "ended early"),
        (send(PACKED[: len(PACKED) // 2], len(PACKED)), "ended early"),
        (send(PACKED[: len(PACKED) // 2]), "ended early"),
        (send(b"<html>log in to the hotel</html>"), "not the gzip file"),
        (send(PACKED[:-8] + bytes(4) + PACKED[-4:]), "not the gzip file"),
        (send(gzip.compress(CONTENT[:-1] + b"!")), "wrong content"),
        (send(gzip.compress(CONTENT[:-1])), "ended early"),
        (send(gzip.compress(CONTENT + b"!")), "more content than expected"),
        (send(gzip.compress(bytes(8 << 20))), "more content than expected"),
        (endless(OK_HEADER + PACKED, bytes(1 << 16)), "more bytes than expected"),
        (endless(OK_HEADER, gzip.compress(b"")), "more bytes than expected"),
        (endless(b"HTTP/1.0 200 OK\r\n", b"X: y\r\n"), "got more than"),
        (endless(b"", b"no HTTP\x1b[2J at all"), "got more than"),
        (redirect("file:///etc/passwd"), "not allowed"),
        (redirect("data:,x"), "not allowed"),
        (redirect("ftp://127.0.0.1/x"), "unknown url type"),
        (redirect(f"/mnist/{FILE.name}.gz"), "infinite loop"),
        (endless(b"HTTP/1.0 302 F\r\nLocation: /gone\r\n\r\n", bytes(1 << 16)), "HTTP 404"),
    ],
)
def test_a_mirror_that_fails_gives_way_to_the_next(
    start: Callable[[], Mirror], folder: Path, answer: Answer, reason: str
) -> None:
    bad, good = start(), start()
    bad.serve(answer)
    with pytest.raises(FetchError) as caught:
        fetch(folder, bad.url)
    message = str(caught.value)
    assert message.startswith(f"{FILE.name}: not downloaded (127.0.0.1:{bad.server_port}: ")
    assert reason in message
    assert "check the connection" in message
    assert "--data DIR" in message
    assert message.isprintable()
    assert names(folder) == []

    good.serve(send(PACKED))
    fetch(folder, bad.url, good.url)
    assert (folder / FILE.name).read_bytes() == CONTENT
    assert names(folder) == [FILE.name]


@pytest.mark.parametrize(
    "before",
    [b"", b"HTTP/1.0 200 OK\r\n", OK_HEADER + PACKED[:500]],
    ids=["nothing", "status", "content"],
)
def test_a_silent_server_is_given_up(mirror: Mirror, folder: Path, before: bytes) -> None:
    mirror.serve(stall(before))
    with pytest.raises(FetchError, match="no answer in time"):
        fetch(folder, mirror.url, timeout=0.2)
    assert names(folder) == []


@pytest.mark.parametrize(
    "before",
    [
        b"HTTP/1.0 200 OK\r\nX-Slow: ",
        OK_HEADER + PACKED[:500],
        b"HTTP/1.0 302 Found\r\nLocation: ",
    ],
    ids=["header", "content", "redirection"],
)
def test_a_dripping_server_is_cut_off_at_the_deadline(
    mirror: Mirror, folder: Path, before: bytes
) -> None:
    mirror.serve(drip(before))
    began = time.monotonic()
    with pytest.raises(FetchError, match="too slow"):
        fetch(folder, mirror.url, deadline=0.4)
    assert 0.4 <= time.monotonic() - began < 3
    assert names(folder) == []


def test_a_redirect_to_http_is_followed(mirror: Mirror, folder: Path) -> None:
    mirror.serve(redirect("/elsewhere"))
    mirror.answers["/elsewhere"] = send(PACKED)
    fetch(folder, mirror.url)
    assert (folder / FILE.name).read_bytes() == CONTENT


def test_mirrors_that_are_no_web_server_are_refused(tmp_path: Path, folder: Path) -> None:
    (tmp_path / f"{FILE.name}.gz").write_bytes(PACKED)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = f"http://127.0.0.1:{taken.getsockname()[1]}/"
    for mirror in (tmp_path.as_uri(), str(tmp_path), "ftp://127.0.0.1/", "http://", closed):
        with pytest.raises(FetchError):
            fetch(folder, mirror)
        assert names(folder) == []
    with pytest.raises(FetchError, match="there is no mirror"):
        fetch(folder)


def test_every_mirror_is_named_with_its_reason(start: Callable[[], Mirror], folder: Path) -> None:
    one, two = start(), start()
    two.serve(send(b"nothing"))
    with pytest.raises(FetchError) as caught:
        fetch(folder, one.url, two.url)
    assert f"127.0.0.1:{one.server_port}: HTTP 404" in str(caught.value)
    assert f"127.0.0.1:{two.server_port}: not the gzip file" in str(caught.value)


def test_a_failed_mirror_is_tried_last_for_further_files(
    start: Callable[[], Mirror], folder: Path
) -> None:
    bad, good = start(), start()
    files = [FILE, RemoteFile("more-idx", FILE.size, FILE.sha256)]
    for file in files:
        good.serve(send(PACKED), file.name)
    fetch_mnist(folder, [bad.url, good.url], files=files)
    assert len(bad.requests) == 1
    assert len(good.requests) == 2


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
