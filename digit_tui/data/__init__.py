"""Datasets: IDX files, the bundled sample, full MNIST from a folder, the cache or the network.

Imports nothing else of this program, and no user-interface library.
"""

from digit_tui.data.dataset import Dataset
from digit_tui.data.download import (
    MIRRORS,
    MNIST_FILES,
    RemoteFile,
    discard_unfinished,
    fetch_mnist,
)
from digit_tui.data.drawing import (
    RAMP,
    SIGNED_RAMPS,
    draw_braille,
    draw_digit,
    draw_signed,
    half_blocks,
    ink_box,
)
from digit_tui.data.errors import DataError, FetchError
from digit_tui.data.idx import read_images, read_labels, write_idx
from digit_tui.data.normalise import Normalised, normalise_digit
from digit_tui.data.resample import resample_area
from digit_tui.data.sources import (
    SOURCES,
    SourceFiles,
    SourceSummary,
    cache_dir,
    describe_sources,
    load_dataset,
    resolve_source,
)
from digit_tui.data.text import counted, printable, reason_of

__all__ = [
    "MIRRORS",
    "MNIST_FILES",
    "RAMP",
    "SIGNED_RAMPS",
    "SOURCES",
    "DataError",
    "Dataset",
    "FetchError",
    "Normalised",
    "RemoteFile",
    "SourceFiles",
    "SourceSummary",
    "cache_dir",
    "counted",
    "describe_sources",
    "discard_unfinished",
    "draw_braille",
    "draw_digit",
    "draw_signed",
    "fetch_mnist",
    "half_blocks",
    "ink_box",
    "load_dataset",
    "normalise_digit",
    "printable",
    "read_images",
    "read_labels",
    "reason_of",
    "resample_area",
    "resolve_source",
    "write_idx",
]
