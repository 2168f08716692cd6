from __future__ import annotations

import gzip
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from digit_tui.data import DataError, idx, read_images, read_labels, write_idx
from digit_tui.data.idx import read_image_count

Pack = Callable[[bytes], bytes]
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX files")


def header(*words: int) -> bytes:
    return np.array(words, ">u4").tobytes()


IMAGES = header(2051, 2, 3, 4) + bytes(range(24))
LABELS = header(2049, 3) + bytes([0, 46, 9])


@pytest.fixture(params=["raw", "gzip"])
def pack(request: pytest.FixtureRequest) -> Pack:
    return gzip.compress if request.param == "gzip" else bytes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "digits-idx"


def refusal(reader: Callable[[Path], object], path: Path) -> str:
    """The message of the DataError, which is one line and begins with the file's name."""
    with pytest.raises(DataError) as caught:
        reader(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert message.isprintable()
    return message


def test_reads_images(pack: Pack, path: Path) -> None:
    path.write_bytes(pack(IMAGES))
    images = read_images(path)
    assert images.dtype == np.uint8
    assert np.array_equal(images, np.arange(24).reshape(2, 3, 4))
    assert not images.flags.writeable
    assert read_image_count(path) == 2


def test_reads_labels(pack: Pack, path: Path) -> None:
    path.write_bytes(pack(LABELS))
    labels = read_labels(path)
    assert labels.tolist() == [0, 46, 9]
    assert not labels.flags.writeable


def test_gzip_is_known_by_its_content_not_by_its_name(tmp_path: Path) -> None:
    packed, raw = tmp_path / "images", tmp_path / "images.gz"
    packed.write_bytes(gzip.compress(IMAGES))
    raw.write_bytes(IMAGES)
    assert np.array_equal(read_images(packed), read_images(raw))


def test_raw_images_are_mapped_not_read(path: Path) -> None:
    count = 1 << 16
    with path.open("wb") as file:
        file.write(header(2051, count, 28, 28))
        file.truncate(16 + count * 784)
    tracemalloc.start()
    images = read_images(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert images.shape == (count, 28, 28)
    assert peak < 1 << 20
    assert not images[0].any()
    with path.open("r+b") as file:
        file.seek(16)
        file.write(b"\1" * 784)
    assert images[0].all()


@settings(deadline=None)
@given(
    hnp.arrays(np.uint8, hnp.array_shapes(min_dims=3, max_dims=3, max_side=9)),
    st.lists(st.integers(0, 46), min_size=1),
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, images: np.ndarray, labels: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("idx")
    write_idx(folder / "images", images)
    write_idx(folder / "labels", np.array(labels, np.uint8))
    assert np.array_equal(read_images(folder / "images"), images)
    assert read_labels(folder / "labels").tolist() == labels


def test_writing_twice_gives_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_idx(tmp_path / name, np.ones((2, 3, 3), np.uint8))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\x00\x00", "ends inside its header"),
        (IMAGES[:15], "ends inside its header"),
        (IMAGES[:16], "truncated"),
        (IMAGES[:-1], "declares 24 bytes, 23 are there"),
        (IMAGES + b"\x00", "goes on after"),
        (b"PK\x03\x04" + IMAGES, "magic number is 1347093252, not 2051"),
        (LABELS, "magic number is 2049, which means labels, not 2051"),
        (header(2051, 0, 28, 28), "holds no images"),
        (header(2051, 5, 0, 28), "0x28"),
        (header(2051, 5, 28, 0), "28x0"),
        (header(2051, 1, 4097, 1) + bytes(4097), "4097x1"),
        (header(2051, 2**32 - 1, 4096, 4096), "truncated"),
    ],
)
def test_refuses_images(pack: Pack, path: Path, content: bytes, reason: str) -> None:
    path.write_bytes(pack(content))
    assert reason in refusal(read_images, path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (LABELS[:6], "ends inside its header"),
        (LABELS[:-1], "truncated"),
        (LABELS + b"\x00", "goes on after"),
        (IMAGES, "which means images, not 2049"),
        (header(2049, 0), "holds no labels"),
        (header(2049, 1) + b"\x2f", "label 47"),
    ],
)
def test_refuses_labels(pack: Pack, path: Path, content: bytes, reason: str) -> None:
    path.write_bytes(pack(content))
    assert reason in refusal(read_labels, path)


@pytest.mark.parametrize("content", [b"", IMAGES[:9], LABELS, header(2051, 0, 28, 28)])
def test_counting_refuses_a_bad_header_too(pack: Pack, path: Path, content: bytes) -> None:
    path.write_bytes(pack(content))
    refusal(read_image_count, path)


def test_refuses_damaged_gzip(path: Path) -> None:
    packed = gzip.compress(IMAGES)
    damaged_crc = packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:]
    for content, reason in (
        (damaged_crc, "CRC"),
        (packed[:-8], "ends early"),
        (packed[:20], "ends early"),
        (packed[:10] + b"\xff" * 30, "corrupt"),
        (packed + b"garbage", "corrupt"),
        (b"\x1f\x8b", "ends early"),
    ):
        path.write_bytes(content)
        assert reason in refusal(read_images, path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        # Small by its header, large in truth.
        (header(2051, 10, 28, 28) + bytes(100 << 20), "goes on after"),
        # Large by its header, small in truth, and not implausible for deflate.
        (header(2051, 1 << 20, 28, 28) + os.urandom(1 << 20), "truncated"),
        # Larger than deflate could hold: refused before anything is unpacked.
        (header(2051, 2**32 - 1, 4096, 4096) + os.urandom(1 << 20), "less is there"),
    ],
    ids=["bomb", "boast", "lie"],
)
def test_a_gzip_file_cannot_eat_memory(
    path: Path, content: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idx, "memory_file", BytesIO)  # memory that is seen here
    path.write_bytes(gzip.compress(content, 1))
    tracemalloc.start()
    message = refusal(read_images, path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reason in message
    assert peak < 8 << 20


def test_refuses_what_is_not_a_file(tmp_path: Path) -> None:
    assert "not a regular file" in refusal(read_images, tmp_path)
    assert "cannot be read" in refusal(read_images, tmp_path / "absent")


@posix_only
def test_no_memory_to_unpack_to(path: Path) -> None:
    """A process of its own, which may write no large file, not even in memory."""
    path.write_bytes(gzip.compress(header(2051, 1 << 10, 28, 28) + os.urandom(784 << 10)))
    program = f"""
import resource, signal
from pathlib import Path
from digit_tui.data import DataError, read_images
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
try:
    print(read_images(Path({str(path)!r})).shape)
except DataError as error:
    print(error)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    if hasattr(os, "memfd_create"):
        assert "it cannot be unpacked into memory (the limit for the size of a file " in ran.stdout
    else:
        assert ran.stdout == "(1024, 28, 28)\n"


@posix_only
def test_refuses_pipes_and_devices_without_reading_them(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for special in (pipe, Path("/dev/zero")):
        assert "not a regular file" in refusal(read_images, special)


@posix_only
def test_refuses_what_the_system_will_not_open(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert "cannot be read" in refusal(read_labels, loop)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to root"
)
def test_refuses_a_file_without_permission(path: Path) -> None:
    path.write_bytes(IMAGES)
    path.chmod(0)
    assert "Permission denied" in refusal(read_images, path)


@posix_only
def test_a_name_cannot_send_control_characters_to_the_terminal(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_images(tmp_path / "a\x1b]0;title\x07\n\u202eb")
    assert str(caught.value).isprintable()
    assert "a?]0;title???b" in str(caught.value)
