"""Picture files of handwriting, read by Pillow: PNG, JPEG, BMP, GIF, PGM and PPM, TIFF, WebP.

A picture may be anything that somebody sends: its size is looked at before it is decoded, and
whatever Pillow makes of a damaged one becomes one line.
"""

from __future__ import annotations

import io
import logging
import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import current_thread, main_thread
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from digit_tui.data.blocks import without_blocks
from digit_tui.data.errors import DataError
from digit_tui.data.paper import ink_on_paper
from digit_tui.data.text import printable, reason_of

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP")
"""Pillow's names; others are not tried, since some of them start a program (EPS)."""
FORMAT_WORDS = "PNG, JPEG, BMP, GIF, PGM, PPM, TIFF or WebP"

MAX_PIXELS = 4096 * 3072
"""A phone's photograph of 12 megapixels. Decoded it takes 4 bytes a pixel, and as much again while
it is made smaller: more would not leave the program within 200 MiB."""
COSTLY = {"WebP": 3, "plain PGM or PPM": 12}
"""Of these only so many times fewer pixels: WebP's decoder holds five copies of 4 bytes a pixel,
and numbers written out in decimal take Pillow two seconds a megapixel."""
MAX_BYTES = 64 << 20
"""Of a file: more than MAX_PIXELS without any compression, at 5 bytes a pixel."""
WORK_PIXELS = 2_000_000
"""A larger picture is made smaller: a page of digits is still sharp, and noise that falls into as
many parts as it can stays within 200 MiB."""

STDIN = "standard input"


def read_picture(source: Path | bytes) -> NDArray[np.uint8]:
    """The ink of a picture: (h, w) uint8, 0 background to 255 ink; of an animation its first frame.

    Whether the ink is dark or light is found from the border, and what is uneven in the paper is
    taken away, and so are lines; see `ink_on_paper`. Arguments and errors are those of
    `read_levels`.
    """
    return ink_on_paper(read_levels(source))  # what was decoded is freed by now


def read_levels(source: Path | bytes) -> NDArray[np.uint8]:
    """The shades of a picture: (h, w) uint8, upright by its EXIF data, at most WORK_PIXELS.

    Args:
        source: a file, or its content as it came from standard input.

    Raises:
        DataError: if it cannot be read, is no picture, is damaged, or is too large.
    """
    if isinstance(source, bytes):
        if len(source) > MAX_BYTES:
            raise _too_many_bytes(STDIN)
        return _decoded(io.BytesIO(source), len(source), STDIN)
    name = os.fspath(source)
    try:
        # Before opening: a pipe without a writer would block open() forever.
        if not stat.S_ISREG(source.stat().st_mode):
            kind = "a folder" if source.is_dir() else "not a regular file"
            raise _refusal(name, f"it is {kind}", f"give a {FORMAT_WORDS} file")
        with source.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > MAX_BYTES:
                raise _too_many_bytes(name)
            return _decoded(file, size, name)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise _refusal(name, f"it cannot be read ({reason_of(error)})", "check the path") from error


def _decoded(file: BinaryIO, size: int, name: str) -> NDArray[np.uint8]:
    """(h, w) uint8: the shades of grey of an open picture file of `size` bytes."""
    from PIL import Image, UnidentifiedImageError

    if size == 0:
        raise _refusal(name, "it is empty", f"give a {FORMAT_WORDS} file")
    # Without a handler of its own, logging would print what Pillow logs on stderr.
    logger = logging.getLogger("PIL")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of size: checked below; of the rest: nothing to do
            with Image.open(file, formats=FORMATS) as image:
                _check_size(image, name)
                return _levels(image)
    except DataError:
        raise
    except UnidentifiedImageError:
        raise _refusal(name, "it is no picture, or its header is damaged", _READABLE) from None
    except Image.DecompressionBombError:
        raise _refusal(name, "it is far too large", _SMALLER) from None
    except Exception as error:  # whatever Pillow's decoders meet in damaged data
        words = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise _refusal(name, f"the picture is damaged ({words})", "save it again") from error


_READABLE = f"pictures are {FORMAT_WORDS} files"
_SMALLER = f"make it smaller, at most {MAX_PIXELS / 1e6:.1f} megapixels"


def _check_size(image: Image, name: str) -> None:
    """Refuse a picture that would take too much memory; the size is known from its header."""
    width, height = image.size
    kind = "WebP" if image.format == "WEBP" else ""
    if _codec(image) == "ppm_plain":
        kind = "plain PGM or PPM"
    limit = MAX_PIXELS // COSTLY.get(kind, 1)
    if width * height > limit:
        advice = f"make it smaller, at most {limit / 1e6:.1f} megapixels"
        advice += f" in {kind}" if kind else ""
        raise _refusal(name, f"it has {width:,}x{height:,} pixels", advice)
    if not width * height:
        raise _refusal(name, "it has no pixels", "save it again")


