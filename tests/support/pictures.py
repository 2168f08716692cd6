"""Folders of pictures, a class in each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from digit_tui.data import Dataset


def write_picture(path: Path, image: NDArray[np.uint8]) -> None:
    """Write an image (h, w) as PNG, light on dark."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


def write_pictures(folder: Path, digits: Dataset, names: str, count: int, split: str = "") -> None:
    """Write `count` training digits of each label, or test digits, whose place in `names` it is.

    Args:
        folder: to write to.
        digits: where they are from.
        names: what the folders of the labels are called, one character each.
        count: of each class.
        split: the folder that the classes are in, if any; "test" takes test digits.
    """
    test = split == "test"
    images = digits.test_images if test else digits.train_images
    labels = digits.test_labels if test else digits.train_labels
    for label, name in enumerate(names):
        for number, place in enumerate(np.flatnonzero(labels == label)[:count]):
            path = folder / split / name / f"{number:03}.png"
            write_picture(path, images[place].reshape(digits.side, -1))
