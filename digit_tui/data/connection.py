"""HTTP and HTTPS with a deadline for the whole transfer, which urllib does not offer."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.client import HTTPConnection, HTTPMessage, HTTPResponse, HTTPSConnection
from threading import Event, Timer
from typing import IO, cast
from urllib import request


@contextmanager
def open_url(url: str, timeout: float, deadline: float) -> Iterator[HTTPResponse]:
    """A response to GET `url`, following redirects to http and https only.

    No wait for the network lasts longer than `timeout` seconds. After `deadline` seconds the
    connection is cut, so that a server that sends a byte now and then cannot block the caller:
    the response then ends early. Raises OSError, HTTPException or ValueError.
    """
    guard = _Guard(deadline)
    # Not build_opener(): it would add handlers for file:, ftp: and data:.
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.UnknownHandler(),
        _HTTPHandler(guard),
        _HTTPSHandler(guard),
        request.HTTPDefaultErrorHandler(),
        request.HTTPErrorProcessor(),
        _RedirectHandler(),
    ):
        opener.add_handler(handler)
    headers = {"User-Agent": "digit-tui"}
    try:
        with opener.open(request.Request(url, headers=headers), timeout=timeout) as response:
            yield cast(HTTPResponse, response)
    finally:
        guard.stop()


class _Guard:
    """Cuts the connections that it guards when the time is over."""

    def __init__(self, seconds: float) -> None:
        self._sockets: list[socket.socket] = []
        self._expired = Event()
        self._timer = Timer(seconds, self._expire)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, connection: socket.socket) -> None:
        self._sockets.append(connection)
        if self._expired.is_set():  # the timer may have missed this one
            self._cut()

    def stop(self) -> None:
        self._timer.cancel()

    def _expire(self) -> None:
        self._expired.set()
        self._cut()

    def _cut(self) -> None:
        for connection in self._sockets:
            # The plain socket's method: SSLSocket's drops its state under the reading thread.
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


class _WatchedHTTP(HTTPConnection):
    def __init__(self, guard: _Guard, host: str, timeout: float) -> None:
        super().__init__(host, timeout=timeout)
        self._guard = guard

    def connect(self) -> None:
        super().connect()
        self._guard.watch(self.sock)


class _WatchedHTTPS(HTTPSConnection):
    def __init__(self, guard: _Guard, host: str, timeout: float) -> None:
        super().__init__(host, timeout=timeout)
        self._guard = guard

    def connect(self) -> None:
        super().connect()
        self._guard.watch(self.sock)


class _HTTPHandler(request.HTTPHandler):
    def __init__(self, guard: _Guard) -> None:
        super().__init__()
        self._guard = guard

    def http_open(self, req: request.Request) -> HTTPResponse:
        return self.do_open(partial(_WatchedHTTP, self._guard), req)


class _HTTPSHandler(request.HTTPSHandler):
    def __init__(self, guard: _Guard) -> None:
        super().__init__()
        self._guard = guard

    def https_open(self, req: request.Request) -> HTTPResponse:
        return self.do_open(partial(_WatchedHTTPS, self._guard), req)


class _RedirectHandler(request.HTTPRedirectHandler):
    def http_error_302(
        self, req: request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage
    ) -> HTTPResponse | None:
        # Otherwise urllib reads the redirect's body whole, however long it is.
        fp.close()
        return cast("HTTPResponse | None", super().http_error_302(req, fp, code, msg, headers))

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302
