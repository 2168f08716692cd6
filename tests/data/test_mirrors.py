"""Mirrors that fail, and what comes after them: real HTTP servers on this machine."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.mirror import (
    CONTENT,
    FILE,
    OK_HEADER,
    PACKED,
    Answer,
    Mirror,
    drip,
    endless,
    fetch,
    names,
    redirect,
    send,
    stall,
)

from digit_tui.data import FetchError, RemoteFile, fetch_mnist


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
    start_mirror: Callable[[], Mirror], folder: Path, answer: Answer, reason: str
) -> None:
    bad, good = start_mirror(), start_mirror()
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


def test_every_mirror_is_named_with_its_reason(
    start_mirror: Callable[[], Mirror], folder: Path
) -> None:
    one, two = start_mirror(), start_mirror()
    two.serve(send(b"nothing"))
    with pytest.raises(FetchError) as caught:
        fetch(folder, one.url, two.url)
    assert f"127.0.0.1:{one.server_port}: HTTP 404" in str(caught.value)
    assert f"127.0.0.1:{two.server_port}: not the gzip file" in str(caught.value)


def test_a_failed_mirror_is_tried_last_for_further_files(
    start_mirror: Callable[[], Mirror], folder: Path
) -> None:
    bad, good = start_mirror(), start_mirror()
    files = [FILE, RemoteFile("more-idx", FILE.size, FILE.sha256)]
    for file in files:
        good.serve(send(PACKED), file.name)
    fetch_mnist(folder, [bad.url, good.url], files=files)
    assert len(bad.requests) == 1
    assert len(good.requests) == 2
