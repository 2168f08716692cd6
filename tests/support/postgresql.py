"""A PostgreSQL server of a test's own: in a folder of its own, on a Unix socket."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

USER = "digits"
START_SECONDS = 60.0
NEEDED = ("initdb", "postgres", "pg_isready")
"""Programs of the server."""


class PostgresServer:
    """A server that can be killed and started again."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder = folder
        self._programs = programs
        self._process: subprocess.Popen[bytes] | None = None
        self._identity: dict[str, Any] = {}
        if os.geteuid() == 0:  # the server refuses to run as root
            self._identity = {"user": "nobody", "group": "nogroup", "extra_groups": []}
            shutil.chown(folder, "nobody", "nogroup")
        self._run(
            "initdb", "-D", str(folder / "data"), "-U", USER, "-A", "trust", "-N", "-E", "UTF8"
        )

    @property
    def url(self) -> str:
        return f"postgresql://{USER}@/postgres?host={self._folder}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        end = monotonic() + START_SECONDS
        while True:
            self._process = subprocess.Popen(
                [
                    *(str(self._programs / "postgres"), "-D", str(self._folder / "data")),
                    *("-k", str(self._folder), "-c", "listen_addresses=", "-F"),
                ],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                **self._identity,
            )
            # One that was killed leaves memory behind until all its processes have gone.
            while self._process.poll() is None and monotonic() < end:
                if self._run("pg_isready", "-h", str(self._folder), "-U", USER, check=False) == 0:
                    return
                sleep(0.1)
            assert monotonic() < end, "the server does not start"
            sleep(0.3)

    def kill(self) -> None:
        """kill -9: nothing is written, and nobody is told."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10)

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        return subprocess.run(
            [str(self._programs / program), *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=check,
            cwd="/",
            **self._identity,
        ).returncode


@contextmanager
def postgresql() -> Iterator[PostgresServer]:
    """A running server; the test is skipped where there is none, or no user to run it as."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if (found := shutil.which("initdb")) is not None:
        places.append(Path(found).resolve().parent)
    programs = next(
        (each for each in places if all((each / name).exists() for name in NEEDED)), None
    )
    if programs is None or os.name != "posix":
        pytest.skip("no PostgreSQL server: apt-get install postgresql")
    # The path of a socket may have about 100 characters.
    folder = Path(tempfile.mkdtemp(prefix="digits-pg-", dir="/tmp"))
    server = None
    try:
        server = PostgresServer(folder, programs)
        server.start()
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
