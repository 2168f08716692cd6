"""Teaching the network of a branch a person's drawings, between two steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from digit_tui.data import DataError, Dataset, resample_area
from digit_tui.data.drawings import Drawings
from digit_tui.data.own_digits import read_own_digits
from digit_tui.insight.lesson import Array, Lesson, judge
from digit_tui.nn import Network, fine_tune
from digit_tui.run.commands import Teach
from digit_tui.run.random_streams import stream
from digit_tui.run.state import RunState
from digit_tui.storage.drawing_files import read_drawings
from digit_tui.storage.errors import RunError
from digit_tui.storage.run_writer import RunWriter

Met = dict[str, Drawings]
"""Drawings that were found, by their sums: also a run that keeps nothing can repeat them."""


def find_drawings(
    command: Teach, source: Path | None, writer: RunWriter | None, dataset: Dataset, met: Met
) -> Drawings:
    """The drawings that a command names, which the run's folder has from now on.

    If no folder has them, a person has just asked for it, and they are the person's own.

    Args:
        command: the command.
        source: folder of the run that is resumed or repeated.
        writer: of the run's folder.
        dataset: of the run.
        met: those that were found before; they are added.

    Raises:
        DataError: if they are not there any more, or do not suit the network or its dataset.
        RunError: if a file of them is damaged, or somebody else has one in its place.
        OSError: if the disk refuses to keep them.
    """
    drawings = _kept(command.drawings, source, writer, met)
    if drawings is None:
        drawings = Drawings(*read_own_digits())
    if drawings.sha256 != command.drawings or len(drawings) != command.count:
        raise DataError("your drawings have changed since: ask again")
    known = drawings.known_to(dataset.classes)
    tested = np.count_nonzero(_among(pixels_of(known, dataset.side), dataset.test_images))
    if tested:
        raise DataError(f"{tested} of your drawings are among its test digits, to stay unseen")
    if writer is not None:
        writer.keep_drawings(drawings)
    met[command.drawings] = drawings
    return drawings


def _kept(sha256: str, source: Path | None, writer: RunWriter | None, met: Met) -> Drawings | None:
    """The drawings with a sum that a run has; None if it has none."""
    if sha256 in met:
        return met[sha256]
    for folder in filter(None, [source, None if writer is None else writer.path]):
        with suppress(FileNotFoundError):
            return read_drawings(folder, sha256)
    return None


def learned_before(
    state: RunState, source: Path | None, writer: RunWriter | None, met: Met
) -> list[Drawings]:
    """What a run was taught before, as far as it is there; see `find_drawings`."""
    found = []
    for sha256, _ in state.settings.taught:
        with suppress(RunError, OSError):
            found.append(_kept(sha256, source, writer, met))
    return [each for each in found if each is not None]


def pixels_of(drawings: Drawings, side: int) -> Array:
    """(n, side²) uint8, drawings as the network is shown them."""
    return resample_area(drawings.images, side).reshape(len(drawings), -1)


def _among(images: Array, others: Array) -> Array:
    """(n,) bool: which of the images (n, pixels) are among others (m, pixels)."""
    wanted = [image.tobytes() for image in images]
    found = {*wanted}.intersection(other.tobytes() for other in others)
    return np.array([each in found for each in wanted])


def teach(
    state: RunState,
    drawings: Drawings,
    dataset: Dataset,
    sizes: tuple[int, ...],
    seed: int,
    stopping: Callable[[], bool],
    before: Sequence[Drawings] = (),
) -> Lesson:
    """Fine-tune the network that is evaluated, in place, and judge what that is worth.

    If its weights are an average, those that training goes on with move by as much. The optimizer
    keeps its slots: the network moves little, and slots that are points move with it. One thread
    computes it, so that the bits depend on no number of threads or processes.

    Args:
        state: of the branch.
        drawings: what to teach; those whose classes the network does not know are left out.
        dataset: its training images are rehearsed.
        sizes: layer widths, inputs first, classes last.
        seed: the run's.
        stopping: see `fine_tune`.
        before: what it was taught before.

    Raises:
        Stopped: if it was given up: then nothing has changed.
    """
    weights = state.evaluated
    network = Network(sizes, weights.copy())
    drawings = drawings.known_to(sizes[-1])
    images = pixels_of(drawings, dataset.side)
    known = _among(images, dataset.train_images)
    for earlier in before:
        known |= _among(images, pixels_of(earlier, dataset.side))
    removed = None if state.removed is None else state.removed.mask

    def tune(chosen: Array, number: int) -> Network:
        return fine_tune(
            network,
            images[chosen],
            drawings.labels[chosen],
            dataset.train_images,
            dataset.train_labels,
            dataset.side,
            stream(seed, "teach", state.step, number),
            removed,
            stopping,
        )

    with threadpool_limits(limits=1, user_api="blas"), np.errstate(all="ignore"):
        taught = tune(np.arange(len(drawings)), 0).parameters
        lesson = judge(network, images, drawings.labels, tune, known)
    moved = taught - network.parameters
    for each in (state.parameters, state.average, *state.points):
        if each is not None:
            each += moved
    weights[:] = taught  # to the bit
    return lesson
