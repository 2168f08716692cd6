"""What the steps of an epoch load: each image once, the same in batches of any size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from digit_tui.config import RunConfig
from digit_tui.data import Dataset
from digit_tui.engine import batches as batches_module
from digit_tui.engine import stepper as step_module
from digit_tui.engine.stepper import Stepper
from digit_tui.engine.worker import Worker
from digit_tui.engine.worker_pool import WorkerPool
from digit_tui.nn.inputs import Inputs
from digit_tui.run.events import StepsDone
from digit_tui.run.settings import Settings
from digit_tui.run.state import RunState


def stepper_of(digits: Dataset) -> Stepper:
    config = RunConfig(data="patterns", hidden=(2,), side=digits.side, seed=0, threads=1)
    return Stepper(config, WorkerPool.for_run(config, (digits.pixels, 2, digits.classes), digits))


def epoch_of(
    stepper: Stepper, digits: Dataset, size: int, epoch: int = 0, augment: str = "none"
) -> tuple[np.ndarray, np.ndarray]:
    """What steps load in a whole epoch, in batches of one size."""
    pool, total = stepper._pool, len(digits.train_labels)
    make, rows = Worker.inputs, slice(0)

    def look(self: Worker, *values: Any) -> Inputs:
        found = make(self, *values)
        columns = found.kept.rows if found.kept else np.arange(digits.pixels + 1)
        inputs[rows, columns] = np.rint(found.values * 255)
        return found

    config = RunConfig(data="patterns", augment=augment, batch_size=size, epochs=9)
    state = RunState(pool.vectors, Settings.of(config), epoch=epoch)
    inputs, labels = np.zeros((total, digits.pixels + 1), np.uint8), np.full(total, -1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Worker, "inputs", look)
        while (start := state.cursor) < total:
            rows = slice(start, min(start + size, total))
            (result,) = stepper.steps(state, 1)
            assert rows == slice(start, state.cursor)
            labels[rows] = pool._batches.labels(epoch, start, result.images)
    assert (inputs[:, -1] == 255).all()  # the input that is always 1
    return inputs[:, :-1], labels


@pytest.mark.parametrize("augment", ["none", "elastic"])
def test_content_does_not_depend_on_the_batch_size(
    augment: str, digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (batches_module, step_module):
        monkeypatch.setattr(module, "BLOCK", 100)  # so that batches lie across blocks
    inputs, labels = epoch_of(stepper_of(digits), digits, 230, augment=augment)
    assert inputs.any(axis=1).all()
    assert labels.min() == 0
    for size in (1, 32, 100, 128):
        again = epoch_of(stepper_of(digits), digits, size, augment=augment)
        np.testing.assert_array_equal(again[0], inputs)
        np.testing.assert_array_equal(again[1], labels)


def test_content_does_not_depend_on_what_was_asked_before(digits: Dataset) -> None:
    used = stepper_of(digits)
    epoch_of(used, digits, 50, epoch=3, augment="affine")
    epoch_of(used, digits, 7, epoch=1, augment="none")
    for epoch, augment in ((1, "elastic"), (1, "none"), (0, "none"), (3, "affine")):
        expected = epoch_of(stepper_of(digits), digits, 230, epoch, augment)
        actual = epoch_of(used, digits, 60, epoch, augment)
        np.testing.assert_array_equal(actual[0], expected[0])
        np.testing.assert_array_equal(actual[1], expected[1])


def test_each_epoch_uses_every_image_once_in_an_order_of_its_own(digits: Dataset) -> None:
    stepper = stepper_of(digits)
    orders = []
    for epoch in (0, 1):
        inputs, labels = epoch_of(stepper, digits, 32, epoch)
        pairs = [(row.tobytes(), label) for row, label in zip(inputs, labels, strict=True)]
        orders.append(pairs)
    every = {
        (image.tobytes(), label)
        for image, label in zip(digits.train_images, digits.train_labels, strict=True)
    }
    assert len(set(orders[0])) == len(every) == 230
    assert sorted(orders[0]) == sorted(orders[1])
    assert orders[0] != orders[1]


def test_augmentation_does_not_change_the_order(digits: Dataset) -> None:
    plain = epoch_of(stepper_of(digits), digits, 32)
    for augment in ("shift", "affine", "elastic"):
        deformed = epoch_of(stepper_of(digits), digits, 32, augment=augment)
        np.testing.assert_array_equal(deformed[1], plain[1])
        assert (deformed[0] != plain[0]).any()


def test_augmentation_differs_between_epochs_and_blocks(
    make_digits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (batches_module, step_module):
        monkeypatch.setattr(module, "BLOCK", 20)
    same = make_digits(train=40)
    same.train_images[:] = same.train_images[0]  # so that only the deformation differs
    stepper = stepper_of(same)
    first, second = (epoch_of(stepper, same, 40, epoch, "elastic")[0] for epoch in (0, 1))
    assert len({row.tobytes() for row in (*first, *second)}) == 80


def test_steps_see_each_image_of_an_epoch_once(train: Any) -> None:
    images = [event.images for event in train().all(StepsDone)]
    assert sum(images) == 2 * 230
