"""HTTP servers on this machine that serve a file, well or badly."""

from __future__ import annotations

import gzip
import hashlib
import random
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from digit_tui.data import RemoteFile, fetch_mnist

# Seeded: random bytes would end, once in 256 times, in the very byte that makes a wrong file.
CONTENT = bytes(range(256)) * 40 + random.Random(1).randbytes(1000)
PACKED = gzip.compress(CONTENT)
FILE = RemoteFile("digits-idx", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())

OK_HEADER = b"HTTP/1.0 200 OK\r\n\r\n"

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


def fetch(folder: Path, *mirrors: str, timeout: float = 5, deadline: float = 5) -> list[Path]:
    return fetch_mnist(folder, mirrors, None, timeout, deadline=deadline, files=[FILE])


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())
