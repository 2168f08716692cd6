"""The IDX format of MNIST: a big-endian header, then bytes; gzip or not.

Images: magic 2051, count, rows, columns, then `count * rows * columns` bytes.
Labels: magic 2049, count, then `count` bytes.
"""

from __future__ import annotations

import gzip
import math
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from digit_tui.data.errors import DataError
from digit_tui.data.mapping import file_array, memory_file
from digit_tui.data.text import printable, reason_of

IMAGES_MAGIC = 2051
LABELS_MAGIC = 2049
MAX_LABEL = 46
"""EMNIST ByMerge has 47 classes: the most of any dataset in this format."""
MAX_EXTENT = 4096
"""The most rows or columns, in pixels; a header with more is taken for garbage."""

_DIMENSIONS = {IMAGES_MAGIC: 3, LABELS_MAGIC: 1}
_WHAT = {IMAGES_MAGIC: "images", LABELS_MAGIC: "labels"}
_GZIP_MAGIC = b"\x1f\x8b"
_DEFLATE_RATIO = 1032
"""Deflate cannot compress by a larger factor, so a header that declares more data is wrong."""
_CHUNK = 1 << 20
_AGAIN = "copy or download it again"


def read_images(path: Path) -> NDArray[np.uint8]:
    """Images of the IDX file at `path`: (n, rows, columns) uint8, 0..255, read-only.

    A file that is not gzip is mapped, not read, so it may be larger than memory.
    Raises DataError, naming the file and the reason, for anything but a complete image file.
    """
    return _read(path, IMAGES_MAGIC)


def read_labels(path: Path) -> NDArray[np.uint8]:
    """Labels of the IDX file at `path`: (n,) uint8, 0..46, read-only.

    Raises DataError, naming the file and the reason, for anything but a complete label file.
    """
    labels = _read(path, LABELS_MAGIC)
    largest = int(labels.max())
    if largest > MAX_LABEL:
        raise _refusal(
            path,
            f"it has the label {largest}, labels are 0 to {MAX_LABEL}",
            "check that this is the label file",
        )
    return labels


def read_image_count(path: Path) -> int:
    """Number of images that the header at `path` declares; raises DataError as `read_images`."""
    with _opened(path) as content:
        return _read_shape(path, content, IMAGES_MAGIC)[0]


def write_idx(path: Path, array: NDArray[np.uint8]) -> None:
    """Write images (n, rows, columns) or labels (n,) as a gzip IDX file.

    The header of the gzip carries neither name nor time: equal content gives equal bytes
    (under the same zlib).
    """
    with path.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(_header(array) + array.tobytes())


def write_plain_idx(path: Path, array: NDArray[np.uint8]) -> None:
    """Write images (n, rows, columns) or labels (n,) as an IDX file that can be mapped.

    When this returns, the content survives a power cut; `sync_folder` does that for its name.
    """
    with path.open("wb") as file:
        file.write(_header(array))
        file.write(np.ascontiguousarray(array).data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make new names in a folder survive a power cut; Windows has no such call for folders."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _header(array: NDArray[np.uint8]) -> bytes:
    magic = {dimensions: magic for magic, dimensions in _DIMENSIONS.items()}[array.ndim]
    return np.array([magic, *array.shape], ">u4").tobytes()


class _Content(NamedTuple):
    """An open file, at its start."""

    stream: BinaryIO
    """The content, decompressed as it is read if `packed`."""
    packed: bool
    size: int
    """Bytes of the file itself."""


def _read(path: Path, magic: int) -> NDArray[np.uint8]:
    with _opened(path) as content:
        shape = _read_shape(path, content, magic)
        if content.packed:
            return _unpack(path, content.stream, shape)
        # The size was checked against the header: the map covers the whole payload.
        offset = content.stream.tell()
        return file_array(content.stream, shape, offset)


@contextmanager
def _opened(path: Path) -> Iterator[_Content]:
    """Open `path`, and turn errors of reading and decompressing into a DataError."""
    try:
        # Before opening: a pipe without a writer would block open() forever.
        if not stat.S_ISREG(path.stat().st_mode):
            raise _refusal(path, "it is not a regular file", "give an IDX file")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            packed = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
            file.seek(0)
            if packed:
                with gzip.GzipFile(fileobj=file) as stream:
                    yield _Content(cast(BinaryIO, stream), True, size)
            else:
                yield _Content(file, False, size)
    except EOFError as error:
        raise _refusal(path, "truncated: the gzip data ends early", _AGAIN) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise _refusal(path, f"the gzip data is corrupt ({error})", _AGAIN) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise _refusal(path, f"it cannot be read ({reason_of(error)})", "check the path") from error


def _read_shape(path: Path, content: _Content, magic: int) -> tuple[int, ...]:
    """The dimensions in the header, checked for plausibility and against the size of the file."""
    what = _WHAT[magic]
    stream, packed, size = content
    head = stream.read(4)
    if not head:
        raise _refusal(path, "it is empty", _AGAIN)
    found = int.from_bytes(head, "big")
    if len(head) == 4 and found != magic:
        other = f", which means {_WHAT[found]}" if found in _WHAT else ""
        reason = f"its magic number is {found}{other}, not {magic}"
        raise _refusal(path, reason, f"give an IDX file of {what}")
    dimensions = _DIMENSIONS[magic]
    body = stream.read(4 * dimensions)
    if len(head) + len(body) < 4 + 4 * dimensions:
        raise _refusal(path, "truncated: it ends inside its header", _AGAIN)
    shape = tuple(int(extent) for extent in np.frombuffer(body, ">u4"))
    if shape[0] == 0:
        raise _refusal(path, f"it holds no {what}", "give a file with at least one")
    if not all(1 <= extent <= MAX_EXTENT for extent in shape[1:]):
        reason = f"its images are {shape[1]}x{shape[2]}, sides are 1 to {MAX_EXTENT} pixels"
        raise _refusal(path, reason, f"give an IDX file of {what}")
    payload = math.prod(shape)
    present = size * _DEFLATE_RATIO if packed else size - stream.tell()
    if present < payload:
        raise _truncated(path, payload, None if packed else present)
    if not packed and present > payload:
        raise _trailing(path)
    return shape


def _unpack(path: Path, stream: BinaryIO, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The payload of a gzip stream. Memory is allocated for the bytes that really come."""
    payload = math.prod(shape)
    with memory_file() as content:
        while (there := content.tell()) < payload:
            chunk = stream.read(min(_CHUNK, payload - there))
            if not chunk:
                raise _truncated(path, payload, there)
            try:
                content.write(chunk)
                content.flush()
            except OSError as error:
                reason = f"it cannot be unpacked into memory ({reason_of(error)})"
                raise _refusal(path, reason, "free some, or raise `ulimit`") from error
        # Reading past the end also makes gzip check the CRC.
        if stream.read(1):
            raise _trailing(path)
        return file_array(content, shape)


def _truncated(path: Path, declared: int, found: int | None) -> DataError:
    there = "less is there" if found is None else f"{found:,} are there"
    return _refusal(path, f"truncated: its header declares {declared:,} bytes, {there}", _AGAIN)


def _trailing(path: Path) -> DataError:
    return _refusal(path, "it goes on after the bytes that its header declares", _AGAIN)


def _refusal(path: Path, reason: str, advice: str) -> DataError:
    return DataError(printable(f"{os.fspath(path)}: {reason}; {advice}"))
