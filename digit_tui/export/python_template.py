"""Reads handwritten digits, with NumPy alone.

@ABOUT@
Its weights are in @WEIGHTS@, which must lie beside this file.

From Python:

    @IMPORT@
    predict(images)          # (n,) the most probable class of each image
    probabilities(images)    # (n, @CLASSES@) float32, each row sums to 1

images: (n, @SIDE@, @SIDE@) or (n, @PIXELS@) uint8, 0 background to 255 ink, each digit in its
middle, as MNIST's are. From a shell, with such images as an .npy file, or as bytes, one image
after the other:

    python @FILE@ images.npy

prints a line for each image: its number, the most probable class, and how probable that is.
"""

import functools
import hashlib
import io
import os
import sys

import numpy as np

WEIGHTS = "weights.npz"
WEIGHTS_SHA256 = ""
SIDE = 28
TEMPERATURE = 1.0
"""What logits are divided by, so that the probabilities are as sure as they are right."""


@functools.lru_cache(maxsize=1)
def layers() -> list[tuple[np.ndarray, np.ndarray]]:
    """The network: [(weights (inputs, outputs), biases (outputs,)), ...] float32."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), WEIGHTS)
    try:
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        reason = f"{WEIGHTS}, with its weights, must lie beside {__file__}"
        raise FileNotFoundError(reason) from None
    if hashlib.sha256(content).hexdigest() != WEIGHTS_SHA256:
        raise ValueError(f"{path} is not the file that was exported with {__file__}")
    arrays = np.load(io.BytesIO(content), allow_pickle=False)
    count = sum(name.startswith("weights_") for name in arrays.files)
    numbers = range(1, count + 1)
    return [(arrays[f"weights_{each}"], arrays[f"biases_{each}"]) for each in numbers]


def logits(images: np.ndarray) -> np.ndarray:
    """(n, classes) float32, before the softmax."""
    if images.dtype != np.uint8:
        raise ValueError(f"images must be uint8, 0 to 255, not {images.dtype}")
    if images.shape[1:] not in ((SIDE, SIDE), (SIDE * SIDE,)):
        wanted = f"(n, {SIDE}, {SIDE}) or (n, {SIDE * SIDE})"
        raise ValueError(f"images must be {wanted}, not {images.shape}")
    values: np.ndarray = images.reshape(len(images), SIDE * SIDE) * np.float32(1 / 255)
    network = layers()
    for number, (weights, biases) in enumerate(network, 1):
        values = values @ weights + biases
        if number < len(network):
            values = np.maximum(values, 0)
    return values


def probabilities(images: np.ndarray) -> np.ndarray:
    """(n, classes) float32, each row sums to 1."""
    values = logits(images) / np.float32(TEMPERATURE)
    values = np.exp(values - values.max(axis=1, keepdims=True))
    shares: np.ndarray = values / values.sum(axis=1, keepdims=True)
    return shares


def predict(images: np.ndarray) -> np.ndarray:
    """(n,) the most probable class of each image."""
    classes: np.ndarray = logits(images).argmax(axis=1)
    return classes


def read_images(path: str) -> np.ndarray:
    """The images of an .npy file, or of a file of bytes: SIDE * SIDE an image, row by row."""
    if path.endswith(".npy"):
        images: np.ndarray = np.load(path, allow_pickle=False)
        return images[None] if images.shape == (SIDE, SIDE) else images
    content = np.fromfile(path, np.uint8)
    if content.size % (SIDE * SIDE):
        raise ValueError(f"{content.size} bytes are no images of {SIDE * SIDE} bytes each")
    return content.reshape(-1, SIDE * SIDE)


def main(paths: list[str]) -> int:
    """Print what is read in some files; returns the exit status."""
    if not paths or paths[0].startswith("-"):
        print(f"usage: python {os.path.basename(__file__)} IMAGES.npy ...", file=sys.stderr)
        return 2
    try:
        layers()
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    for path in paths:
        try:
            found = probabilities(read_images(path))
        except (OSError, ValueError, EOFError) as error:
            print(f"{path}: {error}", file=sys.stderr)
            return 1
        for number, row in enumerate(found):
            print(f"{number}\t{row.argmax()}\t{row.max():.4f}")
    return 0


if __name__ == "__main__":
    try:
        status = main(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 141
    sys.exit(status)
