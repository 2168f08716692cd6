"""Datasets: IDX files, pictures, the bundled sample, full MNIST, and a person's own drawings.

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
from digit_tui.data.loading import all_drawings, load_dataset
from digit_tui.data.normalise import Normalised, normalise_digit
from digit_tui.data.own_digits import (
    OwnDigits,
    add_own_digit,
    add_own_digits,
    own_digits_dir,
    read_own,
    read_own_digits,
    remove_own_digits,
)
from digit_tui.data.picture_folder import PictureFolder
from digit_tui.data.picture_sets import read_digit
from digit_tui.data.resample import resample_area
from digit_tui.data.sources import (
    MINE,
    SOURCES,
    SourceFiles,
    SourceSummary,
    cache_dir,
    describe_sources,
    picture_cache_dir,
    resolve_source,
)
from digit_tui.data.text import a_digit, counted, in_nats, printable, reason_of

__all__ = [
    "MINE",
    "MIRRORS",
    "MNIST_FILES",
    "RAMP",
    "SIGNED_RAMPS",
    "SOURCES",
    "DataError",
    "Dataset",
    "FetchError",
    "Normalised",
    "OwnDigits",
    "PictureFolder",
    "RemoteFile",
    "SourceFiles",
    "SourceSummary",
    "a_digit",
    "add_own_digit",
    "add_own_digits",
    "all_drawings",
    "cache_dir",
    "counted",
    "describe_sources",
    "discard_unfinished",
    "draw_braille",
    "draw_digit",
    "draw_signed",
    "fetch_mnist",
    "half_blocks",
    "in_nats",
    "ink_box",
    "load_dataset",
    "normalise_digit",
    "own_digits_dir",
    "picture_cache_dir",
    "printable",
    "read_digit",
    "read_images",
    "read_labels",
    "read_own",
    "read_own_digits",
    "reason_of",
    "remove_own_digits",
    "resample_area",
    "resolve_source",
    "write_idx",
]
