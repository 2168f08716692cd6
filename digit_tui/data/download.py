"""Downloads full MNIST: each file is checked, then moved into place atomically."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from gzip import BadGzipFile, GzipFile
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from textwrap import shorten
from typing import BinaryIO, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from digit_tui.data.connection import open_url
from digit_tui.data.errors import FetchError
from digit_tui.data.idx import sync_folder
from digit_tui.data.sources import cache_dir
from digit_tui.data.text import printable, reason_of

MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)


@dataclass(frozen=True)
class RemoteFile:
    """A file that every mirror serves as `name`.gz and that is kept decompressed as `name`."""

    name: str
    size: int
    """Bytes, decompressed."""
    sha256: str
    """Hex, of the decompressed content: mirrors may compress differently."""


MNIST_FILES = (
    RemoteFile(
        "train-images-idx3-ubyte",
        47_040_016,
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    RemoteFile(
        "train-labels-idx1-ubyte",
        60_008,
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    RemoteFile(
        "t10k-images-idx3-ubyte",
        7_840_016,
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    RemoteFile(
        "t10k-labels-idx1-ubyte",
        10_008,
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)

_CHUNK = 1 << 16
_STALE_SECONDS = 3600.0
"""A temporary file this old belongs to a process that was killed: a live one keeps writing."""


class _MirrorError(Exception):
    """Why one mirror did not deliver, in a few words."""


def fetch_mnist(
    directory: Path | None = None,
    mirrors: Sequence[str] = MIRRORS,
    progress: Callable[[str, int, int], None] | None = None,
    timeout: float = 20.0,
    *,
    deadline: float = 300.0,
    files: Sequence[RemoteFile] = MNIST_FILES,
) -> list[Path]:
    """Bring `files` into `directory` (the cache) and return their paths.

    Existing files with the right content are kept; others are replaced. Each file is taken from
    the first mirror (the URL of a folder) that delivers it within `deadline` seconds without a
    silence longer than `timeout` seconds. `progress(name, done, total)` is called with numbers of
    decompressed bytes; `done` starts again at another mirror. Several processes may fetch at once.

    Raises FetchError when no mirror delivers, and OSError when the disk does not accept the file;
    neither leaves a bad or temporary file behind.
    """
    folder = cache_dir() if directory is None else directory
    folder.mkdir(parents=True, exist_ok=True)
    report = progress or (lambda name, done, total: None)
    order = list(mirrors)
    paths = []
    for file in files:
        _sweep(folder, file)
        if _is_right(folder / file.name, file):
            report(file.name, file.size, file.size)
        else:
            _fetch(folder, file, order, report, timeout, deadline)
        paths.append(folder / file.name)
    return paths


def _fetch(
    folder: Path,
    file: RemoteFile,
    mirrors: list[str],
    report: Callable[[str, int, int], None],
    timeout: float,
    deadline: float,
) -> None:
    failures = []
    for mirror in list(mirrors):
        content = _download(f"{mirror.rstrip('/')}/{file.name}.gz", file, timeout, deadline)
        try:
            _store(folder, file, content, report)
        except _MirrorError as error:
            failures.append(f"{urlsplit(mirror).netloc or mirror}: {error}")
            # Moved to the end for the next files, so that a dead mirror is waited for only once.
            mirrors.remove(mirror)
            mirrors.append(mirror)
        else:
            return
    reasons = "; ".join(failures) or "there is no mirror"
    advice = "check the connection and try again, or put the four files in a folder and use"
    raise FetchError(printable(f"{file.name}: not downloaded ({reasons}); {advice} --data DIR"))


def _store(
    folder: Path,
    file: RemoteFile,
    content: Generator[bytes, None, None],
    report: Callable[[str, int, int], None],
) -> None:
    """Write `content` to a temporary file and, if its checksum is right, rename it into place."""
    temporary = folder / f".{file.name}.{os.getpid()}-{secrets.token_hex(4)}.part"
    digest = hashlib.sha256()
    done = 0
    try:
        with closing(content), temporary.open("xb") as output:
            for chunk in content:
                output.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                report(file.name, done, file.size)
            if digest.hexdigest() != file.sha256:
                raise _MirrorError("wrong content")
            output.flush()
            os.fsync(output.fileno())
        os.replace(temporary, folder / file.name)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(folder)


def _download(
    url: str, file: RemoteFile, timeout: float, deadline: float
) -> Generator[bytes, None, None]:
    """The decompressed content of `url` in chunks, never more than `file.size` bytes."""
    end = time.monotonic() + deadline
    with ExitStack() as stack:
        with _explained(end):
            response = stack.enter_context(open_url(url, timeout, deadline))
        capped = cast(BinaryIO, _Capped(response, _packed_limit(file.size)))
        packed = stack.enter_context(GzipFile(fileobj=capped))
        left = file.size
        while True:
            with _explained(end):
                chunk = packed.read(min(_CHUNK, left + 1))
                if left and not chunk:
                    raise EOFError
            if not chunk:
                return
            left -= len(chunk)
            if left < 0:
                raise _MirrorError("more content than expected")
            # Outside of `_explained`: an error of the consumer (a full disk) is not the mirror's.
            yield chunk


@contextmanager
def _explained(end: float) -> Iterator[None]:
    """Turn errors of reading from a mirror into a _MirrorError with a short reason."""
    try:
        yield
    except (OSError, EOFError, HTTPException, ValueError, zlib.error) as error:
        if isinstance(error, HTTPError):
            error.close()
        raise _MirrorError(_reason(error, end)) from error


def _reason(error: Exception, end: float) -> str:
    if isinstance(error, HTTPError):
        reason = f"HTTP {error.code} {error.msg}"
    elif time.monotonic() >= end:
        reason = "too slow"
    elif isinstance(error, URLError) and isinstance(error.reason, Exception):
        return _reason(error.reason, end)
    elif isinstance(error, TimeoutError):
        reason = "no answer in time"
    elif isinstance(error, EOFError):
        reason = "ended early"
    elif isinstance(error, (BadGzipFile, zlib.error)):
        reason = f"not the gzip file ({error})"
    else:
        reason = reason_of(error)
    return shorten(reason, 100, placeholder="...")


def _packed_limit(size: int) -> int:
    """More bytes than any gzip writer produces for `size` bytes, even incompressible ones."""
    return size + size // 100 + 4096


class _Capped:
    """The response as a file that raises _MirrorError after `limit` bytes."""

    def __init__(self, response: HTTPResponse, limit: int) -> None:
        self._response = response
        self._left = limit

    def read(self, size: int) -> bytes:
        data = self._response.read(min(size, self._left + 1))
        self._left -= len(data)
        if self._left < 0:
            raise _MirrorError("more bytes than expected")
        return data


def _is_right(path: Path, file: RemoteFile) -> bool:
    try:
        if not path.is_file() or path.stat().st_size != file.size:
            return False
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest() == file.sha256
    except OSError:
        return False  # unreadable: replace it


def _sweep(folder: Path, file: RemoteFile) -> None:
    """Remove temporary files that a killed process left behind."""
    for leftover in folder.glob(f".{file.name}.*.part"):
        with suppress(FileNotFoundError):  # another process removed it first
            if time.time() - leftover.stat().st_mtime > _STALE_SECONDS:
                leftover.unlink()


def discard_unfinished(directory: Path | None = None) -> None:
    """Remove the temporary files of downloads that this process did not finish."""
    folder = cache_dir() if directory is None else directory
    for leftover in folder.glob(f".*.{os.getpid()}-*.part"):
        with suppress(OSError):
            leftover.unlink()