def _levels(image: Image) -> NDArray[np.uint8]:
    """(h, w) uint8: a picture upright, in shades of grey, of at most WORK_PIXELS pixels."""
    from PIL.Image import Resampling

    scale = np.sqrt(WORK_PIXELS / (image.width * image.height))
    if scale < 0.5:  # a JPEG is decoded at half its size or less
        image.draft(None, (int(image.width * scale), int(image.height * scale)))
    with _stderr_closed(_codec(image) == "libtiff"):
        image.load()
    turn = _turn(image)
    image = _plain(image)
    scale = np.sqrt(WORK_PIXELS / (image.width * image.height))
    if scale < 1:
        width, height = (max(1, int(side * scale)) for side in image.size)
        image = image.resize((width, height), Resampling.BILINEAR)
    if turn is not None:
        image = image.transpose(turn)
    if image.mode == "RGBA":
        image = _composed(image)
    return without_blocks(_grey(image))


def _codec(image: Image) -> str:
    """Pillow's name of what will decode an open picture."""
    return next((str(tile[0]) for tile in getattr(image, "tile", ())), "")


@contextmanager
def _stderr_closed(wanted: bool) -> Iterator[None]:
    """Throw away what a library in C writes on standard error, such as libtiff's warnings.

    Only in the main thread: beside another one the terminal interface is drawn there.
    """
    if not wanted or current_thread() is not main_thread():
        yield
        return
    try:
        kept = os.dup(2)
    except OSError:  # it is closed
        yield
        return
    try:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _turn(image: Image) -> Any:
    """How to turn a picture so that it is upright; None if it is. Damaged EXIF data is ignored."""
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    try:
        return turns.get(image.getexif().get(0x0112, 1))
    except Exception:  # Pillow reads it lazily, and raises almost anything
        return None


def _plain(image: Image) -> Image:
    """A picture of any mode as L, RGB, RGBA, or F if it has more than 8 bits."""
    if image.mode in ("L", "RGB", "RGBA") and "transparency" not in image.info:
        return image
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return image.convert("F")
    if image.mode == "LAB":
        return image.getchannel(0)
    if image.mode in ("PA", "LA", "La", "RGBa") or "transparency" in image.info:
        if image.mode in ("La", "PA"):
            image = image.convert("LA" if image.mode == "La" else "RGBA")
        return image.convert("RGBA")
    return image.convert("L" if image.mode == "1" else "RGB")


def _composed(image: Image) -> Image:
    """RGB of a picture with transparency.

    Transparent ink is usually drawn for paper that the file does not have: it is laid on white or
    black, whichever is further from the colour of what is opaque. Only if most of the picture is
    opaque and has several shades is that the paper, with transparent edges: they get its colour.
    """
    from PIL import Image as images

    weights = np.asarray(image.getchannel("A")).ravel()
    shades = np.asarray(image.convert("RGB").convert("L")).ravel()
    total = float(weights.sum(dtype=np.int64))
    if not total:  # some programs write 0 and mean nothing by it
        return image.convert("RGB")
    shade = float(np.bincount(shades, weights) @ np.arange(len(np.bincount(shades)))) / total
    ground: tuple[int, int, int] = (255, 255, 255) if shade < 128 else (0, 0, 0)
    opaque = weights >= 128
    if opaque.mean() > 0.5 and np.ptp(np.percentile(shades[opaque], (1, 99))) > _SHADES:
        inside = np.asarray(image).reshape(-1, 4)[opaque, :3]
        red, green, blue = np.median(inside, axis=0).astype(int).tolist()
        ground = (red, green, blue)
    paper = images.new("RGBA", image.size, (*ground, 255))
    return images.alpha_composite(paper, image).convert("RGB")


_SHADES = 64
"""What lies further apart, of 255, is ink and paper, not one ink."""


def _grey(image: Image) -> NDArray[np.uint8]:
    """(h, w) uint8: the shades of a picture, along the axis in which its colours differ most.

    The first principal component of the colours (Pearson 1901): red ink on green paper of the same
    brightness is seen, too.
    """
    if image.mode == "L":
        return np.asarray(image)
    if image.mode == "F":  # from any range
        values = np.asarray(image, np.float64)
        values = np.where(np.isfinite(values), values, 0)
        low = values.min()
        levels: NDArray[np.uint8] = ((values - low) * (255 / (np.ptp(values) or 1))).astype(
            np.uint8
        )
        return levels
    colours = np.asarray(image).reshape(-1, 3)
    sample = colours[:: max(1, len(colours) // 500_000)].astype(np.float64)
    axis = np.linalg.eigh(np.cov(sample, rowvar=False, bias=True))[1][:, -1]
    if axis.sum() < 0:
        axis = -axis
    low, high = 255 * np.minimum(axis, 0).sum(), 255 * np.maximum(axis, 0).sum()
    scale = 255 / (high - low)
    red, green, blue = (float(each) for each in axis * scale)
    return np.asarray(image.convert("L", (red, green, blue, float(-low * scale))))


def _too_many_bytes(name: str) -> DataError:
    return _refusal(name, f"it is larger than {MAX_BYTES >> 20} MiB", _SMALLER)


def _refusal(name: str, reason: str, advice: str) -> DataError:
    return DataError(printable(f"{name}: {reason}; {advice}"))
