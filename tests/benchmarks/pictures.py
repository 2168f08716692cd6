"""How well a saved run reads digits that are not MNIST's, as picture files through `predict`.

scikit-learn's 1,797 digits (UCI, 8x8, other hands) are written as PNG in three styles, enlarged in
four ways, with a margin and without. Digits drawn with straight strokes are written in rows, with
pens and slants of several widths, also as a camera would see them.

    digit-tui --batch --data mnist --seed 1 --run RUN && python tests/benchmarks/pictures.py RUN
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits

from digit_tui.cli.saved_runs import read_run
from digit_tui.data.picture_files import read_picture
from digit_tui.insight.readings import read_digits
from digit_tui.nn import Network

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.drawn_digits import page, photographed

METHODS = ("NEAREST", "BILINEAR", "BICUBIC", "LANCZOS")
DIGITS = "0123456789"


def dark_on_light(image: Image.Image) -> Image.Image:
    return image.point(lambda level: 255 - level)


def light_on_dark(image: Image.Image) -> Image.Image:
    return image


def blue_on_nothing(image: Image.Image) -> Image.Image:
    coloured = Image.new("RGBA", image.size, (30, 60, 180, 0))
    coloured.putalpha(image)
    return coloured


STYLES: dict[str, tuple[int, Callable[[Image.Image], Image.Image]]] = {
    "dark on light, 100 px": (100, dark_on_light),
    "light on dark, 28 px": (28, light_on_dark),
    "transparent, 300 px": (300, blue_on_nothing),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", help="the saved run")
    parser.add_argument("--every", type=int, default=1, help="try only every so many digits")
    options = parser.parse_args()
    network = read_run(options.run).checkpoint().network
    bunch = load_digits()
    images, labels = bunch.images[:: options.every], bunch.target[:: options.every]
    print(f"{len(labels):,} digits of scikit-learn, right in % (--single in brackets)")
    print(f"{'enlarged by, margin':<22}" + "".join(f"{style:>24}" for style in STYLES))
    for margin in (0, 2):
        for method in METHODS:
            cells = [
                shares(network, images, labels, side, paint, method, margin)
                for side, paint in STYLES.values()
            ]
            words = "".join(f"{f'{found:.2f} ({single:.2f})':>24}" for found, single in cells)
            print(f"{f'{method.lower()}, {margin} of 8':<22}{words}", flush=True)
    right, total, misread = drawn(network)
    print(f"drawn digits: {right} of {total} right; not ten digits found on {misread} pictures")


def shares(
    network: Network,
    images: NDArray[Any],
    labels: NDArray[Any],
    side: int,
    paint: Callable[[Image.Image], Image.Image],
    method: str,
    margin: int,
) -> tuple[float, float]:
    """Percentages that are right: each picture as any other, and as one digit."""
    right = np.zeros(2)
    for image, label in zip(images, labels, strict=True):
        levels = np.rint(np.pad(image, margin) * (255 / 16)).astype(np.uint8)
        enlarged = Image.fromarray(levels).resize((side, side), Image.Resampling[method])
        ink = read_picture(written(paint(enlarged), "PNG"))
        for place, single in enumerate((False, True)):
            found = [each.predicted for each in read_digits(network, ink, single)]
            right[place] += found == [label]
    found, single = 100 * right / len(labels)
    return float(found), float(single)


def written(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def drawn(network: Network) -> tuple[int, int, int]:
    """Of rows of ten drawn digits: how many are right, how many there are, rows misdivided."""
    right = total = misdivided = 0
    for content in rows():
        found = [str(each.predicted) for each in read_digits(network, read_picture(content))]
        total += len(DIGITS)
        if len(found) == len(DIGITS):
            right += sum(map(str.__eq__, found, DIGITS))
        else:
            misdivided += 1
    return right, total, misdivided


def rows() -> Iterator[bytes]:
    """Rows of digits of four heights, four pens and three slants, drawn and photographed."""
    generator = np.random.default_rng(0)
    for height in (16, 40, 120, 400):
        for pen in (0.04, 0.08, 0.14, 0.2):
            for slant in (-0.1, 0.0, 0.2):
                row = page(DIGITS, height, max(1, pen * height), slant)
                yield written(row, "PNG")
                yield written(photographed(row, generator), "JPEG", quality=75)


if __name__ == "__main__":
    main()
